/**
 * What runs on a processor, on either level: a physical core or a vCPU. Hard interrupts before softirqs before
 * threads; each level is a set of contexts of which at most one is in progress.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Account } from '../../accounting/ledger.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';
import { Context, type Level, type Program, takesInterrupt, takesSoftirq, type Woken } from './context.ts';
import { Fifo } from './fifo.ts';
import { IRQ_OFF, type Mode } from './mode.ts';
import { type SoftirqHost, Softirqs } from './softirqs.ts';

/** A hard interrupt line, as the code that handles it sees it. */
export interface InterruptLine {
  readonly context: Context;
  /** Called by whoever delivers it; interrupts that come while one is pending merge. */
  raise(): void;
  /** Charges the way into the handler; call first after WAIT. */
  enter(): void;
  /** Charges the end of interrupt; call before the handler's commit. */
  leave(): void;
}

/** A one-shot timer of the processor: its interrupt signals a context. */
export interface Timer {
  arm(at: Picoseconds): void;
  disarm(): void;
}

/** What guest and native code may ask of the machine it runs on. It never sees whether a host is below. */
export abstract class Processor implements Level, SoftirqHost {
  readonly name: string;
  readonly sim: Simulation;
  readonly books: Accounting;
  /** Counters of this VM, or '' on the host. */
  readonly vm: string;
  private hard: Context | null = null;
  private readonly hardPending = new Fifo<Context>();
  private readonly softirqs = new Softirqs(this);
  private ksoftirqd: Context | null = null;

  constructor(sim: Simulation, books: Accounting, name: string, vm: string) {
    this.sim = sim;
    this.books = books;
    this.name = name;
    this.vm = vm;
  }

  /** Adds a thread-level program. */
  abstract task(name: string, program: (context: Context) => Program): Context;
  /** Adds a hard interrupt. */
  abstract interrupt(name: string, program: (line: InterruptLine) => Program): InterruptLine;
  /** Adds an interrupt of the processor's own timer, for which no device is counted. */
  abstract localInterrupt(name: string, program: (line: InterruptLine) => Program): InterruptLine;
  /** A timer whose expiry interrupts this processor and then signals `context`. */
  abstract timer(context: Context): Timer;
  abstract leaveGuest(context: Context): void;
  abstract endSpin(context: Context, grid: number): void;

  /** Simplification: between host cores it costs nothing here; who wakes a thread charges `wake.waker` where it does so. */
  wakeTask(task: Context, _by: Context): void {
    task.signal();
  }

  /** The thread-level context to run, or null. */
  protected abstract threadLeaf(): Context | null;
  /** Work became runnable at some level: look again, now or as soon as the mode allows. */
  protected abstract changed(): void;
  protected abstract account(payer: string, guest: boolean): Account;
  /** A thread waits that should run instead of the one at hand. */
  abstract readonly needResched: boolean;
  /** Whether `context` is in the middle of something that no interrupt of this processor may cut. */
  protected abstract holds(context: Context): boolean;

  /**
   * Adds a softirq (e.g. a NAPI poll): signalled softirqs run in order, after hard interrupts, before threads. One that
   * is signalled while it runs is run again after the others; one that has had its budget signals itself and sleeps.
   */
  softirq(name: string, program: (context: Context) => Program): Context {
    this.ksoftirqd ??= this.task(`${this.name} ksoftirqd`, (context) => this.softirqs.thread(context));
    const context = this.context(name, `${this.name} softirq`, (it) => this.softirqWoken(it));
    context.again = () => this.softirqs.raise(context);
    context.run(program(context));
    return context;
  }

  protected context(name: string, payer: string, woken: Woken): Context {
    const guest = this.vm !== '';
    const level = /(ksoftirqd|softirq|irq|task|idle)$/.exec(payer)?.[1];
    const kind = level === undefined ? payer : `${guest ? 'guest' : 'host'} ${level}`;
    const identity = { name: `${this.name} ${name}`, payer, guest, kind };
    return new Context(this.books, identity, this, woken, this.account(payer, guest));
  }

  /** A context of the hard-interrupt level. */
  protected hardContext(name: string): Context {
    const context = this.context(name, `${this.name} irq`, (it) => this.interruptWoken(it));
    context.mode = IRQ_OFF;
    return context;
  }

  // A handler that slept inside an exit (on a lock) is still in progress: it only goes on.

  private interruptWoken(context: Context): void {
    if (context !== this.hard) this.hardPending.push(context);
    this.changed();
  }

  private softirqWoken(context: Context): void {
    if (context !== this.softirqs.current) this.softirqs.raise(context);
    this.changed();
  }

  get now(): number {
    return this.sim.now;
  }

  /** An interrupt or a softirq waits to be taken. */
  protected get pendingAbove(): boolean {
    return this.hardPending.length > 0 || this.softirqs.ready;
  }

  get pendingAny(): boolean {
    return this.pendingAbove;
  }

  /** Something above the thread level wants to run or runs. */
  protected get busyAbove(): boolean {
    return this.pendingAbove || this.hard !== null;
  }

  /** The context that should run now. Null: nothing can (idle, or blocked inside an exit). */
  leaf(): Context | null {
    const { hard } = this;
    if (hard !== null) {
      if (hard.runnable) return hard;
      if (this.holds(hard)) return null;
      this.hard = null;
    }
    const soft = this.softirqInProgress();
    const below = soft ?? this.threadLeaf();
    if (below !== null && this.holds(below)) return below.runnable ? below : null;
    if (this.hardPending.length > 0 && (below === null || this.allowsInterrupt(below.modeNow, below.guest))) {
      this.hard = this.hardPending.shift();
      return this.hard;
    }
    if (soft !== null) return soft;
    if (this.softirqs.ready && (below === null || this.allowsSoftirq(below.modeNow, below.guest))) {
      return this.softirqs.begin();
    }
    return below;
  }

  private softirqInProgress(): Context | null {
    const { current } = this.softirqs;
    return current !== null && (current.runnable || this.holds(current)) ? current : this.softirqs.next();
  }

  /** A host level is not held back by what the guest on it has switched off. */
  private allowsInterrupt(mode: Mode, guest: boolean): boolean {
    return guest && this.vm === '' ? true : takesInterrupt(mode);
  }

  private allowsSoftirq(mode: Mode, guest: boolean): boolean {
    return guest && this.vm === '' ? true : takesSoftirq(mode);
  }

  /** Where `context` must stop so that what is pending at this level can be taken. */
  stopOf(context: Context): number {
    // Handlers are not nested: what is pending at their own level waits until they are done.
    if (context === this.hard) return context.n;
    if (this.hardPending.length > 0) return context.boundary(takesInterrupt);
    if (this.softirqs.ready && this.softirqs.current === null) return context.boundary(takesSoftirq);
    return context.n;
  }
}
