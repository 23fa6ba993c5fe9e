/**
 * vhost-net: one kernel thread serves both rings of a queue pair (drivers/vhost/net.c, network-path.md §4).
 *
 *   kick ─► tx work: pop, copy ≤ 64 ─► tun, bridge, NIC per frame ─► used += 64, signal?
 *   tap  ─► rx work: peek, pop, copy ≤ 64 ─► used, signal?
 *
 * A ring that breaks the rules stalls (vq_err): its handler stops with kicks off and does not move on; the other ring
 * is served as before. Simplification: the newest kernels may retry a broken transmit ring in a loop.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counters, Tally } from '../../accounting/counters.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { Fifo } from '../hardware/fifo.ts';
import { BH_OFF, inExit } from '../hardware/mode.ts';
import type { Packets } from '../hardware/packets.ts';
import { BROKEN, type DeviceQueue, EMPTY } from '../virtio/device-queue.ts';
import type { GuestMemory } from '../virtio/guest-memory.ts';
import { countError } from './device-error.ts';
import { takeFrame } from './guest-frame.ts';
import type { HostNetwork } from './host-network.ts';
import type { InterruptPath } from './interrupt-path.ts';
import type { Kicked } from './kick.ts';
import type { Tap } from './tap.ts';

/** Limits of one handler run and of a batch (drivers/vhost/net.c). */
export const VHOST_NET_WEIGHT = 524_288;
export const VHOST_NET_PKT_WEIGHT = 256;
export const VHOST_NET_BATCH = 64;
/** Received buffers are published when more than a batch of them is filled. */
const RX_BATCH = VHOST_NET_BATCH + 1;

export interface VhostParts {
  readonly vm: string;
  readonly tx: DeviceQueue;
  readonly rx: DeviceQueue;
  readonly memory: GuestMemory;
  readonly packets: Packets;
  readonly tap: Tap;
  readonly network: HostNetwork;
  readonly txInterrupt: InterruptPath;
  readonly rxInterrupt: InterruptPath;
  /** Teaching: the kicking vCPU serves the transmit ring itself, inside the exit; no second core works for it. */
  readonly inline: boolean;
}

interface VhostCosts {
  readonly wakeup: Cost;
  readonly tx: Cost;
  readonly rx: Cost;
  readonly copy: Cost;
  readonly copyPerByte: Cost;
}

export class Vhost {
  readonly kickTx: Kicked;
  readonly kickRx: Kicked;
  private readonly parts: VhostParts;
  private readonly costs: VhostCosts;
  private readonly stageTx: Stage;
  private readonly stageRx: Stage;
  private readonly waitTx: Stage;
  private readonly waitRx: Stage;
  private readonly batches: Tally;
  private readonly counters: Counters;
  /** Work items in order; each at most once. */
  private readonly work = new Fifo<'tx' | 'rx'>();
  private txQueued = false;
  private rxQueued = false;
  private cpu!: Context;

  constructor(books: Accounting, parts: VhostParts) {
    const { costs, timeline, counters } = books;
    this.parts = parts;
    this.costs = {
      wakeup: costs.cost('vhost.handler'),
      tx: costs.cost('vhost.tx'),
      rx: costs.cost('vhost.rx'),
      copy: costs.cost('copy.setup'),
      copyPerByte: costs.cost('copy.perByte'),
    };
    this.stageTx = timeline.working('vhost: transmit');
    this.stageRx = timeline.working('vhost: receive');
    this.waitTx = timeline.waiting('wait: vhost worker');
    this.waitRx = timeline.waiting('wait: vhost worker, receive');
    this.counters = counters;
    this.batches = counters.tally('batch', 'vhost tx', parts.vm);
    const asleep = () => this.cpu.waiting;
    this.kickTx = {
      get asleep() {
        return !parts.inline && asleep();
      },
      kick: () => this.queueTx(),
      ...(parts.inline ? { inline: (cpu: Context) => this.serveInline(cpu) } : {}),
    };
    this.kickRx = {
      get asleep() {
        return asleep();
      },
      kick: () => this.queueRx(),
    };
    parts.tap.attach(() => this.queueRx());
    parts.tx.allowKicks();
  }

  /** The worker's program; hand it to a host thread. */
  *program(cpu: Context): Program {
    this.cpu = cpu;
    yield WAIT;
    for (;;) {
      const item = this.work.shift();
      if (item === null) yield WAIT;
      else if (item === 'tx') {
        this.txQueued = false;
        yield cpu.call(this.handleTx(cpu));
      } else {
        this.rxQueued = false;
        yield cpu.call(this.handleRx(cpu));
      }
    }
  }

  /** The whole ring is served before the guest goes on; what came meanwhile is found by the next kick. */
  private *serveInline(cpu: Context): Program {
    do {
      this.txQueued = false;
      yield* this.handleTx(cpu);
    } while (this.txQueued);
  }

  private queueTx(): void {
    if (this.txQueued) return;
    this.txQueued = true;
    if (this.parts.inline) return;
    this.work.push('tx');
    this.cpu.signal();
  }

  /** @returns whether that wakes the worker. */
  private queueRx(): boolean {
    if (this.rxQueued) return false;
    const asleep = this.cpu.waiting;
    this.rxQueued = true;
    this.work.push('rx');
    this.cpu.signal();
    return asleep;
  }

  // --- transmit ------------------------------------------------------------------------------------------------
  // What a run knows is in fields: locals of a generator are stored and loaded again at each of its steps.

  /** Packets and bytes of this run. */
  private handled = 0;
  private bytes = 0;
  /** Packets of this batch: their heads in the ring, and their copies. */
  private batch = 0;
  /** The ring was found broken: the run ends with what is in hand. */
  private stalled = false;
  private readonly heads = new Int32Array(VHOST_NET_BATCH);
  private readonly frames = new Int32Array(VHOST_NET_BATCH);

  /** The run has done its share. */
  private get exhausted(): boolean {
    return this.handled >= VHOST_NET_PKT_WEIGHT || this.bytes >= VHOST_NET_WEIGHT;
  }

  private get batchOpen(): boolean {
    return this.batch < VHOST_NET_BATCH && !this.exhausted && !this.stalled;
  }

  /** Takes what is in the ring into the batch and charges the copies. @returns whether there was anything. */
  private copyFrames(cpu: Context): boolean {
    const { parts, costs } = this;
    const { tx, memory, packets } = parts;
    const before = this.batch;
    while (this.batchOpen) {
      const head = tx.pop();
      if (head < 0) {
        this.stalled = head === BROKEN;
        break;
      }
      const frame = takeFrame(tx, memory, packets);
      const size = packets.size[frame];
      cpu.serve(packets.request[frame], this.stageTx, this.waitTx);
      cpu.charge(costs.tx);
      cpu.charge(costs.copy);
      cpu.charge(costs.copyPerByte, size);
      this.heads[this.batch] = head;
      this.frames[this.batch] = frame;
      this.batch++;
      this.handled++;
      this.bytes += size;
    }
    cpu.serveNobody();
    return this.batch > before;
  }

  private returnBuffers(): void {
    const { tx } = this.parts;
    for (let i = 0; i < this.batch; i++) tx.push(this.heads[i], 0);
    tx.flush();
  }

  private *handleTx(cpu: Context): Program {
    const { tx, network, txInterrupt } = this.parts;
    // The worker's own mode, or the exit of a vCPU that does the worker's job itself (`inlineBackend`).
    const outer = cpu.mode;
    cpu.charge(this.costs.wakeup);
    yield RUN;
    tx.suppressKicks();
    this.handled = this.bytes = 0;
    this.stalled = false;
    for (let full = true; full && !this.exhausted && !this.stalled; ) {
      this.batch = 0;
      // Buffers that are added while these are copied join the batch.
      while (this.batchOpen && this.copyFrames(cpu)) yield RUN;
      if (this.batch === 0) break;
      this.batches.add(this.batch);
      for (let i = 0; i < this.batch; i++) {
        const frame = this.frames[i];
        cpu.mode = inExit(outer) ? outer : BH_OFF;
        cpu.serve(this.parts.packets.request[frame], network.stage, this.waitTx);
        const paid = network.charge(cpu, frame);
        yield RUN;
        const backlog = network.submit(cpu, frame, paid);
        if (backlog !== null) yield cpu.call(backlog);
        cpu.serveNobody();
        cpu.mode = outer;
      }
      this.returnBuffers();
      if (tx.shouldSignal()) {
        txInterrupt.charge(cpu);
        yield RUN;
        txInterrupt.raise();
      }
      // The run ends where the ring was found empty; what came while its frames were sent is for the next one.
      full = this.batch === VHOST_NET_BATCH;
    }
    if (this.stalled) this.stall(tx, 'tx');
    else this.lookAgain(tx);
  }

  /** The end of a transmit run: kicks are allowed when nothing is left to do. */
  private lookAgain(tx: DeviceQueue): void {
    if (tx.availableNow) {
      this.queueTx();
    } else if (tx.allowKicks()) {
      tx.suppressKicks();
      this.queueTx();
    }
  }

  /** vq_err: what the handler had in hand is done; it runs again at the next kick, if the ring's state allows one. */
  private stall(queue: DeviceQueue, name: 'tx' | 'rx'): void {
    countError(this.counters, this.parts.vm, `vhost ${name}`, queue.fault);
  }

  private *handleRx(cpu: Context): Program {
    const { parts, costs } = this;
    const { rx, tap, memory, packets } = parts;
    const { queue } = tap;
    let handled = 0;
    let bytes = 0;
    let waitsForGuest = false;
    let stalled = false;
    cpu.charge(costs.wakeup);
    yield RUN;
    rx.suppressKicks();
    tap.detach();
    const exhausted = (): boolean => handled >= VHOST_NET_PKT_WEIGHT || bytes >= VHOST_NET_WEIGHT;
    let batch = 0;
    for (;;) {
      const before = batch;
      while (batch < RX_BATCH && !exhausted() && queue.length > 0) {
        const head = rx.pop();
        if (head === BROKEN) {
          stalled = true;
          break;
        }
        if (head === EMPTY) {
          if (batch > before) break;
          waitsForGuest = !rx.allowKicks();
          if (waitsForGuest) break;
          rx.suppressKicks();
          continue;
        }
        const packet = queue.shift();
        const size = packets.size[packet];
        cpu.serve(packets.request[packet], this.stageRx, this.waitRx);
        cpu.charge(costs.rx);
        cpu.charge(costs.copy);
        cpu.charge(costs.copyPerByte, size);
        memory.write(rx.address[rx.readable], packet);
        rx.push(head, size);
        batch++;
        handled++;
        bytes += size;
      }
      // Frames that arrive while these are copied join the batch.
      if (batch > before) {
        cpu.serveNobody();
        yield RUN;
        if (batch < RX_BATCH && !exhausted() && !stalled) continue;
      }
      if (batch === 0) break;
      const full = batch === RX_BATCH;
      batch = 0;
      rx.flush();
      if (rx.shouldSignal()) {
        parts.rxInterrupt.charge(cpu);
        yield RUN;
        parts.rxInterrupt.raise();
      }
      if (!full || exhausted() || stalled) break;
    }
    if (stalled) {
      this.stall(rx, 'rx');
      tap.detach('ring full, receive queue broken');
      return;
    }
    // Without buffers the tap is not polled: the guest's refill kick brings the worker back.
    if (waitsForGuest) return;
    if (exhausted()) this.queueRx();
    else if (tap.attach(() => this.queueRx())) this.queueRx();
  }
}
