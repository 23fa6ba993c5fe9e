/** A program on a processor: the code of an interrupt handler, a softirq or a thread, with its batch of work. */
import type { Accounting } from '../../accounting/accounting.ts';
import { InvariantError } from '../../accounting/invariant.ts';
import type { Account } from '../../accounting/ledger.ts';
import type { Stage } from '../../accounting/stages.ts';
import { Batch } from './batch.ts';
import { BH_OFF, BUSY_POLL, type Mode, OPEN, SPIN } from './mode.ts';

/** Yielded by a program: run the batch, then go on. */
export const RUN = 0;
/** Yielded by a program: run what is charged, then sleep until `signal()`; a signal that came before is remembered. */
export const WAIT = 1;
/** Yielded with `call`: the program that was called runs to its end, then the caller goes on. */
const CALL = 2;
export type Step = typeof RUN | typeof WAIT | typeof CALL;
/** A long-lived generator: the code of an interrupt handler, a softirq, a thread. */
export type Program = Generator<Step, void, void>;

/**
 * The `next` of every generator. Looked up on the generator it would be slow: each generator function gives its
 * generators a prototype of their own, and so many kinds of objects are more than V8 keeps in mind at one place.
 */
const { next: resume } = (function* (): Program {})();

/**
 * Tells whoever decides when a context may run, a processor (interrupts, softirqs) or a thread, that it was asleep and
 * has work now.
 */
export type Woken = (context: Context) => void;

/** The processor a context belongs to: it knows what is pending there. */
export interface Level {
  /** An interrupt or a softirq waits to be taken there. */
  readonly pendingAny: boolean;
  /** Index of the segment in front of which `context` must stop so that something pending can be taken, or n. */
  stopOf(context: Context): number;
  /** The host takes the core away from `context` in the middle of guest code: an exit now, an entry on resume. */
  leaveGuest(context: Context): void;
  /** Shortens a busy wait of `context`: the next look, at most `grid` ps away, sees what it waits for. */
  endSpin(context: Context, grid: number): void;
  /** Signals `task` of this processor, on behalf of `by`, which may run on another one and pays for reaching this one. */
  wakeTask(task: Context, by: Context): void;
}

/** What a context is called, and who pays for what it does. */
export interface Identity {
  readonly name: string;
  readonly payer: string;
  readonly guest: boolean;
  /** What kind of context it is, for the label of those it preempts, e.g. `guest softirq`. */
  readonly kind: string;
}

export class Context extends Batch {
  readonly payer: string;
  /** Runs on a vCPU: the host may cut it in any mode. */
  readonly guest: boolean;
  level: Level;
  /** Requests that this context holds up wait `preempted by …`; set on the one that was cut. */
  readonly preempts: Stage;
  private readonly woken: Woken;

  /** Asleep in WAIT. */
  waiting = true;
  private signalled = false;
  /** The program's last yield was WAIT. */
  private atWait = true;
  /** It has slept since, or another turn was asked for. */
  private slept = true;
  /** Called where a signal came before WAIT: asks for another turn. Null, or inside an exit: it goes on at once. */
  again: (() => void) | null = null;
  private program: Program | null = null;
  private readonly callers: Program[] = [];

  constructor(books: Accounting, identity: Identity, level: Level, woken: Woken, account: Account) {
    super(identity.name, books, account);
    this.payer = identity.payer;
    this.guest = identity.guest;
    this.level = level;
    this.woken = woken;
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

  /**
   * `yield context.call(program)` does what `yield* program` does, but steps `program` directly: through `yield*` every
   * generator of the chain is resumed at each step. For whatever runs in this context, and returns nothing.
   */
  call(program: Program): typeof CALL {
    this.callers.push(this.program as Program);
    this.program = program;
    return CALL;
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
    const { woken } = this;
    woken(this);
  }

  /** A signal is remembered and the program has not slept since. */
  get pending(): boolean {
    return this.signalled;
  }

  /** Resumes the program until it commits work or sleeps. Only with an empty batch. */
  step(): void {
    for (;;) {
      if (this.atWait) {
        if (!this.signalled) {
          this.waiting = true;
          this.slept = true;
          return;
        }
        if (!this.slept && this.again !== null && !this.inExit) {
          this.slept = true;
          this.again();
          return;
        }
        this.signalled = false;
        this.atWait = false;
        this.slept = false;
      }
      const { value, done } = resume.call(this.program as Program);
      // First, so that V8 only ever sees numbers compared below.
      if (done) {
        this.program = this.callers.pop() ?? null;
        if (this.program === null) throw new InvariantError(`the program of context ${this.name} ended`);
        continue;
      }
      if (value === RUN) return;
      if (value === CALL) continue;
      this.atWait = true;
      // Charges made before WAIT run first; the signal is looked at when they are done.
      if (this.at < this.n) return;
    }
  }
}

/** A hard interrupt of the same processor may be taken in this mode. */
export const takesInterrupt = (mode: Mode): boolean =>
  mode === OPEN || mode === BH_OFF || mode === SPIN || mode === BUSY_POLL;
/** A softirq of the same processor may be run in this mode. */
export const takesSoftirq = (mode: Mode): boolean => mode === OPEN || mode === SPIN || mode === BUSY_POLL;
