/**
 * vhost_net_busy_poll (drivers/vhost/net.c, Linux 6.1): a handler that finds nothing looks on for a while, for frames in
 * the tap that the guest has buffers for, for frames that the guest sends, and for other work of the worker, before it
 * lets kicks and wake-ups through again. Set by `-netdev tap,poll-us=`.
 *
 * Simplification: the window begins after the first look, and a thread that preempts the worker in that look does not end the loop.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { BusyPoll, type Placed } from '../hardware/busy-poll.ts';
import { type Context, type Program, RUN } from '../hardware/context.ts';
import { BUSY_POLL } from '../hardware/mode.ts';
import type { DeviceQueue } from '../virtio/device-queue.ts';
import type { VhostParts } from './vhost-parts.ts';

/** The worker, as its busy loop sees it. */
interface Worker {
  /** Work was queued since it last took its list (vhost_has_work). */
  readonly hasWork: boolean;
  queueTx(): void;
  queueRx(): void;
}

/** busy_clock counts in steps of 1,024 ns, in ps. */
const CLOCK = 1_024_000;

export class VhostBusyPoll {
  /** The last loop of this run ended because of other work. */
  interrupted = false;
  private readonly parts: VhostParts;
  private readonly worker: Worker;
  private readonly look: Cost;
  private readonly loop: BusyPoll;
  private readonly cpu: Context;
  private readonly window: number;
  private polling = false;

  /** @param window `poll-us`. */
  constructor(
    { costs }: Accounting,
    parts: VhostParts,
    worker: Worker,
    { cpu, thread, window }: { readonly cpu: Context; readonly thread: Placed; readonly window: number },
  ) {
    this.parts = parts;
    this.worker = worker;
    this.cpu = cpu;
    this.window = window * CLOCK;
    this.look = costs.cost('vhost.look');
    parts.tap.polled(() => this.notice());
    this.loop = new BusyPoll(cpu, thread, costs.cost('vhost.busyPoll'), () => this.look.price);
  }

  private get received(): boolean {
    return this.parts.tap.queue.length > 0;
  }

  private get ready(): boolean {
    const { tx, rx } = this.parts;
    return this.worker.hasWork || (this.received && rx.availableNow) || tx.availableNow;
  }

  /** Something has changed of what the loop looks at. */
  notice(): void {
    if (!this.polling || !this.ready) return;
    this.interrupted = this.worker.hasWork;
    this.loop.notice();
  }

  /** A handler begins its run. */
  begin(): void {
    this.interrupted = false;
  }

  /** From handle_tx, whose ring is empty: the receive ring's kicks are off meanwhile. */
  *fromTransmit(): Program {
    const { rx } = this.parts;
    rx.suppressKicks();
    yield this.cpu.call(this.spin());
    if (this.received) this.queueOrAllow(rx, () => this.worker.queueRx());
    else rx.allowKicks();
  }

  /** From handle_rx, whose tap is empty and wakes nobody. */
  *fromReceive(): Program {
    const { tx } = this.parts;
    tx.suppressKicks();
    yield this.cpu.call(this.spin());
    this.queueOrAllow(tx, () => this.worker.queueTx());
  }

  private *spin(): Program {
    const { cpu } = this;
    cpu.charge(this.look);
    yield RUN;
    this.interrupted = this.worker.hasWork;
    if (this.ready) return;
    this.polling = true;
    this.loop.spin(BUSY_POLL, this.window);
    yield RUN;
    this.polling = false;
  }

  /** vhost_net_busy_poll_try_queue. */
  private queueOrAllow(ring: DeviceQueue, queue: () => void): void {
    if (ring.availableNow) queue();
    else if (ring.allowKicks()) {
      ring.suppressKicks();
      queue();
    }
  }
}
