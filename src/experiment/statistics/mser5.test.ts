/** The truncation against its definition, and against transients of known shape. */
import fc from 'fast-check';
import { mean } from 'simple-statistics';
import { describe, expect, test } from 'vitest';
import { normals } from './lcg.test-support.ts';
import { mser5 } from './mser5.ts';

/** The definition, term by term. */
const statisticAt = (series: readonly number[], index: number): number => {
  const rest = series.slice(index);
  const centre = mean(rest);
  return rest.reduce((sum, value) => sum + (value - centre) ** 2, 0) / rest.length ** 2;
};

describe('MSER-5', () => {
  test('finds the smallest statistic of all truncations that leave more than five batches', () => {
    const series = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 10, maxLength: 60 });
    fc.assert(
      fc.property(series, (batchMeans) => {
        const { index, statistic } = mser5(batchMeans);
        const all = batchMeans.slice(0, -5).map((_, i) => statisticAt(batchMeans, i));
        expect(statistic).toBeCloseTo(all[index]!, 6);
        expect(statistic).toBeCloseTo(Math.min(...all), 6);
      }),
    );
  });

  test('cuts a step exactly', () => {
    const step = Array.from({ length: 100 }, (_, i) => (i < 20 ? 100 : i % 2));
    expect(mser5(step)).toEqual({ index: 20, statistic: expect.closeTo(0.25 / 80, 12), tooLate: false });
  });

  test('keeps everything of a constant series', () => {
    expect(mser5(Array(50).fill(0.1))).toEqual({ index: 0, statistic: 0, tooLate: false });
  });

  test('removes the bias of an exponential transient', () => {
    // Bias of the whole: 10 Σ e^(-i/20) / 1000 = 0.205; noise of one truncated mean: 0.03, of 50: 0.005.
    const truncated = Array.from({ length: 50 }, (_, seed) => {
      const normal = normals(seed + 1);
      const series = Array.from({ length: 1000 }, (_, i) => 1 + 10 * Math.exp(-i / 20) + normal());
      return mean(series.slice(mser5(series).index));
    });
    expect(Math.abs(mean(truncated) - 1)).toBeLessThan(0.03);
  });

  test('calls a series that never levels out too late', () => {
    expect(mser5(Array.from({ length: 100 }, (_, i) => i)).tooLate).toBe(true);
    const lateStep = Array.from({ length: 100 }, (_, i) => (i < 60 ? 100 : i % 2));
    expect(mser5(lateStep)).toMatchObject({ index: 60, tooLate: true });
  });

  test.each([0, 1, 5, 9])('cannot judge %d batches', (count) => {
    expect(mser5(Array(count).fill(1))).toMatchObject({ index: 0, tooLate: true });
  });

  test('refuses a mean that is no number', () => {
    expect(() => mser5([...Array(20).fill(1), Number.NaN])).toThrow(RangeError);
  });
});
