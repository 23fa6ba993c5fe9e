/** Where mean margins cross 1, and how far that may be off. */
import { type Interval, interval } from '../statistics/interval.ts';
import { margined, type Seen } from './looks.ts';

/** By linear interpolation; the outermost position where all or none hold. */
const crossed = (seen: readonly Seen[], without = -1): number => {
  const margins = margined(seen, without);
  const at = margins.findLastIndex((margin) => margin <= 1);
  if (at < 0) return seen[0].position;
  const next = seen[at + 1];
  if (next === undefined) return seen[at].position;
  const share = (1 - margins[at]) / (margins[at + 1] - margins[at]);
  return seen[at].position + share * (next.position - seen[at].position);
};

/**
 * The position with its interval, by the jackknife over replications (Miller, The jackknife: a review, Biometrika 61, 1974): replication i of
 * every value saw the same random numbers, and is left out of all of them at once. What curvature would shift is thereby corrected.
 */
export const crossing = (seen: readonly Seen[], replications: number, confidence: number): Interval => {
  const whole = crossed(seen);
  const values = Array.from(
    { length: replications },
    (_, i) => replications * whole - (replications - 1) * crossed(seen, i),
  );
  return interval(values, confidence);
};
