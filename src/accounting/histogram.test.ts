/** The histogram against exact sorted arrays, whole-number arithmetic and the exponential distribution. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LatencyHistogram } from './histogram.ts';

/** Half a bucket of 1,024 to the octave. */
const TOLERANCE = 2 ** -11;

const holding = (values: Iterable<number>): LatencyHistogram => {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
};

/** Nearest rank in its textbook form, by counting: no rounding of p × n to get wrong. */
const exactQuantile = (values: readonly number[], permille: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.find((_, i) => (i + 1) * 1000 >= permille * sorted.length)!;
};

/** Latencies of every order of magnitude, from nothing to the longest trial. */
const latency = fc
  .tuple(fc.integer({ min: 0, max: 53 }), fc.double({ min: 0.5, max: 1, noNaN: true }))
  .map(([octave, share]) => Math.floor(share * 2 ** octave));
const latencies = fc.array(latency, { minLength: 1, maxLength: 300 });

const roundTrip = (histogram: LatencyHistogram): LatencyHistogram =>
  LatencyHistogram.fromJSON(JSON.parse(JSON.stringify(histogram)));

describe('percentiles', () => {
  test('differ from those of the sorted values by half a bucket at most', () => {
    fc.assert(
      fc.property(latencies, fc.integer({ min: 0, max: 1000 }), (values, permille) => {
        const exact = exactQuantile(values, permille);
        const found = holding(values).quantile(permille / 1000);
        expect(Number.isInteger(found)).toBe(true);
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact < 2048 ? 0 : TOLERANCE * exact);
      }),
      { numRuns: 1000 },
    );
  });

  test('never decrease with the share and begin and end at the exact extremes', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const histogram = holding(values);
        const found = Array.from({ length: 101 }, (_, i) => histogram.quantile(i / 100));
        expect(found).toEqual(found.toSorted((a, b) => a - b));
        expect([found[0], found[100]]).toEqual([histogram.min, histogram.max]);
      }),
    );
  });

  test('are those of the exponential distribution: -ln(1 - p) means', () => {
    const count = 1e6;
    const mean = 30e6;
    const histogram = new LatencyHistogram();
    for (let i = 0; i < count; i++) histogram.record(Math.round(-Math.log1p(-(i + 0.5) / count) * mean));
    for (const p of [0.5, 0.9, 0.99, 0.999, 0.9999]) {
      const predicted = -Math.log1p(-p) * mean;
      const halfRank = (0.5 / count / (1 - p)) * mean; // the grid of values is that coarse
      expect(Math.abs(histogram.quantile(p) - predicted)).toBeLessThan(
        TOLERANCE * predicted + 1.01 * halfRank + 1,
      );
    }
    expect(histogram.mean / mean).toBeCloseTo(1, 5);
    expect(histogram.stddev / mean).toBeCloseTo(1, 4);
  });

  test('p07 of 100 values is the 7th, though 0.07 × 100 is above 7 in doubles', () => {
    expect(holding(Array.from({ length: 100 }, (_, i) => i + 1)).quantile(0.07)).toBe(7);
  });

  test.each([-0.1, 1.1, 99, Number.NaN])('a share of %d is refused', (p) => {
    expect(() => holding([1]).quantile(p)).toThrow(RangeError);
  });
});

describe('moments', () => {
  test('count, extremes, sum and deviation are those of whole-number arithmetic', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const histogram = holding(values);
        const sum = values.reduce((total, value) => total + BigInt(value), 0n);
        expect(histogram.count).toBe(values.length);
        expect(histogram.sum).toBe(sum);
        expect([histogram.min, histogram.max]).toEqual([Math.min(...values), Math.max(...values)]);
        expect(histogram.mean / (Number(sum) / values.length || 1)).toBeCloseTo(sum === 0n ? 0 : 1, 14);
        if (values.length < 2) return;
        // Σ (n v - Σv)² = n² (n - 1) s²
        const n = BigInt(values.length);
        const spread = values.reduce((total, value) => total + (n * BigInt(value) - sum) ** 2n, 0n);
        const exact = Math.sqrt(Number(spread) / values.length ** 2 / (values.length - 1));
        expect(Math.abs(histogram.stddev - exact)).toBeLessThanOrEqual(1e-12 * exact);
      }),
    );
  });

  test('a spread of one picosecond is seen on top of nineteen minutes', () => {
    expect(holding([2 ** 50, 2 ** 50 + 1, 2 ** 50 + 2]).stddev).toBe(1);
  });

  test('an empty histogram has none, and one value has no deviation', () => {
    const { count, sum, min, max, mean, stddev } = new LatencyHistogram();
    expect([count, sum]).toEqual([0, 0n]);
    expect([min, max, mean, stddev, new LatencyHistogram().quantile(0.5)]).toEqual(Array(5).fill(Number.NaN));
    expect(holding([5]).stddev).toBeNaN();
  });
});

describe('merging and storing', () => {
  test('merged parts equal one histogram of everything, in either order', () => {
    fc.assert(
      fc.property(fc.array(latency), fc.array(latency), (one, two) => {
        // Squares are exact to the bit below 2^104 in sum: see the next test for the rest.
        const [a, b] = [one, two].map((values) => values.filter((value) => value < 2 ** 44)) as [
          number[],
          number[],
        ];
        const [ab, ba] = [holding(a), holding(b)];
        ab.merge(holding(b));
        ba.merge(holding(a));
        expect(ab.toJSON()).toEqual(holding([...a, ...b]).toJSON());
        expect(ba.toJSON()).toEqual(ab.toJSON());
      }),
    );
  });

  test('so do the longest latencies, up to the last bits of the squares', () => {
    const values = [2 ** 53, 2 ** 53 - 1, 2 ** 53 - 12345, 3];
    const merged = holding(values.slice(0, 2));
    merged.merge(holding(values.slice(2)));
    expect(merged.sum).toBe(holding(values).sum);
    expect(merged.stddev / holding(values).stddev).toBeCloseTo(1, 14);
  });

  test('a histogram may be merged with itself', () => {
    const histogram = holding([1, 5000]);
    histogram.merge(histogram);
    expect(histogram.toJSON()).toEqual(holding([1, 1, 5000, 5000]).toJSON());
  });

  test('JSON text brings everything back', () => {
    fc.assert(
      fc.property(fc.array(latency), (values) => {
        const stored = roundTrip(holding(values));
        expect(stored.toJSON()).toEqual(holding(values).toJSON());
        expect(stored.quantile(0.9)).toEqual(holding(values).quantile(0.9));
        expect(stored.count).toBe(values.length);
      }),
    );
  });

  test.each([[[-1, 5]], [[0, 0]], [[0, 1.5]], [[45 * 1024, 1]], [[3]]])(
    'stored buckets %j are refused',
    (counts) => {
      expect(() => LatencyHistogram.fromJSON({ ...new LatencyHistogram().toJSON(), counts })).toThrow(
        RangeError,
      );
    },
  );

  test('a reset histogram is as good as new', () => {
    const histogram = holding([0, 7, 1e9]);
    histogram.reset();
    expect(histogram.toJSON()).toEqual(new LatencyHistogram().toJSON());
    histogram.record(12);
    expect(histogram.toJSON()).toEqual(holding([12]).toJSON());
  });
});

describe('the range', () => {
  test.each([0, 1, 1023, 1024, 2047, 2048, 2049, 2 ** 32, 2 ** 53 - 1, 2 ** 53])(
    '%d is recorded',
    (value) => {
      // Extremes around it, since those are exact anyway.
      const median = holding([0, value, 2 ** 53]).quantile(0.5);
      expect(Math.abs(median - value)).toBeLessThanOrEqual(value < 2048 ? 0 : TOLERANCE * value);
    },
  );

  test.each([-1, 0.5, 2 ** 53 + 2, Number.NaN, Number.POSITIVE_INFINITY])(
    '%d is refused, not clipped',
    (value) => {
      const histogram = new LatencyHistogram();
      expect(() => histogram.record(value)).toThrow(RangeError);
      expect(histogram.toJSON()).toEqual(new LatencyHistogram().toJSON());
    },
  );
});
