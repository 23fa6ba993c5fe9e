/** What each way of transmitting has in common, of vhost-net: limits of a run, tun and NIC driver, and buffers that are returned. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counters, Tally } from '../../accounting/counters.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN } from '../hardware/context.ts';
import { BH_OFF, inExit, type Mode } from '../hardware/mode.ts';
import { countError } from '../virtio/device-error.ts';
import { RingCosts } from './ring-costs.ts';
import { SignalCount } from './signal-count.ts';
import type { VhostBusyPoll } from './vhost-busy-poll.ts';
import { VHOST_NET_BATCH, VHOST_NET_PKT_WEIGHT, VHOST_NET_WEIGHT, type VhostParts } from './vhost-parts.ts';

interface Costs {
  readonly handler: Cost;
  readonly tx: Cost;
  readonly copy: Cost;
  readonly copyPerByte: Cost;
}

export abstract class VhostTransmitHandler {
  protected readonly parts: VhostParts;
  private readonly ring: RingCosts;
  protected readonly costs: Costs;
  protected readonly signals: SignalCount;
  protected readonly batches: Tally;
  private readonly stage: Stage;
  private readonly wait: Stage;
  private readonly counters: Counters;
  private readonly again: () => void;

  // What a run knows is in fields: locals of a generator are stored and loaded again at each of its steps.

  /** The ring was found broken: the run ends with what is in hand. */
  protected stalled = false;
  /** Packets and bytes of this run. */
  protected handled = 0;
  protected bytes = 0;
  /** Packets of this batch: their copies. */
  protected batch = 0;
  protected readonly frames = new Int32Array(VHOST_NET_BATCH);
  /** Heads in the ring of what is to be returned. */
  protected taken = 0;
  protected readonly heads = new Int32Array(VHOST_NET_BATCH);

  /**
   * @param again queues the handler for another run.
   * @param batch packets that are published together.
   */
  constructor(books: Accounting, parts: VhostParts, again: () => void, batch: number) {
    const { costs, timeline, counters } = books;
    this.signals = new SignalCount(books, `vhost ${parts.vm} tx`, batch);
    this.parts = parts;
    this.ring = new RingCosts(books);
    this.costs = {
      handler: costs.cost('vhost.handler'),
      tx: costs.cost('vhost.tx'),
      copy: costs.cost('copy.setup'),
      copyPerByte: costs.cost('copy.perByte'),
    };
    this.stage = timeline.working('vhost: transmit');
    this.wait = timeline.waiting('wait: vhost worker');
    this.counters = counters;
    this.batches = counters.tally('batch', 'vhost tx', parts.vm);
    this.again = again;
  }

  /** The run has done its share. */
  protected get exhausted(): boolean {
    return this.handled >= VHOST_NET_PKT_WEIGHT || this.bytes >= VHOST_NET_WEIGHT;
  }

  /** One run: what is in the ring goes out, up to the limits. */
  abstract handle(cpu: Context, poll: VhostBusyPoll | null): Program;

  protected *begin(cpu: Context, poll: VhostBusyPoll | null): Program {
    cpu.charge(this.costs.handler);
    yield RUN;
    this.parts.tx.suppressKicks();
    this.signals.run();
    poll?.begin();
    this.handled = this.bytes = 0;
    this.stalled = false;
  }

  /** The worker is at the packet now, until `send`. */
  protected serve(cpu: Context, packet: number): void {
    cpu.serve(this.parts.packets.request[packet], this.stage, this.wait);
  }

  /** What it took to read the ring since the last call. */
  protected chargeRing(cpu: Context): void {
    this.ring.charge(cpu, this.parts.tx);
  }

  /** tun_sendmsg of the batch: each frame goes through the host's network here and now. */
  protected *send(cpu: Context, outer: Mode): Program {
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

  /** vhost_net_signal_used, of the first `count` of what was taken. */
  protected *returnBuffers(cpu: Context, count: number): Program {
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

  /** Kicks are allowed when nothing is left to do. */
  protected end(poll: VhostBusyPoll | null): void {
    const { tx, vm } = this.parts;
    // vq_err: what the handler had in hand is done; it runs again at the next kick, if the ring's state allows one.
    if (this.stalled) countError(this.counters, vm, 'vhost tx', tx.fault);
    else if (this.exhausted || poll?.interrupted || tx.availableNow) this.again();
    else if (tx.allowKicks()) {
      tx.suppressKicks();
      this.again();
    }
  }
}
