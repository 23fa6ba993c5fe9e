/**
 * A vCPU: a thread of the host that is itself a processor to the guest. It is in guest mode, in an exit (KVM or QEMU),
 * polling after HLT, blocked, or runnable but without a core.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Account } from '../../accounting/ledger.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import type { Context, Program } from '../hardware/context.ts';
import { Fifo } from '../hardware/fifo.ts';
import { besideSpin, EXIT_KERNEL, inExit, OPEN } from '../hardware/mode.ts';
import { type InterruptLine, Processor, type Timer } from '../hardware/processor.ts';
import { type HostCore, type Placement, Thread } from '../hardware/thread.ts';
import { Exits } from './exits.ts';
import { IdleLoop } from './idle-loop.ts';
import { RescheduleIpi } from './reschedule-ipi.ts';
import type { VCpuCosts, VCpuFeatures } from './vcpu-parts.ts';
import { timerInterrupt, virtualLine } from './virtual-line.ts';

class VCpuThread extends Thread {
  private readonly vcpu: VCpu;

  constructor(vcpu: VCpu, placement: Placement) {
    super(vcpu.name, placement);
    this.vcpu = vcpu;
  }

  leaf(): Context | null {
    return this.vcpu.leaf();
  }

  switchedIn(core: HostCore, account: (payer: string, guest: boolean) => Account): void {
    this.vcpu.moveTo(core, account);
  }
}

export class VCpu extends Processor {
  readonly thread: Thread;
  readonly exits: Exits;
  private readonly costs: VCpuCosts;
  private readonly features: VCpuFeatures;
  private readonly contexts: Context[] = [];
  private readonly tasks = new Fifo<Context>();
  private readonly idle: Context;
  private readonly idling: IdleLoop;
  private ipi: RescheduleIpi | null = null;
  private current: Context | null = null;
  private currentSince = 0;
  private home: string;

  constructor(
    sim: Simulation,
    books: Accounting,
    identity: { readonly vm: string; readonly index: number; readonly placement: Placement },
    parts: { readonly costs: VCpuCosts; readonly features: VCpuFeatures },
  ) {
    super(sim, books, `${identity.vm} vcpu${identity.index}`, identity.vm);
    this.costs = parts.costs;
    this.features = parts.features;
    this.home = `core${identity.placement.affinity[0]}`;
    this.thread = new VCpuThread(this, identity.placement);
    this.exits = new Exits(books.counters, identity.vm, parts.features.exitOutShare);
    this.idle = this.context('idle', `${this.name} idle`, () => {
      this.thread.core?.scheduler.wake(this.thread);
    });
    this.idling = new IdleLoop(this, parts);
    this.idle.run(this.idling.program(this.idle));
    this.idle.signal();
  }

  /** Starts the vCPU thread; before that nothing in the guest runs. */
  start(core: HostCore): void {
    this.thread.core = core;
    core.scheduler.wake(this.thread);
  }

  task(name: string, program: (context: Context) => Program): Context {
    const context = this.context(name, `${this.name} task`, (task) => {
      if (task !== this.current) this.tasks.push(task);
      this.changed();
    });
    context.run(program(context));
    return context;
  }

  interrupt(name: string, program: (line: InterruptLine) => Program): InterruptLine {
    return this.line(name, program, { level: false });
  }

  localInterrupt(name: string, program: (line: InterruptLine) => Program): InterruptLine {
    return this.line(name, program, { level: false, metric: 'interrupts.local' });
  }

  /** An INTx line: level-triggered, so its EOI exits even with APICv (the IOAPIC must hear of it). */
  levelInterrupt(name: string, program: (line: InterruptLine) => Program): InterruptLine {
    return this.line(name, program, { level: true });
  }

  private line(
    name: string,
    program: (line: InterruptLine) => Program,
    { level, metric = 'interrupts.taken' }: { level: boolean; metric?: string },
  ): InterruptLine {
    const { costs, features, exits } = this;
    const context = this.hardContext(name);
    const line = virtualLine(context, {
      costs,
      features,
      exits,
      level,
      taken: this.books.counters.counter(metric, name, this.vm),
      inGuest: () => this.inGuestMode,
    });
    context.run(program(line));
    return line;
  }

  timer(context: Context): Timer {
    const { sim, costs, exits } = this;
    const line = this.localInterrupt('timer', timerInterrupt(context));
    let version = 0;
    const expire = sim.handler((armed) => {
      if (armed === version) line.raise();
    }, `${this.name} timer`);
    return {
      arm: (at) => {
        exits.handled(context, costs.exitMsr, exits.timer);
        sim.at(at, expire, ++version);
      },
      disarm: () => void version++,
    };
  }

  /** Halted and blocked: whoever interrupts it pays for a wake-up. */
  get asleep(): boolean {
    return this.idle.inExit && this.idle.waiting;
  }

  /** The vCPU executes guest code at this instant. */
  get inGuestMode(): boolean {
    const mode = this.thread.core?.guestModeOf(this.thread) ?? null;
    return mode !== null && !inExit(mode);
  }

  /** Anything to do for a vCPU that is about to halt. */
  get workPending(): boolean {
    return this.busyAbove || this.tasks.length > 0;
  }

  /** A task that was woken ends the guest's idle loop, but waits until the task at hand sleeps or has had its slice. */
  override get pendingAny(): boolean {
    if (this.pendingAbove) return true;
    return this.tasks.length > 0 && (this.current === null || this.sliceOver);
  }

  get needResched(): boolean {
    return this.tasks.length > 0 && (this.current === null || !this.current.runnable || this.sliceOver);
  }

  /** Simplification: a guest task gives way between two commits, not in the middle of a batch. */
  private get sliceOver(): boolean {
    return this.sim.now - this.currentSince >= this.features.taskSlice;
  }

  /** No other thread waits for its core. */
  get aloneOnCore(): boolean {
    const { core } = this.thread;
    return core !== null && core.scheduler.waiting(core) === 0;
  }

  protected changed(): void {
    const { idle } = this;
    if (idle.inExit && idle.waiting) {
      idle.signal();
      return;
    }
    const { core } = this.thread;
    if (idle.inExit && idle.spinning && core !== null) {
      this.idling.endPoll(core);
      return;
    }
    if (core === null) return;
    if (core.thread === this.thread) core.reconsider();
    // Blocked inside an exit on a lock: only the lock wakes it, interrupts wait for the VM entry.
    else if (!this.thread.runnable && this.leaf() !== null) core.scheduler.wake(this.thread);
  }

  protected threadLeaf(): Context | null {
    if (this.idle.inExit) return this.idle;
    const { current } = this;
    if (current !== null) {
      const givesWay = this.tasks.length > 0 && this.sliceOver && current.modeNow === OPEN;
      if (current.inExit || (current.runnable && !givesWay)) return current;
      if (current.runnable) this.tasks.push(current);
      this.current = null;
    }
    const next = this.tasks.shift();
    if (next === null) return this.idle;
    this.current = next;
    this.currentSince = this.sim.now;
    next.prelude(this.costs.taskSwitch, OPEN);
    if (this.idling.halted && this.features.tickStop) {
      next.prelude(this.costs.exitMsr, EXIT_KERNEL);
      this.exits.timer.value++;
    }
    this.idling.left();
    return next;
  }

  protected holds(context: Context): boolean {
    return context.inExit;
  }

  endSpin(context: Context, grid: number): void {
    this.thread.core?.endSpin(context, grid);
  }

  /** From now on another vCPU that wakes a task here sends an interrupt where this one is halted. */
  takeIpis(): void {
    this.ipi ??= new RescheduleIpi(this, this.costs);
  }

  override wakeTask(task: Context, by: Context): void {
    const reached = this.ipi === null || by.level === this || !this.idleHalted;
    if (reached) task.signal();
    else this.ipi?.send(task, by);
  }

  /** In its idle loop, and not looking for tasks there itself. */
  private get idleHalted(): boolean {
    return this.current === null && this.tasks.length === 0 && !this.idling.guestPolls;
  }

  leaveGuest(context: Context): void {
    // Without its core it has left already: the leaf that the core was taken from paid.
    if (context.inExit || this.thread.core?.thread !== this.thread) return;
    // Cut at the very end of the idle loop's way back: the task that is to run pays, or the idle loop would halt under it.
    const left = context === this.idle && this.current !== null ? this.current : context;
    left.prelude(this.costs.pollution, besideSpin(left.modeNow));
    left.prelude(this.costs.exitLight, EXIT_KERNEL);
    this.exits.externalInterrupt.value++;
  }

  protected account(payer: string, guest: boolean): Account {
    return this.books.ledger.account(this.home, payer, guest);
  }

  protected override context(...parts: Parameters<Processor['context']>): Context {
    const context = super.context(...parts);
    this.contexts.push(context);
    return context;
  }

  /** The thread got `core`: what the guest does from now on is booked there. */
  moveTo(core: HostCore, account: (payer: string, guest: boolean) => Account): void {
    if (core.name === this.home && this.contexts[0].account.core === core.name) return;
    this.home = core.name;
    for (const context of this.contexts) context.account = account(context.payer, context.guest);
  }
}
