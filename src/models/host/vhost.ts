/**
 * vhost-net: one kernel thread serves both rings of a queue pair (drivers/vhost/net.c).
 *
 *   kick ─► tx work: pop, copy ≤ 64 ─► tun, bridge, NIC per frame ─► used += 64, signal?
 *   tap  ─► rx work: peek, pop, copy ≤ 64 ─► used, signal?
 *
 * A ring that breaks the rules stalls (vq_err): its handler stops with kicks off and does not move on; the other ring
 * is served as before. Simplification: the newest kernels may retry a broken transmit ring in a loop.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Placed } from '../hardware/busy-poll.ts';
import { type Context, type Program, WAIT } from '../hardware/context.ts';
import { Fifo } from '../hardware/fifo.ts';
import type { Kicked } from './kick.ts';
import { VhostBusyPoll } from './vhost-busy-poll.ts';
import type { VhostParts } from './vhost-parts.ts';
import { VhostReceive } from './vhost-receive.ts';
import { VhostTransmit } from './vhost-transmit.ts';
import type { VhostTransmitHandler } from './vhost-transmit-handler.ts';
import { VhostZerocopy } from './vhost-zerocopy.ts';

export class Vhost {
  readonly kickTx: Kicked;
  readonly kickRx: Kicked;
  private readonly parts: VhostParts;
  private readonly transmit: VhostTransmitHandler;
  private readonly receive: VhostReceive;
  /** Work items in order; each at most once. */
  private readonly work = new Fifo<'tx' | 'rx'>();
  /** Of these, the first so many are the list that the worker has taken and is going through. */
  private taken = 0;
  private txQueued = false;
  private rxQueued = false;
  private cpu!: Context;
  private poll: VhostBusyPoll | null = null;
  private readonly books: Accounting;

  constructor(books: Accounting, parts: VhostParts) {
    this.books = books;
    this.parts = parts;
    this.transmit = parts.zerocopy
      ? new VhostZerocopy(books, parts, () => this.queueTx())
      : new VhostTransmit(books, parts, () => this.queueTx());
    this.receive = new VhostReceive(books, parts, () => this.queueRx());
    const asleep = () => this.cpu.waiting;
    this.kickTx = {
      get asleep() {
        return !parts.inline && asleep();
      },
      kick: () => void this.queueTx(),
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

  /** A buffer was made available in one of the rings. */
  offered(): void {
    this.poll?.notice();
  }

  /** The worker's program; hand it to the host thread `thread`. */
  *program(cpu: Context, thread: Placed): Program {
    this.cpu = cpu;
    this.poll = this.busyPoll(cpu, thread);
    yield WAIT;
    for (;;) {
      if (this.taken === 0) this.taken = this.work.length;
      const item = this.work.shift();
      if (item !== null) this.taken--;
      if (item === null) yield WAIT;
      else if (item === 'tx') {
        this.txQueued = false;
        yield cpu.call(this.transmit.handle(cpu, this.poll));
      } else {
        this.rxQueued = false;
        yield cpu.call(this.receive.handle(cpu, this.poll));
      }
    }
  }

  private busyPoll(cpu: Context, thread: Placed): VhostBusyPoll | null {
    const { pollUs = 0 } = this.parts;
    if (pollUs === 0) return null;
    const hasWork = () => this.work.length > this.taken;
    const worker = {
      get hasWork() {
        return hasWork();
      },
      queueTx: () => void this.queueTx(),
      queueRx: () => void this.queueRx(),
    };
    return new VhostBusyPoll(this.books, this.parts, worker, { cpu, thread, window: pollUs });
  }

  /** The whole ring is served before the guest goes on; what came meanwhile is found by the next kick. */
  private *serveInline(cpu: Context): Program {
    do {
      this.txQueued = false;
      yield* this.transmit.handle(cpu, null);
    } while (this.txQueued);
  }

  // Each answers whether it wakes the worker.

  private queueTx(): boolean {
    if (this.txQueued) return false;
    this.txQueued = true;
    if (this.parts.inline) return false;
    const asleep = this.cpu.waiting;
    this.queue('tx');
    return asleep;
  }

  private queueRx(): boolean {
    if (this.rxQueued) return false;
    const asleep = this.cpu.waiting;
    this.rxQueued = true;
    this.queue('rx');
    return asleep;
  }

  private queue(item: 'tx' | 'rx'): void {
    this.work.push(item);
    this.cpu.signal();
    this.poll?.notice();
  }
}
