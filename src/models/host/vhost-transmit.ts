/**
 * handle_tx of vhost-net: pop and copy up to 64 buffers, then each frame pays for tun, bridge and NIC driver in the
 * worker's own context, then all are returned together and the guest is perhaps interrupted. A packet that does not fit in
 * a page, with what an skb needs, is no part of a batch: the frames at hand go first, and are returned; it is sent by
 * itself, and is returned with the next ones.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counters, Tally } from '../../accounting/counters.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN } from '../hardware/context.ts';
import { BH_OFF, inExit, type Mode } from '../hardware/mode.ts';
import type { Packet } from '../hardware/packets.ts';
import { countError } from '../virtio/device-error.ts';
import { BROKEN, type DeviceQueue } from '../virtio/device-queue.ts';
import { VIRTIO_NET_HEADER } from '../virtio/net-buffer.ts';
import { takeFrame } from './guest-frame.ts';
import { SignalCount } from './signal-count.ts';
import type { VhostBusyPoll } from './vhost-busy-poll.ts';
import { VHOST_NET_BATCH, VHOST_NET_PKT_WEIGHT, VHOST_NET_WEIGHT, type VhostParts } from './vhost-parts.ts';

/** A frame is batched if it fits in a page with the room that skbs keep in front of it (64 B) and skb_shared_info (320 B). */
const BATCHED_MAX = 4096 - 64 - 320 - VIRTIO_NET_HEADER;
/** No large packet is in hand. */
const NONE = -1;

interface Costs {
  readonly handler: Cost;
  readonly tx: Cost;
  readonly copy: Cost;
  readonly copyPerByte: Cost;
  readonly ringLine: Cost;
  readonly descriptor: Cost;
}

export class VhostTransmit {
  private readonly parts: VhostParts;
  private readonly costs: Costs;
  private readonly stage: Stage;
  private readonly wait: Stage;
  private readonly batches: Tally;
  private readonly counters: Counters;
  private readonly signals: SignalCount;
  private readonly again: () => void;

  // What a run knows is in fields: locals of a generator are stored and loaded again at each of its steps.

  /** The ring was found broken: the run ends with what is in hand. */
  private stalled = false;
  /** Packets and bytes of this run. */
  private handled = 0;
  private bytes = 0;
  /** Packets of this batch: their copies. */
  private batch = 0;
  /** A packet was popped that goes by itself, after the batch; NONE: none was. */
  private large: Packet = NONE;
  /** Heads in the ring of what was taken and not yet returned. */
  private taken = 0;
  private readonly heads = new Int32Array(VHOST_NET_BATCH);
  /** Where the device finds them, behind a guest's IOMMU. */
  private readonly pages: number[] = [];
  private readonly frames = new Int32Array(VHOST_NET_BATCH);

  /** @param again queues the handler for another run. */
  constructor(books: Accounting, parts: VhostParts, again: () => void) {
    const { costs, timeline, counters } = books;
    this.signals = new SignalCount(books, `vhost ${parts.vm} tx`, VHOST_NET_BATCH);
    this.parts = parts;
    this.costs = {
      handler: costs.cost('vhost.handler'),
      tx: costs.cost('vhost.tx'),
      copy: costs.cost('copy.setup'),
      copyPerByte: costs.cost('copy.perByte'),
      ringLine: costs.cost('ring.line'),
      descriptor: costs.cost('ring.descriptor'),
    };
    this.stage = timeline.working('vhost: transmit');
    this.wait = timeline.waiting('wait: vhost worker');
    this.counters = counters;
    this.batches = counters.tally('batch', 'vhost tx', parts.vm);
    this.again = again;
  }

  /** The run has done its share. */
  private get exhausted(): boolean {
    return this.handled >= VHOST_NET_PKT_WEIGHT || this.bytes >= VHOST_NET_WEIGHT;
  }

  private get batchOpen(): boolean {
    return this.taken < VHOST_NET_BATCH && this.large === NONE && !this.exhausted && !this.stalled;
  }

  /** Takes what is in the ring into the batch and charges the copies. @returns whether there was anything. */
  private copyFrames(cpu: Context): boolean {
    const { parts, costs } = this;
    const { tx, memory, packets } = parts;
    const before = this.taken;
    while (this.batchOpen) {
      const head = tx.pop();
      if (head < 0) {
        this.stalled = head === BROKEN;
        break;
      }
      if (parts.iotlb !== undefined) this.pages.push(memory.page(tx.address[0]));
      const frame = takeFrame(tx, memory, packets);
      const size = packets.size[frame];
      cpu.serve(packets.request[frame], this.stage, this.wait);
      cpu.charge(costs.tx);
      if (size > BATCHED_MAX) this.large = frame;
      else {
        cpu.charge(costs.copy);
        cpu.charge(costs.copyPerByte, size);
        this.frames[this.batch++] = frame;
      }
      this.heads[this.taken++] = head;
      this.handled++;
      this.bytes += size;
    }
    cpu.serveNobody();
    this.chargeRing(cpu);
    return this.taken > before;
  }

  /** What it took to read the ring since the last call. */
  private chargeRing(cpu: Context): void {
    const lines = this.parts.tx.takeLines();
    if (lines > 0) cpu.charge(this.costs.ringLine, lines);
    const descriptors = this.parts.tx.takeDescriptors();
    if (descriptors > 0) cpu.charge(this.costs.descriptor, descriptors);
  }

  *handle(cpu: Context, poll: VhostBusyPoll | null): Program {
    const { tx, iotlb } = this.parts;
    // The worker's own mode, or the exit of a vCPU that does the worker's job itself (`inlineBackend`).
    const outer = cpu.mode;
    cpu.charge(this.costs.handler);
    yield RUN;
    tx.suppressKicks();
    this.signals.run();
    poll?.begin();
    this.handled = this.bytes = 0;
    this.stalled = false;
    for (let full = true; full && !this.exhausted && !this.stalled; ) {
      this.batch = 0;
      // Buffers that are added while these are copied join the batch.
      while (this.batchOpen && this.copyFrames(cpu)) {
        if (iotlb !== undefined) yield* iotlb.find(cpu, this.pages.splice(0));
        yield RUN;
      }
      if (this.batch > 0) {
        this.batches.add(this.batch);
        yield cpu.call(this.send(cpu, outer));
      }
      // The run ends where the ring was found empty; what came while its frames were sent is for the next one.
      full = this.taken === VHOST_NET_BATCH || this.large !== NONE;
      const returned = this.large === NONE ? this.taken : this.taken - 1;
      if (returned > 0) yield cpu.call(this.returnBuffers(cpu, returned));
      if (this.large !== NONE) yield cpu.call(this.sendLarge(cpu, outer));
      if (poll !== null && !full && !this.stalled && !this.exhausted) {
        yield cpu.call(poll.fromTransmit());
        full = tx.availableNow;
        if (full) this.signals.early();
      }
    }
    if (this.taken > 0) yield cpu.call(this.returnBuffers(cpu, this.taken));
    // vq_err: what the handler had in hand is done; it runs again at the next kick, if the ring's state allows one.
    if (this.stalled) countError(this.counters, this.parts.vm, 'vhost tx', tx.fault);
    else if (poll?.interrupted) this.again();
    else this.lookAgain(tx);
  }

  /** tun_sendmsg of the batch: each frame goes through the host's network here and now. */
  private *send(cpu: Context, outer: Mode): Program {
    const { network, packets } = this.parts;
    for (let i = 0; i < this.batch; i++) {
      const frame = this.frames[i];
      cpu.mode = inExit(outer) ? outer : BH_OFF;
      cpu.serve(packets.request[frame], network.stage, this.wait);
      const paid = network.charge(cpu, frame);
      yield RUN;
      const backlog = network.submit(cpu, frame, paid);
      if (backlog !== null) yield cpu.call(backlog);
      cpu.serveNobody();
      cpu.mode = outer;
    }
  }

  /** sendmsg of one packet, which is copied into an skb on its way. */
  private *sendLarge(cpu: Context, outer: Mode): Program {
    const { packets } = this.parts;
    cpu.serve(packets.request[this.large], this.stage, this.wait);
    cpu.charge(this.costs.copy);
    cpu.charge(this.costs.copyPerByte, packets.size[this.large]);
    this.signals.early();
    this.frames[0] = this.large;
    this.batch = 1;
    this.large = NONE;
    yield cpu.call(this.send(cpu, outer));
  }

  /** vhost_net_signal_used, of the first `count` of what was taken. */
  private *returnBuffers(cpu: Context, count: number): Program {
    const { tx, txInterrupt } = this.parts;
    for (let i = 0; i < count; i++) tx.push(this.heads[i], 0);
    tx.flush();
    this.heads.copyWithin(0, count, this.taken);
    this.taken -= count;
    this.signals.decision(count);
    if (!tx.shouldSignal()) return;
    this.chargeRing(cpu);
    txInterrupt.charge(cpu);
    yield RUN;
    txInterrupt.raise();
  }

  /** The end of a transmit run: kicks are allowed when nothing is left to do. */
  private lookAgain(tx: DeviceQueue): void {
    if (tx.availableNow) {
      this.again();
    } else if (tx.allowKicks()) {
      tx.suppressKicks();
      this.again();
    }
  }
}
