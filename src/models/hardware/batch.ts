/** Work that a program has put on a processor: segments of charges that run as one event and can be cut anywhere. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { InvariantError } from '../../accounting/invariant.ts';
import type { Account } from '../../accounting/ledger.ts';
import type { Stage } from '../../accounting/stages.ts';
import { NO_REQUEST, type Request } from '../../accounting/timeline.ts';
import { inExit, isSpin, type Mode, OPEN, PLANE } from './mode.ts';

/** Slots kept free before the first segment for preludes (context switch, VM entry, cache refill). */
const HEAD = 16;
/** A batch longer than this is a program that never commits. */
const SEGMENTS_MAX = 1 << 16;
/** A segment is four integers: row of the account, mode with stages, request, occurrences. */
const WIDTH = 4;
const LABEL = 1;
const REQUEST = 2;
const COUNT = 3;

/** A label has the mode in its low byte, then the stage in which it works, then the stage in which it waited. */
const WORK = 8;
const WAIT = 16;
/** Two labels that differ by less have the same stages. */
const SAME_STAGES = 1 << WORK;

export abstract class Batch {
  readonly name: string;
  readonly books: Accounting;
  account: Account;
  /** What the program is doing: stamped on each charge. */
  mode: Mode = OPEN;
  /** Segments [at, n) are still to run; [n) is where the next charge goes. */
  at = HEAD;
  n = HEAD;
  /** Time that [at, n) takes, ps. */
  left = 0;
  private capacity = 64;
  private segments = new Int32Array(this.capacity * WIDTH);
  private ps = new Float64Array(this.capacity);
  private readonly costs: number;
  private serving: Request = NO_REQUEST;
  private stages = 0;

  constructor(name: string, books: Accounting, account: Account) {
    this.name = name;
    this.books = books;
    this.account = account;
    this.costs = books.costs.size;
  }

  /** The charges that follow serve `request`: before them it waited in `wait`, during them it is in `work`. */
  serve(request: Request, work: Stage, wait: Stage): void {
    this.serving = request;
    this.stages = (work.id << WORK) | (wait.id << WAIT);
  }

  /** The charges that follow hold up no request. */
  serveNobody(): void {
    this.serving = NO_REQUEST;
  }

  /** Adds `count` occurrences of `cost` to the batch. Nothing happens in simulated time until RUN or WAIT. */
  charge(cost: Cost, count = 1): void {
    let span = 0;
    if (cost.draw === null) span = cost.price * count;
    else for (let i = 0; i < count; i++) span += cost.draw();
    this.append(cost.id, span, count);
  }

  /**
   * Adds `span` ps under the name of `cost`, booked as `count` occurrences: for a busy wait (its length is not a
   * price), and for a price drawn once and paid in parts (all but the last part count 0).
   */
  spend(cost: Cost, span: number, count: number): void {
    this.append(cost.id, span, count);
  }

  private append(cost: number, span: number, count: number): void {
    const i = this.n++;
    if (i === this.capacity) this.grow();
    const { segments, mode } = this;
    const base = i * WIDTH;
    segments[base] = PLANE[mode] * this.costs + cost;
    segments[base + LABEL] = mode | this.stages;
    segments[base + REQUEST] = this.serving;
    segments[base + COUNT] = count;
    this.ps[i] = span;
    this.left += span;
  }

  private grow(): void {
    if (this.capacity >= SEGMENTS_MAX) {
      throw new InvariantError(`context ${this.name}: more than ${SEGMENTS_MAX} segments in one batch`);
    }
    this.capacity *= 2;
    const { segments, ps } = this;
    this.segments = new Int32Array(this.capacity * WIDTH);
    this.segments.set(segments);
    this.ps = new Float64Array(this.capacity);
    this.ps.set(ps);
  }

  /** Puts a charge in front of what is left; it serves nobody and is paid in `mode`. */
  prelude(cost: Cost, mode: Mode): void {
    if (this.at === this.n) this.at = this.n = HEAD;
    if (this.at === 0) this.makeRoom();
    const i = --this.at;
    const span = cost.draw === null ? cost.price : cost.draw();
    const base = i * WIDTH;
    this.segments[base] = PLANE[mode] * this.costs + cost.id;
    this.segments[base + LABEL] = mode;
    this.segments[base + REQUEST] = NO_REQUEST;
    this.segments[base + COUNT] = 1;
    this.ps[i] = span;
    this.left += span;
  }

  /** Where preludes pile up (a storm of interrupts that lets nothing be finished), the batch moves back. */
  private makeRoom(): void {
    while (this.n + HEAD > this.capacity) this.grow();
    this.segments.copyWithin(HEAD * WIDTH, 0, this.n * WIDTH);
    this.ps.copyWithin(HEAD, 0, this.n);
    this.at += HEAD;
    this.n += HEAD;
  }

  private modeOf(i: number): Mode {
    return (this.segments[i * WIDTH + LABEL] & 0xff) as Mode;
  }

  /** Mode of the work at hand: of the next segment, or of the program where none is left. */
  get modeNow(): Mode {
    return this.at < this.n ? this.modeOf(this.at) : this.mode;
  }

  /** Mode of the work under way `elapsed` ps after [at, …) was begun. */
  modeAt(elapsed: number): Mode {
    let i = this.at;
    for (let rest = elapsed; i < this.n && rest >= this.ps[i]; i++) rest -= this.ps[i];
    return i < this.n ? this.modeOf(i) : this.mode;
  }

  get inExit(): boolean {
    return inExit(this.modeNow);
  }

  get spinning(): boolean {
    return isSpin(this.modeNow);
  }

  get idle(): boolean {
    return this.at === this.n;
  }

  /** Index of the first segment at or after `at` whose mode `allows`, or `n`. */
  boundary(allows: (mode: Mode) => boolean): number {
    let i = this.at;
    while (i < this.n && !allows(this.modeOf(i))) i++;
    return i;
  }

  /** Time that the segments [at, stop) take, ps. */
  spanTo(stop: number): number {
    if (stop === this.n) return this.left;
    let span = 0;
    for (let i = this.at; i < stop; i++) span += this.ps[i];
    return span;
  }

  /** Books the segments [at, stop) in full; the first begins at `start`. */
  finish(stop: number, start: number): void {
    const { segments, ps } = this;
    const { spent, count } = this.account;
    let t = start;
    for (let i = this.at; i < stop; ) {
      const label = segments[i * WIDTH + LABEL];
      const request = segments[i * WIDTH + REQUEST];
      const began = t;
      // Segments in a row for one request and stage are one piece of its life.
      do {
        const base = i * WIDTH;
        if (segments[base + REQUEST] !== request || (segments[base + LABEL] ^ label) >= SAME_STAGES) break;
        const span = ps[i];
        const row = segments[base];
        spent[row] += span;
        count[row] += segments[base + COUNT];
        t += span;
      } while (++i < stop);
      if (request >= 0) this.worked(request, label, began, t);
    }
    this.left -= t - start;
    if (stop === this.n) this.at = this.n = HEAD;
    else this.at = stop;
  }

  /** Books what was done of [at, …) between `start` and `now`; the segment under `now` is split, not counted. */
  settle(start: number, now: number): void {
    let t = start;
    let i = this.at;
    while (i < this.n && t + this.ps[i] <= now) t += this.ps[i++];
    this.finish(i, start);
    if (t === now) return;
    if (this.at === this.n) throw new InvariantError(`context ${this.name} ran past its batch`);
    const part = now - t;
    const base = i * WIDTH;
    this.account.spent[this.segments[base]] += part;
    this.ps[i] -= part;
    this.left -= part;
    const request = this.segments[base + REQUEST];
    if (request >= 0) this.worked(request, this.segments[base + LABEL], t, now);
  }

  private worked(request: Request, label: number, start: number, end: number): void {
    this.books.timeline.worked(request, label >>> WAIT, (label >>> WORK) & 0xff, start, end);
  }

  /** From `now` on the next request in the batch waits for `cutter`, until this context runs again. */
  blame(cutter: Stage, now: number): void {
    for (let i = this.at; i < this.n; i++) {
      const base = i * WIDTH;
      const request = this.segments[base + REQUEST];
      if (request < 0) continue;
      const label = this.segments[base + LABEL];
      this.books.timeline.mark(request, label >>> WAIT, now);
      this.segments[base + LABEL] = (label & ((1 << WAIT) - 1)) | (cutter.id << WAIT);
      return;
    }
  }

  /** Where in the batch it spins: at hand, or behind preludes. Or n: nowhere. */
  private get spinAt(): number {
    return this.boundary(isSpin);
  }

  /** Busy waiting is at hand or is to come. */
  get willSpin(): boolean {
    return this.spinAt < this.n;
  }

  /** Shortens the spin: to `span` ps more where it is under way, to nothing where it is still to come. */
  endSpin(span: number): void {
    const spin = this.spinAt;
    if (spin === this.n) return;
    const rest = this.at === spin ? span : 0;
    if (this.ps[spin] <= rest) return;
    this.left -= this.ps[spin] - rest;
    this.ps[spin] = rest;
  }
}
