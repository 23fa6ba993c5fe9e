/** The bounded series against plain grouping of all observations. */
import { describe, expect, test } from 'vitest';
import { BoundedSeries } from './bounded-series.ts';

/** Observation i is at time 10 i + 1 and has the value i. */
const counting = (observations: number): BoundedSeries => {
  const series = new BoundedSeries();
  for (let i = 0; i < observations; i++) series.record(10 * i + 1, i);
  return series;
};

describe('a bounded series', () => {
  test.each([
    [0, 5, 0],
    [4, 5, 0],
    [5, 5, 1],
    [5 * 4095 + 4, 5, 4095],
    [5 * 4096, 10, 2048],
    [10 * 4096 - 1, 10, 4095],
    [1_000_000, 320, 3125],
  ])('of %i observations has batches of %i and %i of them', (observations, size, count) => {
    const series = counting(observations);
    expect([series.batchSize, series.batches.length]).toEqual([size, count]);
    series.batches.forEach(({ mean, endTime }, i) => {
      expect(mean).toBe(i * size + (size - 1) / 2);
      expect(endTime).toBe(10 * ((i + 1) * size - 1) + 1);
    });
    expect(series.means).toEqual(series.batches.map(({ mean }) => mean));
  });

  test('maps an index back to the time before which those batches lie', () => {
    const series = counting(100);
    expect([series.startTime(0), series.startTime(1), series.startTime(20)]).toEqual([0, 41, 991]);
    expect(() => series.startTime(21)).toThrow(RangeError);
    expect(() => series.startTime(-1)).toThrow(RangeError);
  });

  test('takes equal times, and refuses earlier ones and values that are no numbers', () => {
    const series = new BoundedSeries();
    series.record(5, 1);
    series.record(5, 2);
    expect(() => series.record(4, 1)).toThrow(RangeError);
    expect(() => series.record(Number.NaN, 1)).toThrow(RangeError);
    expect(() => series.record(6, Number.NaN)).toThrow(RangeError);
  });
});
