/** What a core does when it has nothing to run, and how long it takes to come back. */
import type { Picoseconds } from '../../units.ts';

/** An idle state: entered after the core has been idle for `after`, left in `exitLatency`. */
export interface IdleState {
  readonly name: string;
  readonly after: Picoseconds;
  readonly exitLatency: Picoseconds;
}

/**
 * Simplification: the core steps down a ladder as idle time passes (Linux's `ladder` governor) instead of
 * predicting the idle period as `menu` and `teo` do. It matters where wake-ups are regular and rare: those
 * governors would go to the deep state at once.
 * @param ladder states in the order of `after`; the first must begin at 0.
 */
export const exitLatencyAfter = (ladder: readonly IdleState[], idle: number): Picoseconds => {
  let latency = 0 as Picoseconds;
  for (const state of ladder) {
    if (state.after > idle) break;
    latency = state.exitLatency;
  }
  return latency;
};
