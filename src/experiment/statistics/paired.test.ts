/** Paired comparisons: what common random numbers buy, and the coverage of Fieller's interval. */
import fc from 'fast-check';
import { mean, sampleStandardDeviation } from 'simple-statistics';
import { describe, expect, test } from 'vitest';
import { interval } from './interval.ts';
import { normals } from './lcg.test-support.ts';
import { differs, pairedDifference, ratioOfMeans } from './paired.ts';

/** t(0.975, 5) of the tables. */
const T5 = 2.570582;

describe('a paired difference', () => {
  test('forgets what both sides share', () => {
    const shared = [10, 20, 30, 40, 50];
    const found = pairedDifference(
      shared.map((value) => value + 3),
      shared,
    );
    expect(found).toEqual({ mean: 3, low: 3, high: 3, halfWidth: 0, replications: 5 });
    expect(differs(found)).toBe(true);
    expect(interval(shared).halfWidth).toBeGreaterThan(19);
  });

  test('is not significant when zero is inside, or from one replication', () => {
    expect(differs(pairedDifference([1, 2, 3], [2, 2, 2]))).toBe(false);
    expect(differs(pairedDifference([5], [2]))).toBe(false);
  });

  test('needs the same replications on both sides', () => {
    expect(() => pairedDifference([1, 2], [1])).toThrow(RangeError);
    expect(() => ratioOfMeans([1, 2], [1])).toThrow(RangeError);
  });
});

describe('a ratio of means', () => {
  test('ends where the mean of a - r b is just t standard errors from zero', () => {
    const measured = fc.array(
      fc.tuple(fc.double({ min: 1, max: 9, noNaN: true }), fc.double({ min: 50, max: 60, noNaN: true })),
      {
        minLength: 6,
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(measured, (pairs) => {
        const [a, b] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
        const { ratio, low, high } = ratioOfMeans(a, b);
        expect(ratio).toBeCloseTo(mean(a) / mean(b), 12);
        for (const end of [low, high]) {
          const rest = a.map((value, i) => value - end * b[i]!);
          const reach = (T5 * sampleStandardDeviation(rest)) / Math.sqrt(6);
          expect(Math.abs(mean(rest))).toBeCloseTo(reach, 5);
        }
      }),
    );
  });

  test('of proportional values is exact, whatever their spread', () => {
    const { ratio, low, high } = ratioOfMeans([20, 22, 24, 26, 28], [10, 11, 12, 13, 14]);
    expect([ratio, low, high]).toEqual([2, 2, 2]);
  });

  test('covers the true ratio with the asked probability, even of noisy values', () => {
    const normal = normals(2);
    const trials = 4000;
    let covered = 0;
    for (let trial = 0; trial < trials; trial++) {
      const common = Array.from({ length: 6 }, () => 30 * normal());
      const a = common.map((value) => 300 + value + 40 * normal());
      const b = common.map((value) => 100 + value + 10 * normal());
      const { low, high } = ratioOfMeans(a, b);
      if (low <= 3 && 3 <= high) covered++;
    }
    expect(Math.abs(covered / trials - 0.95)).toBeLessThan(4 * Math.sqrt((0.95 * 0.05) / trials));
  });

  test('may be anything when the divisor may be zero', () => {
    const { low, high } = ratioOfMeans([5, 6, 7], [-1, 0, 2]);
    expect([low, high]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  test('of one replication is a point', () => {
    expect(ratioOfMeans([6], [2])).toEqual({ ratio: 3, low: 3, high: 3, replications: 1 });
  });
});
