/** Hatching stays within its box, for any box. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stripes } from './stripes.ts';

const side = fc.double({ min: 0, max: 600, noNaN: true });

test('no line leaves the box, all rise at 45°', () => {
  fc.assert(
    fc.property(side, side, side, side, (left, width, top, height) => {
      const box = { left, right: left + width, top, bottom: top + height };
      for (const { x, y, x2, y2 } of stripes(box)) {
        expect(Math.min(x, x2)).toBeGreaterThanOrEqual(left - 1e-6);
        expect(Math.max(x, x2)).toBeLessThanOrEqual(box.right + 1e-6);
        expect(Math.min(y, y2)).toBeGreaterThanOrEqual(top - 1e-6);
        expect(Math.max(y, y2)).toBeLessThanOrEqual(box.bottom + 1e-6);
        expect(x2 - x).toBeCloseTo(y - y2, 6);
      }
    }),
  );
});

test('a box of any width that can be seen is hatched', () => {
  expect(stripes({ left: 101, right: 110, top: 0, bottom: 16 }).length).toBeGreaterThan(2);
});
