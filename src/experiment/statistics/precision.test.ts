/** The stopping rule on hand-made values, and the number of replications that theory predicts. */
import { mean } from 'simple-statistics';
import { describe, expect, test } from 'vitest';
import { normals } from './lcg.test-support.ts';
import { precision } from './precision.ts';

const goal = { target: 0.02, maximum: 100 };

describe('precision', () => {
  test('always wants the minimum, however alike the values', () => {
    expect(precision([7], goal)).toMatchObject({
      decision: 'more',
      achieved: Number.POSITIVE_INFINITY,
      next: 5,
    });
    expect(precision([7, 7, 7, 7], goal)).toMatchObject({ decision: 'more', next: 5 });
    expect(precision([7, 7, 7, 7, 7], goal)).toMatchObject({ decision: 'enough', achieved: 0, next: 5 });
  });

  test('asks for as many more as the width suggests, at most twice', () => {
    const values = [99, 100, 101, 100, 100]; // t s / √n = 2.776445 √(0.5 / 5) = 0.877989
    expect(precision(values, { ...goal, target: 0.0088 }).decision).toBe('enough');
    expect(precision(values, { ...goal, target: 0.007 })).toMatchObject({ decision: 'more', next: 8 }); // 7.87
    expect(precision(values, { ...goal, target: 0.0001 })).toMatchObject({ decision: 'more', next: 10 });
    expect(precision(values, { target: 0.0001, maximum: 7 })).toMatchObject({ decision: 'more', next: 7 });
  });

  test('gives up at the maximum and says what it has', () => {
    const found = precision([99, 100, 101, 100, 100], { target: 0.001, maximum: 5 });
    expect(found).toMatchObject({ decision: 'gaveUp', next: 5 });
    expect(found.achieved).toBeCloseTo(0.00877989, 8);
    expect(found.interval.mean).toBe(100);
  });

  test('stops near (z s / target)² replications and keeps its coverage', () => {
    const runs = Array.from({ length: 400 }, (_, seed) => {
      const normal = normals(seed + 1);
      const values: number[] = [];
      for (let wanted = 5; ; ) {
        while (values.length < wanted) values.push(100 + 10 * normal());
        const { decision, next, interval } = precision(values, { target: 0.02, maximum: 1000 });
        if (decision === 'enough')
          return { made: values.length, covers: interval.low <= 100 && 100 <= interval.high };
        wanted = next;
      }
    });
    // (1.96 × 10 / 2)² = 96; the sequence overshoots a little and, rarely, stops far too early.
    expect(Math.abs(mean(runs.map(({ made }) => made)) / 96 - 1)).toBeLessThan(0.1);
    expect(runs.filter(({ covers }) => covers).length / runs.length).toBeGreaterThan(0.9);
  });

  test.each([
    { target: 0, maximum: 10 },
    { target: Number.NaN, maximum: 10 },
    { target: 0.1, maximum: 4 },
    { target: 0.1, minimum: 1, maximum: 4 },
  ])('refuses the goal %j', (wrong) => {
    expect(() => precision([1, 2], wrong)).toThrow(RangeError);
  });
});
