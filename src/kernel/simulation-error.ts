/** What a run throws when it cannot go on: a broken invariant, or the event budget. */

/** An invariant of the run is broken: our bug, never the user's (exit status 3). */
export class SimulationError extends Error {
  override readonly name: string = 'SimulationError';
}

/** The run fired as many events as it was allowed to; the message says when in simulated time, and what to do. */
export class BudgetError extends Error {
  override readonly name: string = 'BudgetError';
}
