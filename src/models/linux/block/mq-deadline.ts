/**
 * Linux's mq-deadline (block/mq-deadline.c, as of 6.1): reads before writes, each direction in batches in order of sectors, and from the
 * oldest one where that has waited too long. The real-time class goes first.
 *
 * Simplification: requests that lie side by side are not merged.
 */
import type { Picoseconds } from '../../../units.ts';
import type { BlockIo } from '../../hardware/disk/block-io.ts';

/** By their names under queue/iosched; times in ps. */
export interface DeadlineTunables {
  readonly read_expire: Picoseconds;
  readonly write_expire: Picoseconds;
  /** How often reads may go before writes that wait. */
  readonly writes_starved: number;
  /** Requests of one batch. */
  readonly fifo_batch: number;
  /** A request of a lower class that has waited so long goes before the real-time class. */
  readonly prio_aging_expire: Picoseconds;
}

/** Which of the requests that wait goes to the driver next. */
export interface IoScheduler {
  readonly length: number;
  insert(io: BlockIo, now: Picoseconds): void;
  /** Takes it out; null: there is none. */
  next(now: Picoseconds): BlockIo | null;
}

type Direction = 'read' | 'write';

interface Waiting {
  readonly io: BlockIo;
  readonly since: Picoseconds;
  readonly expires: number;
}

/** Requests of one direction in one class: in order of sectors, and of arrival. */
class Line {
  readonly sorted: Waiting[] = [];
  readonly fifo: Waiting[] = [];
  /** The one behind the last that was dispatched, when that was; null: start from the oldest. */
  next: Waiting | null = null;

  add(waiting: Waiting): void {
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sorted[middle].io.offset <= waiting.io.offset) low = middle + 1;
      else high = middle;
    }
    this.sorted.splice(low, 0, waiting);
    this.fifo.push(waiting);
  }

  /** Takes `waiting` out. @returns the one behind it. */
  take(waiting: Waiting): Waiting | null {
    const at = this.sorted.indexOf(waiting);
    this.sorted.splice(at, 1);
    this.fifo.splice(this.fifo.indexOf(waiting), 1);
    return this.sorted[at] ?? null;
  }
}

class PriorityClass {
  readonly lines: Readonly<Record<Direction, Line>> = { read: new Line(), write: new Line() };

  get length(): number {
    return this.lines.read.fifo.length + this.lines.write.fifo.length;
  }

  /** When the oldest came. */
  get oldest(): number {
    const { read, write } = this.lines;
    const [first, other] = [read.fifo[0], write.fifo[0]];
    return Math.min(first?.since ?? Number.POSITIVE_INFINITY, other?.since ?? Number.POSITIVE_INFINITY);
  }
}

export class MqDeadline implements IoScheduler {
  private readonly tunables: DeadlineTunables;
  private readonly realTime = new PriorityClass();
  private readonly others = new PriorityClass();
  /** Those that no rule may hold up. */
  private readonly flushes: BlockIo[] = [];
  private lastDirection: Direction = 'read';
  private batching = 0;
  private starved = 0;

  constructor(tunables: DeadlineTunables) {
    this.tunables = tunables;
  }

  get length(): number {
    return this.flushes.length + this.realTime.length + this.others.length;
  }

  insert(io: BlockIo, now: Picoseconds): void {
    const { operation } = io;
    if (operation === 'flush') {
      this.flushes.push(io);
      return;
    }
    const { read_expire, write_expire } = this.tunables;
    const lines = (io.interactive ? this.realTime : this.others).lines;
    lines[operation].add({
      io,
      since: now,
      expires: now + (operation === 'read' ? read_expire : write_expire),
    });
  }

  next(now: Picoseconds): BlockIo | null {
    const flush = this.flushes.shift();
    if (flush !== undefined) return flush;
    const { realTime, others } = this;
    const aged = others.oldest + this.tunables.prio_aging_expire <= now;
    return this.dispatch(realTime.length > 0 && !aged ? realTime : others, now);
  }

  /** __dd_dispatch_request. */
  private dispatch(of: PriorityClass, now: Picoseconds): BlockIo | null {
    const follows = of.lines[this.lastDirection].next;
    if (follows !== null && this.batching < this.tunables.fifo_batch) return this.take(of, follows);
    const direction = this.choose(of);
    if (direction === null) return null;
    const { next, fifo } = of.lines[direction];
    const chosen = next === null || fifo[0].expires <= now ? fifo[0] : next;
    this.lastDirection = direction;
    this.batching = 0;
    return this.take(of, chosen);
  }

  private choose({ lines: { read, write } }: PriorityClass): Direction | null {
    const reads = read.fifo.length > 0;
    const writes = write.fifo.length > 0;
    if (reads && !(writes && this.starved++ >= this.tunables.writes_starved)) return 'read';
    if (!writes) return null;
    this.starved = 0;
    return 'write';
  }

  private take({ lines }: PriorityClass, waiting: Waiting): BlockIo {
    this.batching++;
    lines.read.next = null;
    lines.write.next = null;
    const line = lines[this.lastDirection];
    line.next = line.take(waiting);
    return waiting.io;
  }
}
