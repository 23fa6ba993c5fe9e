/** Where the warm-up ends: the truncation that makes the mean of the rest most certain (MSER-5). */

/** Batches at the very end that may not be judged alone: the statistic of so few is small by accident. */
const LAST = 5;

export interface Truncation {
  /** Batches to discard from the front. */
  readonly index: number;
  /** The statistic there: variance of the rest over its length, in the squared unit of the series. */
  readonly statistic: number;
  /** No level reached before the last half, or hardly any batches: the pilot was too short to tell. */
  readonly tooLate: boolean;
}

/**
 * MSER-5 on the means of batches of 5 observations (White, Simulation 69(6), 1997; White, Cobb & Spratt,
 * Winter Simulation Conference 2000): the d with the smallest Σ(y - mean of the rest)² / (m - d)² over the
 * batches y from d on; the earliest such d. Throws RangeError on a mean that is not finite.
 */
export function mser5(batchMeans: readonly number[]): Truncation {
  const batches = batchMeans.length;
  let best = { index: 0, statistic: Number.POSITIVE_INFINITY };
  let [mean, squares] = [0, 0];
  // Backwards, since the rest then grows by one batch at a time (Welford's update).
  for (let index = batches - 1; index >= 0; index--) {
    const value = batchMeans[index]!;
    if (!Number.isFinite(value)) throw new RangeError(`batch ${index} has no finite mean: ${value}`);
    const length = batches - index;
    const off = value - mean;
    mean += off / length;
    squares += off * (value - mean);
    const statistic = squares / (length * length);
    if (length > LAST && statistic <= best.statistic) best = { index, statistic };
  }
  return { ...best, tooLate: batches < 2 * LAST || best.index > batches / 2 };
}
