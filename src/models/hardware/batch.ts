/** Work that a program has put on a processor: segments of charges that run as one event and can be cut anywhere. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { InvariantError } from '../../accounting/invariant.ts';
import type { Account } from '../../accounting/ledger.ts';
import type { Stage } from '../../accounting/stages.ts';
import { NO_REQUEST, type Request } from '../../accounting/timeline.ts';
import { inExit, isSpin, type Mode, OPEN, planeOf } from './mode.ts';
import { Segment, stagesOf, waitOf, workOf } from './segment.ts';

/** Slots kept free before the first segment for preludes (context switch, VM entry, cache refill). */
const HEAD = 16;
/** A batch longer than this is a program that never commits. */
const SEGMENTS_MAX = 1 << 16;

const fresh = (length: number): Segment[] => Array.from({ length }, () => new Segment());

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
  private readonly segments = fresh(64);
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
    this.stages = stagesOf(work.id, wait.id);
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
    if (i === this.segments.length) this.grow();
    const segment = this.segments[i];
    const { mode } = this;
    segment.row = this.rowOf(cost, mode);
    segment.mode = mode;
    segment.stages = this.stages;
    segment.request = this.serving;
    segment.count = count;
    segment.span = span;
    this.left += span;
  }

  /** Most work is one's own, which is the first plane. */
  private rowOf(cost: number, mode: Mode): number {
    return inExit(mode) ? planeOf(mode) * this.costs + cost : cost;
  }

  private grow(): void {
    const { segments } = this;
    if (segments.length >= SEGMENTS_MAX) {
      throw new InvariantError(`context ${this.name}: more than ${SEGMENTS_MAX} segments in one batch`);
    }
    segments.push(...fresh(segments.length));
  }

  /** Puts a charge in front of what is left; it serves nobody and is paid in `mode`. */
  prelude(cost: Cost, mode: Mode): void {
    if (this.at === this.n) this.at = this.n = HEAD;
    if (this.at === 0) this.makeRoom();
    const segment = this.segments[--this.at];
    segment.row = this.rowOf(cost.id, mode);
    segment.mode = mode;
    segment.request = NO_REQUEST;
    segment.count = 1;
    segment.span = cost.draw === null ? cost.price : cost.draw();
    this.left += segment.span;
  }

  /** Where preludes pile up (a storm of interrupts that lets nothing be finished), the batch moves back. */
  private makeRoom(): void {
    if (this.n + HEAD > this.segments.length) this.grow();
    this.segments.unshift(...this.segments.splice(-HEAD));
    this.at += HEAD;
    this.n += HEAD;
  }

  private modeOf(i: number): Mode {
    return this.segments[i].mode;
  }

  /** Mode of the work at hand: of the next segment, or of the program where none is left. */
  get modeNow(): Mode {
    return this.at < this.n ? this.modeOf(this.at) : this.mode;
  }

  /** Mode of the work under way `elapsed` ps after [at, …) was begun. */
  modeAt(elapsed: number): Mode {
    let i = this.at;
    for (let rest = elapsed; i < this.n && rest >= this.segments[i].span; i++) rest -= this.segments[i].span;
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
    for (let i = this.at; i < stop; i++) span += this.segments[i].span;
    return span;
  }

  /** Books the segments [at, stop) in full; the first begins at `start`. */
  finish(stop: number, start: number): void {
    const { segments } = this;
    const { spent, count } = this.account;
    let t = start;
    for (let i = this.at; i < stop; ) {
      let segment = segments[i];
      const { request, stages } = segment;
      const began = t;
      // Segments in a row for one request and stage are one piece of its life.
      do {
        const { row, span } = segment;
        spent[row] += span;
        count[row] += segment.count;
        t += span;
        if (++i === stop) break;
        segment = segments[i];
      } while (segment.request === request && segment.stages === stages);
      if (request >= 0) this.worked(request, stages, began, t);
    }
    this.left -= t - start;
    if (stop === this.n) this.at = this.n = HEAD;
    else this.at = stop;
  }

  /** Books what was done of [at, …) between `start` and `now`; the segment under `now` is split, not counted. */
  settle(start: number, now: number): void {
    const { segments } = this;
    let t = start;
    let i = this.at;
    while (i < this.n && t + segments[i].span <= now) t += segments[i++].span;
    this.finish(i, start);
    if (t === now) return;
    if (this.at === this.n) throw new InvariantError(`context ${this.name} ran past its batch`);
    const part = now - t;
    const segment = segments[i];
    this.account.spent[segment.row] += part;
    segment.span -= part;
    this.left -= part;
    if (segment.request >= 0) this.worked(segment.request, segment.stages, t, now);
  }

  private worked(request: Request, stages: number, start: number, end: number): void {
    this.books.timeline.worked(request, waitOf(stages), workOf(stages), start, end);
  }

  /** From `now` on the next request in the batch waits for `cutter`, until this context runs again. */
  blame(cutter: Stage, now: number): void {
    for (let i = this.at; i < this.n; i++) {
      const segment = this.segments[i];
      if (segment.request < 0) continue;
      this.books.timeline.mark(segment.request, waitOf(segment.stages), now);
      segment.stages = stagesOf(workOf(segment.stages), cutter.id);
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
    const segment = this.segments[spin];
    if (segment.span <= rest) return;
    this.left -= segment.span - rest;
    segment.span = rest;
  }
}
