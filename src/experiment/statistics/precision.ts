/** Whether the replications made so far settle a metric, or more are needed. */
import { type Interval, interval, relativeHalfWidth } from './interval.ts';

export interface PrecisionGoal {
  /** Wanted half width of the interval as a share of the mean: 0.02 is ± 2 %. */
  readonly target: number;
  /** Replications made in any case; at least 2, by default 5. */
  readonly minimum?: number;
  /** Replications after which to give up; at least the minimum. */
  readonly maximum: number;
  readonly confidence?: number;
}

export interface Precision {
  readonly decision: 'enough' | 'more' | 'gaveUp';
  /** Relative half width reached; Infinity below two replications, or about an uncertain mean of zero. */
  readonly achieved: number;
  readonly interval: Interval;
  /** Replications to have in all before asking again; those made, unless more are wanted. */
  readonly next: number;
}

/**
 * Sequential stopping by relative half width (Law & Kelton, Simulation Modeling and Analysis, §9.4.1), after
 * each of the metrics that the goal names. The answer depends on the values alone, never on who computed
 * them. Stopping at a lucky moment costs a little coverage, which the minimum keeps small.
 */
export function precision(values: readonly number[], goal: PrecisionGoal): Precision {
  const { target, minimum = 5, maximum, confidence = 0.95 } = goal;
  if (!(target > 0)) throw new RangeError(`a precision must be above 0, not ${target}`);
  if (!(minimum >= 2 && maximum >= minimum)) {
    throw new RangeError(`replications must be 2 ≤ minimum ≤ maximum, not ${minimum} and ${maximum}`);
  }
  const made = values.length;
  const found = interval(values, confidence);
  const achieved = made < 2 ? Number.POSITIVE_INFINITY : relativeHalfWidth(found);
  const reached = { achieved, interval: found, next: made };
  if (made < minimum) return { ...reached, decision: 'more', next: minimum };
  if (achieved <= target) return { ...reached, decision: 'enough' };
  if (made >= maximum) return { ...reached, decision: 'gaveUp' };
  // The width falls with the root of n; never more than double, since the spread itself is an estimate.
  const excess = achieved / target;
  const wanted = Math.min(2 * made, Math.ceil(made * excess * excess));
  return { ...reached, decision: 'more', next: Math.min(maximum, Math.max(made + 1, wanted)) };
}
