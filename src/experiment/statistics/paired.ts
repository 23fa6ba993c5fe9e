/** Comparing two configurations that saw the same random numbers, replication by replication. */
import { sampleCovariance, sampleVariance } from 'simple-statistics';
import { type Interval, interval } from './interval.ts';
import { studentTQuantile } from './student-t.ts';

/** The ratio of two means; its interval need not be symmetric. */
export interface RatioInterval {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly replications: number;
}

/**
 * Interval of the mean of a - b over replications, in their unit. What common random numbers do alike to
 * both sides cancels, so it is narrower than two separate intervals suggest. Needs arrays of equal length.
 */
export function pairedDifference(a: readonly number[], b: readonly number[], confidence = 0.95): Interval {
  checkPairs(a, b);
  return interval(
    a.map((value, i) => value - b[i]!),
    confidence,
  );
}

/** Whether an interval of differences excludes zero; never true of a single replication. */
export const differs = ({ low, high, replications }: Interval): boolean =>
  replications > 1 && (low > 0 || high < 0);

/**
 * Interval of mean(a) / mean(b) by Fieller's theorem (Fieller 1954, J. R. Stat. Soc. B 16): all ratios r for
 * which the paired mean of a - r b does not differ from zero. Exact for normal values, unlike the delta
 * method. -Infinity … Infinity when mean(b) itself does not differ from zero: any ratio is then possible.
 * One replication gives low = high = ratio.
 */
export function ratioOfMeans(a: readonly number[], b: readonly number[], confidence = 0.95): RatioInterval {
  checkPairs(a, b);
  const replications = a.length;
  const below = interval(b, confidence).mean;
  const ratio = interval(a, confidence).mean / below;
  if (replications === 1) return { ratio, low: ratio, high: ratio, replications };
  const t = studentTQuantile((1 + confidence) / 2, replications - 1);
  const scale = (t * t) / replications;
  const square = below * below - scale * sampleVariance(b);
  if (!(square > 0))
    return { ratio, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, replications };
  // Solved for r - ratio rather than r, where large equal terms would cancel: rest has a mean of zero.
  const rest = a.map((value, i) => value - ratio * b[i]!);
  const half = scale * sampleCovariance(rest, b);
  const root = Math.sqrt(half * half + square * scale * sampleVariance(rest));
  return { ratio, low: ratio - (half + root) / square, high: ratio - (half - root) / square, replications };
}

function checkPairs(a: readonly number[], b: readonly number[]): void {
  if (a.length !== b.length) {
    throw new RangeError(`paired values need the same replications, not ${a.length} and ${b.length}`);
  }
}
