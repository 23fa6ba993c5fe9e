/**
 * A physical core: one leaf context runs at a time, as one live event. Interrupts, wake-ups and the scheduler cut
 * it anywhere; charges plus idle time equal elapsed time, to the picosecond.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import { InvariantError } from '../../accounting/invariant.ts';
import type { Handler, Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';
import type { Context } from './context.ts';
import { exitLatencyAfter, type IdleState } from './idle-states.ts';
import type { Mode } from './mode.ts';
import { type CoreCosts, ScheduledProcessor } from './scheduled-processor.ts';
import type { Scheduler, Thread } from './thread.ts';
import type { Turn } from './turn.ts';

/** Steps without simulated time passing, at one decision: more is a program that spins on nothing. */
const STEPS_MAX = 1_000_000;

export class Core extends ScheduledProcessor {
  private readonly turn: Turn;
  private readonly idleStates: readonly IdleState[];
  private readonly fire: Handler;
  private readonly wake: Handler;

  /** The leaf that works now, since `startedAt`; null: idle or deciding. */
  private running: Context | null = null;
  private startedAt = 0;
  /** When it began; `startedAt` moves on when the books are settled, this does not. */
  private begunAt = 0;
  private stop = 0;
  private version = 0;
  private deciding = false;
  private lookAgain = false;

  private idleSince = 0;
  /** Idle time is booked up to here. */
  private idleBooked = 0;
  private isIdle = true;
  private waking = false;
  /** Total idle time until `idleBooked`, ps. */
  private idleTotal = 0;

  constructor(
    sim: Simulation,
    books: Accounting,
    id: number,
    parts: { scheduler: Scheduler; costs: CoreCosts; idleStates: readonly IdleState[]; turn: Turn },
  ) {
    super(sim, books, id, parts);
    this.idleStates = parts.idleStates;
    this.turn = parts.turn;
    this.fire = sim.handler((version) => this.completed(version), `${this.name} completion`);
    this.wake = sim.handler(() => this.wokenUp(), `${this.name} idle exit`);
    books.ledger.idle.set(this.name, 0);
  }

  protected holds(): boolean {
    return false;
  }

  leaveGuest(): void {
    // The host's own contexts are cut in place: nothing to leave, nothing to re-enter.
  }

  protected get atRest(): boolean {
    return this.isIdle;
  }

  /** Nothing runs and nothing is about to. */
  get idle(): boolean {
    return this.isIdle && !this.waking;
  }

  guestModeOf(thread: Thread): Mode | null {
    const { running } = this;
    return this.thread === thread && running?.guest ? running.modeAt(this.sim.now - this.startedAt) : null;
  }

  // --- the running leaf -------------------------------------------------------------------------------------

  private completed(version: number): void {
    if (version !== this.version) return;
    const context = this.running as Context;
    context.finish(this.stop, this.startedAt);
    this.running = null;
    if (context.idle && this.goesOn(context)) return;
    this.decide(context.idle ? null : context);
  }

  /**
   * The common case without a choice: nothing is pending at any level, so the program at hand goes on.
   * @returns false where a decision is needed after all.
   */
  private goesOn(context: Context): boolean {
    if (this.pendingAny || this.rescheduleWanted || context.level.pendingAny) return false;
    const outermost = this.turn.take();
    this.deciding = true;
    this.lookAgain = false;
    context.step();
    this.deciding = false;
    const on = !context.idle && !this.lookAgain && !this.rescheduleWanted;
    // What would now be pending was woken in this step, and would have asked to look again.
    if (on) this.start(context, context.n);
    else this.decide(context.idle ? null : context);
    if (outermost) this.turn.give();
    return true;
  }

  /** Stops the running leaf at this instant, its work booked so far. */
  private cut(): Context | null {
    const context = this.running;
    if (context === null) return null;
    const { now } = this.sim;
    context.settle(this.startedAt, now);
    this.startedAt = now;
    this.version++;
    this.running = null;
    return context;
  }

  /** Looks again at what should run; called when something became runnable at any level. */
  protected changed(): void {
    this.reconsider();
  }

  reconsider(): void {
    if (this.deciding) {
      this.lookAgain = true;
      return;
    }
    // Another core is in the middle of a step: it must finish before anyone reacts to it, at this same instant.
    if (this.turn.taken) {
      this.turn.later(this);
      return;
    }
    if (this.isIdle) {
      this.leaveIdle();
      return;
    }
    const cut = this.cut();
    this.decide(cut);
  }

  /** Chooses the next leaf and starts it; programs are stepped until one has work. */
  private decide(cut: Context | null = null): void {
    const outermost = this.turn.take();
    let displaced = cut;
    this.deciding = true;
    for (let steps = 0; ; steps++) {
      if (steps > STEPS_MAX) throw new InvariantError(`${this.name}: programs run on without taking time`);
      this.lookAgain = false;
      const context = this.leaf();
      if (context === null) {
        this.becomeIdle();
        break;
      }
      if (context.idle) {
        context.step();
        if (context.idle || context.waiting) continue;
        if (this.lookAgain) {
          // Its step woke others: who goes before it cuts it right here.
          this.displace(displaced, context);
          displaced = context;
          continue;
        }
      }
      this.displace(displaced, context);
      this.begin(context);
      break;
    }
    this.deciding = false;
    if (outermost) this.turn.give();
  }

  /** `cut` has to wait for `by`. */
  private displace(cut: Context | null, by: Context): void {
    if (cut === null || cut === by) return;
    if (!cut.idle) cut.blame(by.preempts, this.sim.now);
    if (cut.guest && cut.level !== by.level) cut.level.leaveGuest(cut);
  }

  private begin(context: Context): void {
    const undisturbed = !(this.pendingAny || this.rescheduleWanted || context.level.pendingAny);
    this.start(context, undisturbed ? context.n : context.level.stopOf(context));
  }

  /** Runs the segments of `context` up to `stop`. */
  private start(context: Context, stop: number): void {
    const { now } = this.sim;
    this.running = context;
    this.startedAt = this.begunAt = now;
    this.stop = stop;
    const span = stop === context.n ? context.left : context.spanTo(stop);
    this.sim.at((now + span) as Picoseconds, this.fire, ++this.version);
  }

  /** Shortens a busy wait on this core: the next poll, at most `grid` away, sees what it waits for. */
  endSpin(context: Context, grid: number): void {
    if (this.running !== context) {
      context.endSpin(0);
      return;
    }
    const { now } = this.sim;
    const polled = now - this.begunAt;
    const toNextPoll = grid === 0 ? 0 : Math.ceil(polled / grid) * grid - polled;
    context.settle(this.startedAt, now);
    this.startedAt = now;
    if (!context.idle) context.endSpin(toNextPoll);
    this.version++;
    this.running = null;
    if (context.idle) this.reconsider();
    else this.begin(context);
  }

  // --- idle -----------------------------------------------------------------------------------------------------

  private becomeIdle(): void {
    this.isIdle = true;
    this.idleSince = this.idleBooked = this.sim.now;
  }

  /** The time to leave the idle state is idle time: nothing is executed yet. */
  private leaveIdle(): void {
    if (this.waking) return;
    this.waking = true;
    const latency = exitLatencyAfter(this.idleStates, this.sim.now - this.idleSince);
    this.sim.after(latency, this.wake);
  }

  private wokenUp(): void {
    this.waking = false;
    this.bookIdle();
    this.isIdle = false;
    this.decide();
  }

  private bookIdle(): void {
    const { now } = this.sim;
    this.idleTotal += now - this.idleBooked;
    this.idleBooked = now;
  }

  /** Books everything up to now without changing what happens next; for the ends of warm-up and trial. */
  settleBooks(): void {
    const { now } = this.sim;
    if (this.isIdle) this.bookIdle();
    this.books.ledger.idle.set(this.name, this.idleTotal);
    if (this.running === null) return;
    if (now < this.startedAt + this.running.spanTo(this.stop)) {
      this.running.settle(this.startedAt, now);
      this.startedAt = now;
    } else this.decide(this.cut());
  }
}
