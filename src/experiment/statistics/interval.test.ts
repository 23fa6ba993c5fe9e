/** The interval against the published t values, and its promised coverage. */
import { describe, expect, test } from 'vitest';
import { interval, relativeHalfWidth } from './interval.ts';
import { normals } from './lcg.test-support.ts';

describe('an interval over replications', () => {
  test('is mean ± t s / √n', () => {
    const { mean, low, high, halfWidth, replications } = interval([1, 2, 3, 4, 5]);
    expect([mean, replications]).toEqual([3, 5]);
    expect(halfWidth).toBeCloseTo(2.776445 * Math.sqrt(2.5 / 5), 6); // t(0.975, 4) of the tables
    expect([low, high]).toEqual([mean - halfWidth, mean + halfWidth]);
    expect(interval([1, 2, 3, 4, 5], 0.99).halfWidth).toBeCloseTo(4.604095 * Math.sqrt(2.5 / 5), 6);
  });

  test.each([[[7.3]], [[0.1, 0.1, 0.1]], [[0, 0]]])('of %j has no width', (values) => {
    const point = values[0]!;
    const expected = { mean: point, low: point, high: point, halfWidth: 0, replications: values.length };
    expect(interval(values)).toEqual(expected);
    expect(relativeHalfWidth(interval(values))).toBe(0);
  });

  test.each([0.9, 0.95, 0.99])('covers the true mean with the probability %d', (confidence) => {
    const normal = normals(1);
    const trials = 4000;
    let covered = 0;
    for (let trial = 0; trial < trials; trial++) {
      const values = Array.from({ length: 5 }, () => 50 + 10 * normal());
      const { low, high } = interval(values, confidence);
      if (low <= 50 && 50 <= high) covered++;
    }
    const standardError = Math.sqrt((confidence * (1 - confidence)) / trials);
    expect(Math.abs(covered / trials - confidence)).toBeLessThan(4 * standardError);
  });

  test('has a relative half width that ignores the sign of the mean', () => {
    expect(relativeHalfWidth(interval([-1, -3]))).toBeCloseTo(12.7062 / 2, 4); // s / √2 = 1
    expect(relativeHalfWidth(interval([-1, 1]))).toBe(Number.POSITIVE_INFINITY);
  });

  test.each([[[]], [[1, Number.NaN]], [[Number.POSITIVE_INFINITY]]])('of %j is refused', (values) => {
    expect(() => interval(values)).toThrow(RangeError);
  });

  test.each([0, 1, 95])('with confidence %d is refused', (confidence) => {
    expect(() => interval([1, 2], confidence)).toThrow(RangeError);
  });
});
