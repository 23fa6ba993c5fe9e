/** Jain's index against the values that its paper gives, and the properties that it was made to have. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jainIndex } from './jain.ts';

describe("Jain's index", () => {
  test.each([1, 2, 3, 10, 1000])('of %i equal shares is 1', (n) => {
    expect(jainIndex(Array<number>(n).fill(0.3))).toBeCloseTo(1, 12);
  });

  test.each([
    [1, 4],
    [3, 4],
    [10, 100],
  ])('is k/n where %i of %i share evenly and the others have nothing', (k, n) => {
    expect(jainIndex(Array.from({ length: n }, (_, i) => (i < k ? 7 : 0)))).toBeCloseTo(k / n, 12);
  });

  test('of 1, 2 and 3 is 36 / (3 × 14)', () => {
    expect(jainIndex([1, 2, 3])).toBeCloseTo(36 / 42, 12);
  });

  test('is 1 where nobody has anything', () => {
    expect(jainIndex([])).toBe(1);
    expect(jainIndex([0, 0])).toBe(1);
  });

  const share = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
  const shares = fc.array(fc.oneof(share, fc.constant(0)), { minLength: 1, maxLength: 20 });

  test('lies between 1/n and 1, whatever the unit and the order', () => {
    fc.assert(
      fc.property(shares, share, (some, unit) => {
        const index = jainIndex(some);
        expect(index).toBeGreaterThanOrEqual(1 / some.length - 1e-12);
        expect(index).toBeLessThanOrEqual(1 + 1e-12);
        expect(jainIndex(some.map((each) => each * unit))).toBeCloseTo(index, 9);
        expect(jainIndex(some.toReversed())).toBeCloseTo(index, 9);
      }),
    );
  });

  test('rises when the one who has most gives to the one who has least', () => {
    fc.assert(
      fc.property(
        fc.array(share, { minLength: 2, maxLength: 20 }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (some, part) => {
          const sorted = some.toSorted((a, b) => a - b);
          const gift = (sorted[sorted.length - 1] - sorted[0]) * part;
          const given = sorted.with(0, sorted[0] + gift);
          given[given.length - 1] -= gift;
          expect(jainIndex(given)).toBeGreaterThanOrEqual(jainIndex(sorted) - 1e-12);
        },
      ),
    );
  });

  test('knows no overflow', () => {
    expect(jainIndex([1e300, 1e300])).toBe(1);
    expect(jainIndex([1e-300, 1e-300])).toBe(1);
  });
});
