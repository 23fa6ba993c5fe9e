/** The world of one trial: the clock and everything that is yet to happen. */
import { inMicroseconds, LONGEST_TRIAL, type Picoseconds } from '../units.ts';
import { EventList } from './event-list.ts';
import { BudgetError, SimulationError } from './simulation-error.ts';

export { BudgetError, SimulationError };

declare const handlerBrand: unique symbol;
declare const ticketBrand: unique symbol;
/** Names a function that events may call: an index into the simulation's table. */
export type Handler = number & { readonly [handlerBrand]: true };
/** Names one scheduled event, for ever: no two events of a run share a ticket. */
export type Ticket = number & { readonly [ticketBrand]: true };

/** So many events without the clock moving are a loop, not a model. */
const MOST_AT_ONE_INSTANT = 1e6;

export class Simulation {
  private readonly list = new EventList();
  private readonly table: ((argument: number) => void)[] = [];
  private readonly labels: string[] = [];
  private readonly maxEvents: number;
  private fired = 0;
  /** The clock. NaN at first, so that V8 gives it a field that holds a double. */
  private instant = Number.NaN;
  private running = false;
  private stopped = false;
  /** Why the run cannot go on. */
  private failure: Error | undefined = undefined;

  /** `maxEvents`: events this run may fire in all, from 1 to 2^32 (default 500 million). */
  constructor(options: { maxEvents?: number } = {}) {
    const { maxEvents = 500e6 } = options;
    if (!(Number.isInteger(maxEvents) && maxEvents >= 1 && maxEvents <= 2 ** 32)) {
      throw new RangeError(`maxEvents is ${maxEvents}: a whole number from 1 to 2^32`);
    }
    this.maxEvents = maxEvents;
    this.instant = 0;
  }

  /** The present simulated time. */
  get now(): Picoseconds {
    return this.instant as Picoseconds;
  }

  /** Events fired so far. */
  get events(): number {
    return this.fired;
  }

  /** Events for which there is memory: grows with the most that were ever pending at a time, not with the length of the run. */
  get capacity(): number {
    return this.list.capacity;
  }

  /** Registers a function that events may call; done once per function, while building. `label` names it in errors. */
  handler(run: (argument: number) => void, label: string = run.name): Handler {
    this.labels.push(label);
    return (this.table.push(run) - 1) as Handler;
  }

  /**
   * Schedules `handler` at `time`; events at one instant fire in the order they were scheduled.
   * @throws SimulationError if `time` is before `now`, not an integer, or beyond the longest trial.
   */
  at(time: Picoseconds, handler: Handler, argument = 0): Ticket {
    if (!(time >= this.instant && time <= LONGEST_TRIAL && Math.floor(time) === time))
      this.refuse(time, handler);
    this.list.push(time, handler, argument);
    return this.list.ticket as Ticket;
  }

  /** Schedules `handler` at `now + delay`; errors as in `at`. */
  after(delay: Picoseconds, handler: Handler, argument = 0): Ticket {
    const time = this.instant + delay;
    if (!(delay >= 0 && time <= LONGEST_TRIAL && Math.floor(time) === time)) this.refuse(time, handler);
    this.list.push(time, handler, argument);
    return this.list.ticket as Ticket;
  }

  /** Removes a pending event. False if it has fired or was cancelled already: an old ticket does no harm. */
  cancel(ticket: Ticket): boolean {
    return this.list.cancel(ticket);
  }

  /** Calls a handler now, within the present event: for components that finish somebody else's work. */
  call(handler: Handler, argument: number): void {
    this.table[handler]!(argument);
  }

  /**
   * Fires all events up to and including `until`, then sets `now` to `until`; may be called again to go on.
   * @throws SimulationError if `until` is past or more than 10^6 events fire at one instant; BudgetError after `maxEvents`; either
   * of them again when called again.
   */
  run(until: Picoseconds): void {
    if (!(until >= this.now) || this.running) {
      throw new SimulationError(`run(${until}) at ${this.now} ps${this.running ? ', within a run' : ''}`);
    }
    if (this.failure) throw this.failure;
    this.running = true;
    this.stopped = false;
    try {
      this.fireUntil(until);
      if (!this.stopped) this.list.time = this.instant = until;
    } finally {
      this.running = false;
    }
  }

  /** Ends the run after the present event; the clock stays where it is. */
  stop(): void {
    this.stopped = true;
  }

  private fireUntil(until: number): void {
    const { list, table, maxEvents } = this;
    let atThisInstant = 0;
    while (!this.stopped) {
      const handler = list.pop(until);
      if (handler < 0) return;
      if (this.instant !== list.time) {
        this.instant = list.time;
        atThisInstant = 0;
      }
      if (++atThisInstant > MOST_AT_ONE_INSTANT) this.reportLoop(handler);
      if (this.fired >= maxEvents) this.reportBudget();
      this.fired++;
      table[handler]!(list.argument);
    }
  }

  private refuse(time: number, handler: Handler): never {
    throw new SimulationError(
      `'${this.labels[handler]}' scheduled at ${time} ps when it is ${this.now} ps: times are integers, not past, below 2^53`,
    );
  }

  private reportLoop(handler: number): never {
    this.failure = new SimulationError(
      `more than ${MOST_AT_ONE_INSTANT} events at ${this.now} ps without the clock moving; the next is '${this.labels[handler]}'`,
    );
    throw this.failure;
  }

  private reportBudget(): never {
    this.failure = new BudgetError(
      `the run used up its budget of ${this.maxEvents} events at ${inMicroseconds(this.now)} us of simulated time: ` +
        'measure for a shorter time, lower the offered load, or raise run.maxEvents',
    );
    throw this.failure;
  }
}
