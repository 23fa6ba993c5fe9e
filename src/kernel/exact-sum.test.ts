import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExactSum } from './exact-sum.ts';

const whole = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(1000),
  fc.constant(2 ** 52),
  fc.constant(2 ** 53 - 1),
  fc.constant(0),
);

test('sums and products are those of big integers, in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2 ** 26 - 2), whole)), (terms) => {
      const sum = new ExactSum();
      const reversed = new ExactSum();
      let expected = 0n;
      for (const [count, value] of terms) {
        sum.addProduct(count, value);
        sum.add(value);
        expected += BigInt(count + 1) * BigInt(value);
      }
      for (const [count, value] of terms.reverse()) reversed.addProduct(count + 1, value);
      expect(sum.value).toBe(Number(expected));
      expect(reversed.equals(sum)).toBe(true);
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('differences of large sums are exact where they are below 2^53', () => {
  const sum = new ExactSum();
  sum.addProduct(1e6, 2 ** 53 - 1);
  const earlier = sum.copy();
  sum.add(12345);
  expect(sum.since(earlier)).toBe(12345);
  expect(sum.equals(earlier)).toBe(false);
});
