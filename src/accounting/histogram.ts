/** Latencies of one workload: exact count, extremes, sum and spread, and every percentile to 0.04 %. */

const LARGEST = 2 ** 53;
const PER_OCTAVE = 1024;
/** Octave 0 holds 0 … 1,023 one by one; octave k holds 2^(9+k) ≤ v < 2^(10+k) in 1,024 equal buckets. */
const OCTAVES = 45;
const EXPONENT_OF_OCTAVE_0 = 1023 + 9;

/** One double and its two halves; which half is the upper one depends on the machine. */
const double = new Float64Array([1]);
const halves = new Uint32Array(double.buffer);
const UPPER = halves[1] === 0x3ff00000 ? 1 : 0;

/** A histogram as plain JSON, exact and compact; `counts` alternates (empty buckets skipped, count). */
export interface HistogramJson {
  readonly min: number;
  readonly max: number;
  /** Σv = high × 2^53 + low. */
  readonly sum: readonly [high: number, low: number];
  /** Σv² = high + low, both whole. */
  readonly squares: readonly [high: number, low: number];
  readonly counts: readonly number[];
}

/**
 * Log-linear histogram of whole picoseconds, 0 … 2^53; anything else throws, nothing is clipped.
 * An octave takes 8 KiB and exists once a value fell into it. Merging equals recording everything in
 * one: bit for bit while Σv² < 2^104 (10^12 latencies of a millisecond), beyond that to 2^-100.
 */
export class LatencyHistogram {
  private octaves: (Float64Array | undefined)[] = new Array(OCTAVES).fill(undefined);
  private total = 0;
  private smallest = Number.POSITIVE_INFINITY;
  private largest = Number.NEGATIVE_INFINITY;
  private sumHigh = 0;
  private sumLow = 0;
  private squaresHigh = 0;
  private squaresLow = 0;

  /** Counts one latency (ps). Throws RangeError unless it is whole and 0 … 2^53. */
  record(value: number): void {
    if (!(value >= 0 && value <= LARGEST) || Math.floor(value) !== value) {
      throw new RangeError(`a latency must be whole picoseconds from 0 to 2^53, not ${value}`);
    }
    if (value < PER_OCTAVE) this.octave(0)[value]!++;
    else {
      double[0] = value;
      const upper = halves[UPPER]!;
      this.octave((upper >>> 20) - EXPONENT_OF_OCTAVE_0)[(upper >>> 10) & 1023]!++;
    }
    this.total++;
    if (value < this.smallest) this.smallest = value;
    if (value > this.largest) this.largest = value;
    this.addToSum(value);
    // The square's rounding error, exactly, from the value's two 26-bit halves (Dekker 1971).
    const shifted = value * 134217729;
    const high = shifted - (shifted - value);
    const low = value - high;
    const square = value * value;
    this.addToSquares(square, high * high - square + 2 * high * low + low * low);
  }

  /** Adds all that `other` holds; `other` stays as it is. */
  merge(other: LatencyHistogram): void {
    for (let i = 0; i < OCTAVES; i++) {
      const theirs = other.octaves[i];
      if (theirs === undefined) continue;
      const ours = this.octave(i);
      for (let j = 0; j < PER_OCTAVE; j++) ours[j]! += theirs[j]!;
    }
    const { sumHigh, sumLow, squaresHigh, squaresLow } = other; // read first: other may be this
    this.total += other.total;
    this.smallest = Math.min(this.smallest, other.smallest);
    this.largest = Math.max(this.largest, other.largest);
    this.sumHigh += sumHigh;
    this.addToSum(sumLow);
    this.addToSquares(squaresHigh, squaresLow);
  }

  /** Forgets everything; octaves already opened stay allocated. */
  reset(): void {
    for (const octave of this.octaves) octave?.fill(0);
    this.total = this.sumHigh = this.sumLow = this.squaresHigh = this.squaresLow = 0;
    this.smallest = Number.POSITIVE_INFINITY;
    this.largest = Number.NEGATIVE_INFINITY;
  }

  get count(): number {
    return this.total;
  }

  /** Smallest latency (ps), exact; NaN when empty. */
  get min(): number {
    return this.total === 0 ? Number.NaN : this.smallest;
  }

  /** Largest latency (ps), exact; NaN when empty. */
  get max(): number {
    return this.total === 0 ? Number.NaN : this.largest;
  }

  /** Sum of all latencies (ps), exact however large. */
  get sum(): bigint {
    return BigInt(this.sumHigh) * BigInt(LARGEST) + BigInt(this.sumLow);
  }

  /** Mean latency (ps), correct to the last bit or two; NaN when empty. */
  get mean(): number {
    return (this.sumHigh * LARGEST + this.sumLow) / this.total;
  }

  /** Sample standard deviation (ps, divisor n - 1), free of cancellation; NaN below two values. */
  get stddev(): number {
    if (this.total < 2) return Number.NaN;
    const squares = BigInt(this.squaresHigh) + BigInt(this.squaresLow);
    // n Σv² - (Σv)² in whole numbers; it can go below zero only where Σv² itself is no longer exact.
    const scaled = Number(BigInt(this.total) * squares - this.sum ** 2n);
    return Math.sqrt(Math.max(0, scaled) / this.total / (this.total - 1));
  }

  /**
   * The smallest recorded value (ps) with at least a share `p` (0 … 1) of all values at or below it: nearest
   * rank, no interpolation. Reported is the middle of its bucket, at most 2^-11 (0.05 %) from the true value;
   * exact below 2,048 ps, at the smallest and at the largest value. NaN when empty.
   */
  quantile(p: number): number {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`a quantile is a share from 0 to 1, not ${p}`);
    if (this.total === 0) return Number.NaN;
    const rank = nearestRank(p, this.total);
    if (rank === 1) return this.smallest;
    if (rank === this.total) return this.largest;
    let below = 0;
    for (const [index, count] of this.filled()) {
      below += count;
      if (below >= rank) return Math.min(Math.max(middle(index), this.smallest), this.largest);
    }
    throw new Error(`the histogram's buckets hold ${below} values, not ${this.total}`);
  }

  toJSON(): HistogramJson {
    const counts: number[] = [];
    let next = 0;
    for (const [index, count] of this.filled()) {
      counts.push(index - next, count);
      next = index + 1;
    }
    const [min, max] = this.total === 0 ? [0, 0] : [this.smallest, this.largest];
    const sum = [this.sumHigh, this.sumLow] as const;
    return { min, max, sum, squares: [this.squaresHigh, this.squaresLow], counts };
  }

  /** The histogram that `toJSON` described. Throws RangeError on a bucket or count that cannot be. */
  static fromJSON(json: HistogramJson): LatencyHistogram {
    const histogram = new LatencyHistogram();
    let index = 0;
    for (let i = 0; i < json.counts.length; i += 2) {
      index += json.counts[i]!;
      const count = json.counts[i + 1]!;
      if (!Number.isSafeInteger(count) || count < 1 || !(index >= 0 && index < OCTAVES * PER_OCTAVE)) {
        throw new RangeError(`stored histogram: bucket ${index} cannot hold ${count} values`);
      }
      histogram.octave(Math.floor(index / PER_OCTAVE))[index % PER_OCTAVE] = count;
      histogram.total += count;
      index++;
    }
    if (histogram.total > 0) [histogram.smallest, histogram.largest] = [json.min, json.max];
    [histogram.sumHigh, histogram.sumLow] = json.sum;
    [histogram.squaresHigh, histogram.squaresLow] = json.squares;
    return histogram;
  }

  private octave(index: number): Float64Array {
    const octave = this.octaves[index];
    if (octave !== undefined) return octave;
    const opened = new Float64Array(PER_OCTAVE);
    this.octaves[index] = opened;
    return opened;
  }

  private addToSum(value: number): void {
    if (this.sumLow >= LARGEST - value) {
      this.sumHigh++;
      this.sumLow -= LARGEST - value;
    } else this.sumLow += value;
  }

  /** Adds `value + error` to the double-double sum of squares (Knuth's two-sum, then renormalised). */
  private addToSquares(value: number, error: number): void {
    const sum = this.squaresHigh + value;
    const grown = sum - this.squaresHigh;
    const low = this.squaresHigh - (sum - grown) + (value - grown) + this.squaresLow + error;
    this.squaresHigh = sum + low;
    this.squaresLow = low - (this.squaresHigh - sum);
  }

  /** The buckets that hold something, in order of value. */
  private *filled(): Generator<readonly [index: number, count: number]> {
    for (let i = 0; i < OCTAVES; i++) {
      const octave = this.octaves[i];
      if (octave === undefined) continue;
      for (let j = 0; j < PER_OCTAVE; j++) if (octave[j]! > 0) yield [i * PER_OCTAVE + j, octave[j]!];
    }
  }
}

/** Smallest rank r ≥ 1 with r / n ≥ p; the corrections undo the rounding of p × n. */
function nearestRank(p: number, n: number): number {
  let rank = Math.max(1, Math.ceil(p * n));
  if (rank > 1 && (rank - 1) / n >= p) rank--;
  if (rank < n && rank / n < p) rank++;
  return rank;
}

/** The middle (ps) of a bucket, rounded up to a whole picosecond. */
function middle(index: number): number {
  const octave = Math.floor(index / PER_OCTAVE);
  if (octave === 0) return index;
  const width = 2 ** (octave - 1);
  return (PER_OCTAVE + (index % PER_OCTAVE)) * width + Math.floor(width / 2);
}
