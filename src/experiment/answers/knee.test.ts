/** Knees of curves whose knee is known. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kneeOf } from './knee.ts';

test('of a + h/k it is where the slope is that of the line between the ends: the geometric mean of the ends', () => {
  // y = 1/x on [1, 64]: scaled, the distance to the chord is largest at x = √(1 · 64) = 8.
  const curve = [1, 2, 4, 8, 16, 32, 64].map((x) => ({ x, y: 1 / x }));
  expect(kneeOf(curve)).toBe(3);
});

test('is the corner of two straight pieces', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 18 }), (corner) => {
      const curve = Array.from({ length: 20 }, (_, x) => ({
        x,
        y: x <= corner ? 100 - (90 * x) / corner : 10 - (x - corner) / 100,
      }));
      expect(kneeOf(curve)).toBe(corner);
    }),
  );
});

test.each([
  ['a straight line', [3, 2, 1]],
  ['what rises', [1, 2, 3]],
  ['what bends the other way', [3, 2.9, 1]],
  ['two points', [2, 1]],
])('%s has none', (_, ys) => {
  expect(kneeOf(ys.map((y, x) => ({ x, y })))).toBe(null);
});

test('does not depend on the units of either axis', () => {
  const curve = [1, 2, 4, 8, 16].map((x) => ({ x, y: 5 + 3 / x }));
  fc.assert(
    fc.property(
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      (a, b) => {
        expect(kneeOf(curve.map(({ x, y }) => ({ x: a * x, y: b * y })))).toBe(kneeOf(curve));
      },
    ),
  );
});
