import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exp, log } from './elementary.ts';

/** Distance in units in the last place of `b`. */
const ulps = (a: number, b: number): number => {
  if (Object.is(a, b)) return 0;
  const cell = new DataView(new ArrayBuffer(8));
  cell.setFloat64(0, Math.abs(b));
  cell.setBigUint64(0, cell.getBigUint64(0) + 1n);
  return Math.abs(a - b) / (cell.getFloat64(0) - Math.abs(b));
};

const positive = fc.double({ min: Number.MIN_VALUE, noNaN: true, noDefaultInfinity: true });

test('log agrees with Math.log, over all magnitudes and near 1', () => {
  fc.assert(
    fc.property(positive, (x) => ulps(log(x), Math.log(x)) <= 2),
    { numRuns: 20_000, seed: 1 },
  );
  fc.assert(
    fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), (x) => ulps(log(x), Math.log(x)) <= 2),
    { numRuns: 20_000, seed: 2 },
  );
});

test('exp agrees with Math.exp', () => {
  fc.assert(
    fc.property(fc.double({ min: -708, max: 709.7, noNaN: true }), (x) => ulps(exp(x), Math.exp(x)) <= 2),
    { numRuns: 20_000, seed: 1 },
  );
  fc.assert(
    fc.property(fc.double({ min: -1, max: 1, noNaN: true }), (x) => ulps(exp(x), Math.exp(x)) <= 2),
    { numRuns: 20_000, seed: 2 },
  );
  // Below the normal range a result keeps fewer digits, and is rounded twice.
  for (let x = -745; x < -708; x += 0.37) expect(ulps(exp(x), Math.exp(x))).toBeLessThanOrEqual(1);
});

test('edges', () => {
  expect(log(0)).toBe(-Infinity);
  expect(log(-1)).toBeNaN();
  expect(log(Number.NaN)).toBeNaN();
  expect(log(Infinity)).toBe(Infinity);
  expect(log(1)).toBe(0);
  expect(exp(0)).toBe(1);
  expect(exp(-Infinity)).toBe(0);
  expect(exp(Infinity)).toBe(Infinity);
  expect(exp(710)).toBe(Infinity);
  expect(exp(-746)).toBe(0);
  expect(exp(Number.NaN)).toBeNaN();
  expect(ulps(exp(709.78), Math.exp(709.78))).toBeLessThanOrEqual(2);
});

test('the bytes are fixed: a change here changes every result', () => {
  expect([log(2), log(10), log(0.1), exp(1), exp(-1), exp(10)]).toMatchInlineSnapshot(`
    [
      0.6931471805599453,
      2.302585092994046,
      -2.3025850929940455,
      2.7182818284590455,
      0.36787944117144233,
      22026.465794806718,
    ]
  `);
});
