/** What one replication showed of one workload, as far as its verdict needs it. */
import type { PerSecond, Picoseconds } from '../../units.ts';

/** A mean over the first and over the second half of the measured window. */
export type Halves = readonly [first: number, second: number];

export interface Outcome {
  /** Length of the measured window. */
  readonly window: Picoseconds;
  /** Requests that wanted to start, by the scenario's rate or counted; for a closed loop, those that did. */
  readonly offered: PerSecond;
  /** Requests completed. */
  readonly carried: PerSecond;
  /** How far the sender is behind its schedule when the window ends; 0 if it never waits. */
  readonly lagAtEnd: Picoseconds;
  /** Requests submitted and not finished, averaged over time. */
  readonly backlog: Halves;
  /** Mean latency of the requests completed (ps); NaN for a half without any. */
  readonly latency: Halves;
  /** Requests completed in the window. */
  readonly samples: number;
  /** Clients that wait for ever, since their request was dropped at some time. */
  readonly stalled: number;
}
