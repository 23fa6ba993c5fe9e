/** Against the intervals that Newcombe prints (Statistics in Medicine 17, 1998, 857-872, Table I, method 3: score without correction). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wilson } from './wilson.ts';

describe("Wilson's interval", () => {
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('of %d in %d is as published', (count, of, low, high) => {
    const found = wilson(count, of);
    expect(found.low).toBeCloseTo(low, 4);
    expect(found.high).toBeCloseTo(high, 4);
  });

  test('holds the share, lies in 0 to 1, and mirrors with it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.nat(5000), (of, some) => {
        const count = some % (of + 1);
        const { low, high } = wilson(count, of);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(count / of);
        expect(high).toBeGreaterThanOrEqual(count / of);
        expect(high).toBeLessThanOrEqual(1);
        expect(wilson(of - count, of).low).toBeCloseTo(1 - high, 12);
      }),
    );
  });

  test('there is none of no cases, nor of more than all', () => {
    expect(() => wilson(0, 0)).toThrow(RangeError);
    expect(() => wilson(3, 2)).toThrow(RangeError);
  });
});
