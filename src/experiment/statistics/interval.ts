/** What a handful of replications say about a mean: Student's interval. */
import { mean, sampleStandardDeviation } from 'simple-statistics';
import { studentTQuantile } from './student-t.ts';

/** A mean over replications and how far it may be off; all but `replications` in the unit of the values. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly halfWidth: number;
  readonly replications: number;
}

/**
 * The two-sided interval that covers the true mean with probability `confidence` (0 … 1 exclusive), for
 * independent and roughly normal values: mean ± t(n - 1) s / √n. One value, or values all equal, give
 * low = high = mean: nothing is known of their spread, so look at `replications` before believing it.
 * Throws RangeError on no values or one that is not finite.
 */
export function interval(values: readonly number[], confidence = 0.95): Interval {
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`a confidence must lie between 0 and 1, not ${confidence}`);
  }
  checkFinite(values);
  const replications = values.length;
  const first = values[0]!;
  if (values.every((value) => value === first)) {
    return { mean: first, low: first, high: first, halfWidth: 0, replications };
  }
  const centre = mean(values);
  const standardError = sampleStandardDeviation(values) / Math.sqrt(replications);
  const halfWidth = studentTQuantile((1 + confidence) / 2, replications - 1) * standardError;
  return { mean: centre, low: centre - halfWidth, high: centre + halfWidth, halfWidth, replications };
}

/** Half width as a share of the mean's size: 0.02 is ± 2 %. Infinity when an uncertain mean is zero. */
export function relativeHalfWidth({ mean, halfWidth }: Interval): number {
  return halfWidth === 0 ? 0 : halfWidth / Math.abs(mean);
}

function checkFinite(values: readonly number[]): void {
  if (values.length === 0) throw new RangeError('an interval needs at least one replication');
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new RangeError(`replication ${bad} has no finite value: ${values[bad]}`);
}
