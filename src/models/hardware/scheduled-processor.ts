/** The thread level of a physical core: threads, their switches and slices, interrupts and timers of native code. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Account } from '../../accounting/ledger.ts';
import type { Handler, Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';
import { type Context, type Program, RUN, takesSoftirq, WAIT } from './context.ts';
import { BUSY_POLL, EXIT_KERNEL, HALT_POLL, type Mode, OPEN } from './mode.ts';
import { type InterruptLine, Processor, type Timer } from './processor.ts';
import { type HostCore, type Scheduler, TaskThread, type Thread } from './thread.ts';

export interface CoreCosts {
  readonly contextSwitch: Cost;
  readonly irqEntry: Cost;
  readonly timerProgram: Cost;
  readonly timerInterrupt: Cost;
}

export abstract class ScheduledProcessor extends Processor implements HostCore {
  readonly id: number;
  readonly scheduler: Scheduler;
  thread: Thread | null = null;
  /** The thread at hand should give way to one that waits. */
  protected rescheduleWanted = false;
  private readonly costs: CoreCosts;
  private readonly slice: Handler;
  private readonly accounts = new Map<string, Account>();
  private readonly accountOf = (payer: string, guest: boolean): Account => this.account(payer, guest);
  private sliceVersion = 0;
  private sliceArmed = false;
  private chargedAt = 0;

  constructor(
    sim: Simulation,
    books: Accounting,
    id: number,
    parts: { readonly scheduler: Scheduler; readonly costs: CoreCosts },
  ) {
    super(sim, books, `core${id}`, '');
    this.id = id;
    this.scheduler = parts.scheduler;
    this.costs = parts.costs;
    this.slice = sim.handler((version) => this.sliceEnded(version), `${this.name} slice`);
  }

  abstract reconsider(): void;
  abstract guestModeOf(thread: Thread): Mode | null;
  abstract override endSpin(context: Context, grid: number): void;
  /** In an idle state, or on the way out of one. */
  protected abstract get atRest(): boolean;

  get needResched(): boolean {
    return this.rescheduleWanted || (this.thread === null && this.scheduler.waiting(this) > 0);
  }

  /** A thread of this core alone (native code is pinned). */
  task(name: string, program: (context: Context) => Program): Context {
    const thread = new TaskThread(name, { affinity: [this.id] });
    return this.host(thread, name, program);
  }

  /** Gives `thread` its program; where it runs is up to its affinity and the scheduler. */
  host(thread: TaskThread, payer: string, program: (context: Context) => Program): Context {
    thread.context = this.context(thread.name, payer, () => this.scheduler.wake(thread));
    thread.core ??= this;
    thread.context.run(program(thread.context));
    return thread.context;
  }

  interrupt(name: string, program: (line: InterruptLine) => Program): InterruptLine {
    const context = this.hardContext(name);
    const line = {
      context,
      raise: () => context.signal(),
      enter: () => context.charge(this.costs.irqEntry),
      leave: () => {},
    };
    context.run(program(line));
    return line;
  }

  localInterrupt(name: string, program: (line: InterruptLine) => Program): InterruptLine {
    return this.interrupt(name, program);
  }

  timer(context: Context): Timer {
    const { sim, costs } = this;
    const line = this.interrupt(`timer of ${context.name}`, function* ({ context: irq }) {
      for (;;) {
        yield WAIT;
        irq.charge(costs.timerInterrupt);
        yield RUN;
        context.signal();
      }
    });
    let version = 0;
    const expire = sim.handler((armed) => {
      if (armed === version) line.raise();
    }, `${this.name} timer`);
    return {
      arm: (at) => {
        context.charge(costs.timerProgram);
        sim.at(at, expire, ++version);
      },
      disarm: () => {
        version++;
      },
    };
  }

  protected account(payer: string, guest: boolean): Account {
    let account = this.accounts.get(payer);
    if (account === undefined) {
      account = this.books.ledger.account(this.name, payer, guest);
      this.accounts.set(payer, account);
    }
    return account;
  }

  protected threadLeaf(): Context | null {
    const before = this.thread;
    if (before !== null && this.rescheduleWanted) this.preempt();
    for (;;) {
      if (this.thread !== null) {
        const leaf = this.thread.leaf();
        if (leaf !== null) return leaf;
        this.switchOut(false);
      }
      const next = this.scheduler.pick(this);
      if (next === null) return null;
      this.switchIn(next, next !== before);
    }
  }

  private preempt(): void {
    const leaf = (this.thread as Thread).leaf();
    // Asleep: it gives the core away by itself. Kernel code with bottom halves off: at the end of that stretch.
    if (leaf === null || (!leaf.guest && !takesSoftirq(leaf.modeNow))) return;
    this.rescheduleWanted = false;
    if (this.scheduler.waiting(this) === 0) return;
    if (leaf.modeNow === BUSY_POLL) leaf.endSpin(0);
    this.switchOut(true);
  }

  override stopOf(context: Context): number {
    const stop = super.stopOf(context);
    // Only a thread gives way to another thread; handlers finish first.
    if (!this.rescheduleWanted || this.thread?.leaf() !== context) return stop;
    return Math.min(stop, context.boundary(takesSoftirq));
  }

  private switchOut(runnable: boolean): void {
    const thread = this.thread as Thread;
    this.chargeThread();
    const leaf = runnable ? thread.leaf() : null;
    if (leaf?.guest) leaf.level.leaveGuest(leaf);
    this.thread = null;
    this.rescheduleWanted = false;
    this.sliceVersion++;
    this.sliceArmed = false;
    thread.runnable = runnable;
    if (runnable) this.scheduler.putBack(this, thread);
  }

  /** @param switched false where the thread that had the core goes on. */
  private switchIn(thread: Thread, switched: boolean): void {
    const { now } = this.sim;
    this.thread = thread;
    thread.core = this;
    thread.switchedInAt = now;
    this.chargedAt = now;
    thread.switchedIn(this, this.accountOf);
    const leaf = switched ? thread.leaf() : null;
    leaf?.prelude(this.costs.contextSwitch, leaf.guest ? EXIT_KERNEL : OPEN);
    this.armSlice();
  }

  private chargeThread(): void {
    const { now } = this.sim;
    this.scheduler.charge(this.thread as Thread, now - this.chargedAt);
    this.chargedAt = now;
  }

  /** Virtual run times are compared at wake-ups: bring the running thread's up to date. */
  chargeRunning(): void {
    if (this.thread !== null) this.chargeThread();
  }

  /** A thread was queued here: run it if idle, preempt if `preempts`, or at the end of the slice. */
  queued(preempts: boolean): void {
    if (this.atRest) {
      this.reconsider();
      return;
    }
    // KVM polls a halted vCPU only while nobody else wants the core.
    const leaf = this.thread?.leaf() ?? null;
    if (leaf?.modeNow === HALT_POLL) this.endSpin(leaf, 0);
    if (preempts) {
      this.rescheduleWanted = true;
      this.reconsider();
      return;
    }
    this.armSlice();
  }

  private armSlice(): void {
    if (this.sliceArmed || this.thread === null || this.scheduler.waiting(this) === 0) return;
    const end = this.scheduler.sliceEnd(this.thread, this.thread.switchedInAt);
    if (end === Number.POSITIVE_INFINITY) return;
    this.sliceArmed = true;
    this.sim.at(Math.max(end, this.sim.now) as Picoseconds, this.slice, ++this.sliceVersion);
  }

  private sliceEnded(version: number): void {
    if (version !== this.sliceVersion) return;
    this.sliceArmed = false;
    this.rescheduleWanted = true;
    this.reconsider();
  }
}
