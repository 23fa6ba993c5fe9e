/** Axes: ticks that people expect, within the axis, never a flood. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linearAxis, logAxis, logTicks, wantsLog } from './scale.ts';

test('ticks are 1-2-5 over a few decades and powers of ten over many', () => {
  expect(logTicks([8, 600])).toEqual([10, 20, 50, 100, 200, 500]);
  expect(logTicks([11, 65])).toEqual([15, 20, 30, 40, 50, 60]);
  expect(logTicks([1, 1e5])).toEqual([1, 10, 100, 1000, 10_000, 100_000]);
});

test('a log axis holds all values and has two to twelve ticks', () => {
  const value = fc.double({ min: 1e-6, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1 }), (values) => {
      const { span, axis } = logAxis(values, '');
      const ticks = axis['values'] as number[];
      expect(span[0]).toBeLessThanOrEqual(Math.min(...values));
      expect(span[1]).toBeGreaterThanOrEqual(Math.max(...values));
      expect(ticks.length).toBeGreaterThanOrEqual(2);
      expect(ticks.length).toBeLessThanOrEqual(12);
    }),
  );
});

test('a linear axis starts at zero, and nothing at all still makes an axis', () => {
  expect(linearAxis([3, 5], '').span).toEqual([0, 5.3]);
  expect(linearAxis([], '').span).toEqual([0, 1.06]);
  expect(linearAxis([0], '').span).toEqual([0, 1]);
});

test('a wide range of values wants ratios', () => {
  expect(wantsLog([10, 400])).toBe(false);
  expect(wantsLog([10, 1000])).toBe(true);
  expect(wantsLog([0, 1000])).toBe(false);
});
