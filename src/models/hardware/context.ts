/**
 * A program and the work it has put on a processor: charges gather in a batch that runs as one event and can be
 * cut anywhere by an interrupt, an exit or the scheduler.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { InvariantError } from '../../accounting/invariant.ts';
import type { Account } from '../../accounting/ledger.ts';
import type { Stage } from '../../accounting/stages.ts';
import { NO_REQUEST, type Request } from '../../accounting/timeline.ts';
import { BH_OFF, HALT_POLL, inExit, type Mode, OPEN, PLANE, SPIN } from './mode.ts';

/** Yielded by a program: run the batch, then go on. */
export const RUN = 0;
/** Yielded by a program: run what is charged, then sleep until `signal()`; a signal that came before is remembered. */
export const WAIT = 1;
export type Step = typeof RUN | typeof WAIT;
/** A long-lived generator: the code of an interrupt handler, a softirq, a thread. */
export type Program = Generator<Step, void, void>;

/** Who decides when a context may run: a processor (interrupts, softirqs) or a thread. */
export interface Owner {
  /** The context was asleep and has work now. */
  woken(context: Context): void;
}

/** The processor a context belongs to: it knows what is pending there. */
export interface Level {
  /** Index of the segment in front of which `context` must stop so that something pending can be taken, or n. */
  stopOf(context: Context): number;
  /** The host takes the core away from `context` in the middle of guest code: an exit now, an entry on resume. */
  leaveGuest(context: Context): void;
}

/** Slots kept free before the first segment for preludes (context switch, VM entry, cache refill). */
const HEAD = 16;
/** A batch longer than this is a program that never commits. */
const SEGMENTS_MAX = 1 << 16;

/** What a context is called, and who pays for what it does. */
export interface Identity {
  readonly name: string;
  readonly payer: string;
  readonly guest: boolean;
  /** What kind of context it is, for the label of those it preempts, e.g. `guest softirq`. */
  readonly kind: string;
}

export class Context {
  readonly name: string;
  readonly payer: string;
  /** Runs on a vCPU: the host may cut it in any mode. */
  readonly guest: boolean;
  readonly books: Accounting;
  readonly level: Level;
  /** Requests that this context holds up wait `preempted by …`; set on the one that was cut. */
  readonly preempts: Stage;
  owner: Owner;
  account: Account;

  /** Asleep in WAIT. */
  waiting = true;
  private signalled = false;
  /** The program's last yield was WAIT. */
  private atWait = true;
  private program: Program | null = null;

  /** Segments [at, n) are still to run; [n) is where the next charge goes. */
  at = HEAD;
  n = HEAD;
  /** Time that [at, n) takes, ps. */
  left = 0;
  private capacity = 64;
  private cost = new Int32Array(this.capacity);
  private ps = new Float64Array(this.capacity);
  private count = new Float64Array(this.capacity);
  private modes = new Uint8Array(this.capacity);
  private request = new Int32Array(this.capacity);
  private workStage = new Uint8Array(this.capacity);
  private waitStage = new Uint8Array(this.capacity);
  private readonly costs: number;

  /** What the program is doing: stamped on each charge. */
  mode: Mode = OPEN;
  private serving: Request = NO_REQUEST;
  private working = 0;
  private waited = 0;

  constructor(books: Accounting, identity: Identity, level: Level, owner: Owner, account: Account) {
    this.books = books;
    this.name = identity.name;
    this.payer = identity.payer;
    this.guest = identity.guest;
    this.level = level;
    this.owner = owner;
    this.account = account;
    this.costs = books.costs.size;
    this.preempts = books.timeline.waiting(`preempted by ${identity.kind}`);
  }

  /** Installs the program and brings it to its first WAIT, which it must reach without doing anything. */
  run(program: Program): void {
    if (this.program !== null) throw new InvariantError(`context ${this.name} already has a program`);
    this.program = program;
    if (program.next().value !== WAIT || this.at < this.n) {
      throw new InvariantError(`the program of context ${this.name} must begin with WAIT`);
    }
  }

  /** The charges that follow serve `request`: before them it waited in `wait`, during them it is in `work`. */
  serve(request: Request, work: Stage, wait: Stage): void {
    this.serving = request;
    this.working = work.id;
    this.waited = wait.id;
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
    this.cost[i] = cost;
    this.ps[i] = span;
    this.count[i] = count;
    this.modes[i] = this.mode;
    this.request[i] = this.serving;
    this.workStage[i] = this.working;
    this.waitStage[i] = this.waited;
    this.left += span;
  }

  private grow(): void {
    if (this.capacity >= SEGMENTS_MAX) {
      throw new InvariantError(`context ${this.name}: more than ${SEGMENTS_MAX} segments in one batch`);
    }
    this.capacity *= 2;
    const wider = <A extends Int32Array | Float64Array | Uint8Array>(old: A): A => {
      const next = new (old.constructor as new (length: number) => A)(this.capacity);
      next.set(old as never);
      return next;
    };
    this.cost = wider(this.cost);
    this.ps = wider(this.ps);
    this.count = wider(this.count);
    this.modes = wider(this.modes);
    this.request = wider(this.request);
    this.workStage = wider(this.workStage);
    this.waitStage = wider(this.waitStage);
  }

  /** Puts a charge in front of what is left; it serves nobody and is paid in `mode`. */
  prelude(cost: Cost, mode: Mode): void {
    if (this.at === this.n) this.at = this.n = HEAD;
    if (this.at === 0) throw new InvariantError(`context ${this.name}: no room for another prelude`);
    const i = --this.at;
    const span = cost.draw === null ? cost.price : cost.draw();
    this.cost[i] = cost.id;
    this.ps[i] = span;
    this.count[i] = 1;
    this.modes[i] = mode;
    this.request[i] = NO_REQUEST;
    this.left += span;
  }

  /** Mode of the work at hand: of the next segment, or of the program where none is left. */
  get modeNow(): Mode {
    return (this.at < this.n ? this.modes[this.at] : this.mode) as Mode;
  }

  /** Mode of the work under way `elapsed` ps after [at, …) was begun. */
  modeAt(elapsed: number): Mode {
    let i = this.at;
    for (let rest = elapsed; i < this.n && rest >= this.ps[i]; i++) rest -= this.ps[i];
    return (i < this.n ? this.modes[i] : this.mode) as Mode;
  }

  get inExit(): boolean {
    return inExit(this.modeNow);
  }

  get spinning(): boolean {
    const mode = this.modeNow;
    return mode === SPIN || mode === HALT_POLL;
  }

  get idle(): boolean {
    return this.at === this.n;
  }

  /** There is something to do: work left, or a program that is not asleep. */
  get runnable(): boolean {
    return !this.waiting || this.at < this.n;
  }

  /** Wakes the program, or lets its next WAIT return at once. Signals merge. */
  signal(): void {
    if (this.signalled) return;
    this.signalled = true;
    if (!this.waiting) return;
    this.waiting = false;
    this.owner.woken(this);
  }

  /** A signal is remembered and the program has not slept since. */
  get pending(): boolean {
    return this.signalled;
  }

  /** Resumes the program until it commits work or sleeps. Only with an empty batch. */
  step(): void {
    const program = this.program as Program;
    for (;;) {
      if (this.atWait) {
        if (!this.signalled) {
          this.waiting = true;
          return;
        }
        this.signalled = false;
        this.atWait = false;
      }
      const { value, done } = program.next();
      if (done) throw new InvariantError(`the program of context ${this.name} ended`);
      if (value === RUN) return;
      this.atWait = true;
      // Charges made before WAIT run first; the signal is looked at when they are done.
      if (this.at < this.n) return;
    }
  }

  /** Index of the first segment at or after `at` whose mode `allows`, or `n`. */
  boundary(allows: (mode: Mode) => boolean): number {
    let i = this.at;
    while (i < this.n && !allows(this.modes[i] as Mode)) i++;
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
    const { account, cost, ps, modes, request, workStage, waitStage, costs } = this;
    const { spent, count } = account;
    const { timeline } = this.books;
    let t = start;
    for (let i = this.at; i < stop; i++) {
      const span = ps[i];
      const row = PLANE[modes[i]] * costs + cost[i];
      spent[row] += span;
      count[row] += this.count[i];
      const served = request[i];
      if (served >= 0) timeline.worked(served, waitStage[i], workStage[i], t, t + span);
      t += span;
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
    const row = PLANE[this.modes[i]] * this.costs + this.cost[i];
    this.account.spent[row] += part;
    this.ps[i] -= part;
    this.left -= part;
    const request = this.request[i];
    if (request >= 0) {
      this.books.timeline.mark(request, this.waitStage[i], t);
      this.books.timeline.mark(request, this.workStage[i], now);
    }
  }

  /** From `now` on the next request in the batch waits for `cutter`, until this context runs again. */
  blame(cutter: Stage, now: number): void {
    for (let i = this.at; i < this.n; i++) {
      if (this.request[i] < 0) continue;
      this.books.timeline.mark(this.request[i], this.waitStage[i], now);
      this.waitStage[i] = cutter.id;
      return;
    }
  }

  /** Shortens the spin at hand so that it ends after `span` ps more. @returns false where it is not spinning. */
  endSpin(span: number): boolean {
    if (this.at === this.n || !this.spinning || this.ps[this.at] <= span) return false;
    this.left -= this.ps[this.at] - span;
    this.ps[this.at] = span;
    return true;
  }
}

/** A hard interrupt of the same processor may be taken in this mode. */
export const takesInterrupt = (mode: Mode): boolean => mode === OPEN || mode === BH_OFF || mode === SPIN;
/** A softirq of the same processor may be run in this mode. */
export const takesSoftirq = (mode: Mode): boolean => mode === OPEN || mode === SPIN;
