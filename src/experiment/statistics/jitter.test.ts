/** Jitter by hand, and of independent exponential delays, whose differences are Laplace distributed. */
import { mean, sampleStandardDeviation } from 'simple-statistics';
import { describe, expect, test } from 'vitest';
import { Jitter } from './jitter.ts';
import { exponentials } from './lcg.test-support.ts';

const jitterOf = (delays: readonly number[]): Jitter => {
  const jitter = new Jitter();
  for (const delay of delays) jitter.record(delay);
  return jitter;
};

describe('jitter', () => {
  test('follows the recursion of RFC 3550', () => {
    expect(jitterOf([100, 116]).rfc3550).toBe(1);
    expect(jitterOf([100, 116, 100]).rfc3550).toBe(1 + (16 - 1) / 16);
  });

  test('takes the differences of successive delays', () => {
    const jitter = jitterOf([10, 14, 12, 20]); // +4, -2, +8: mean 10/3
    expect(jitter.meanAbsolute).toBeCloseTo(14 / 3, 12);
    expect(jitter.stddev).toBeCloseTo(Math.sqrt((84 - 100 / 3) / 2), 12);
  });

  test('is zero for constant delays and below two packets, and after a reset', () => {
    const used = jitterOf([3, 9, 4]);
    used.reset();
    for (const jitter of [new Jitter(), jitterOf([5]), jitterOf([5, 5, 5, 5]), used]) {
      expect([jitter.meanAbsolute, jitter.stddev, jitter.rfc3550]).toEqual([0, 0, 0]);
    }
    used.record(50);
    expect(used.meanAbsolute).toBe(0);
  });

  // |D| of two independent exponentials of mean m is exponential of mean m; D has variance 2 m².
  test.each([
    ['meanAbsolute', 1],
    ['stddev', Math.SQRT2],
    ['rfc3550', 1],
  ] as const)('%s of exponential delays is %d means', (measure, predicted) => {
    // The smoothed estimate remembers some 31 packets, so it takes many short streams.
    const [streams, length] = measure === 'rfc3550' ? [2000, 400] : [40, 20_000];
    const found = Array.from({ length: streams }, (_, seed) => {
      const delay = exponentials(seed + 1);
      return jitterOf(Array.from({ length }, () => delay(1)))[measure];
    });
    const standardError = sampleStandardDeviation(found) / Math.sqrt(streams);
    expect(Math.abs(mean(found) - predicted)).toBeLessThan(4 * standardError);
    expect(standardError / predicted).toBeLessThan(0.01);
  });

  test('refuses a delay that is no number', () => {
    expect(() => jitterOf([Number.NaN])).toThrow(RangeError);
  });
});
