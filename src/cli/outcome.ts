/** What a run has to put into its results folder. */
import type { PointResult } from '../experiment/run-point.ts';
import type { PointRows } from '../experiment/summarise.ts';
import type { FailedPoint } from './simulate.ts';

export interface Outcome {
  readonly results: readonly PointResult[];
  readonly failures: readonly FailedPoint[];
  readonly rows: PointRows;
  /** Every point ran to its end. */
  readonly complete: boolean;
}
