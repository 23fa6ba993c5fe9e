/** Axes step through the values that their ends and number, or the size of a step, say. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BIT_RATE, RATE, TIME } from '../text/dimensions.ts';
import { parseQuantity } from '../text/quantity.ts';
import { type Axis, valuesOf } from './axis.ts';

type Range = Extract<Axis, { steps: number }>;

const range = (from: string | number, to: string | number, steps: number, scale: Range['scale'] = 'linear') =>
  valuesOf({ from, to, steps, scale });

describe('an axis', () => {
  test('of listed values keeps them as they are written', () => {
    expect(valuesOf(['200 k/s', 4, true])).toEqual(['200 k/s', 4, true]);
  });

  test('of equal steps', () => {
    expect(range('10 us', '50 us', 5)).toEqual(['10 us', '20 us', '30 us', '40 us', '50 us']);
    expect(range(1, 7, 3)).toEqual([1, 4, 7]);
    expect(range('1 k', '2 k', 3)).toEqual(['1 k', '1.5 k', '2 k']);
    expect(range('10 %', '100 %', 4)).toEqual(['10 %', '40 %', '70 %', '100 %']);
  });

  // Powers of 10^(1/4) to three digits: 1.78, 3.16, 5.62.
  test('of equal ratios', () => {
    const fours = ['10 k/s', '17.8 k/s', '31.6 k/s', '56.2 k/s', '100 k/s', '178 k/s', '316 k/s', '562 k/s'];
    expect(range('10 k/s', '1 M/s', 9, 'log')).toEqual([...fours, '1 M/s']);
    expect(range('1 us', '1 ms', 4, 'log')).toEqual(['1 us', '10 us', '100 us', '1 ms']);
  });

  test('may fall', () => {
    expect(range('1 M/s', '10 k/s', 3, 'log')).toEqual(['1 M/s', '100 k/s', '10 k/s']);
    expect(range(5, 1, 3)).toEqual([5, 3, 1]);
  });

  // 60 + 40/3 and 60 + 80/3 are no whole numbers of bytes.
  test('of bytes stays with whole bytes', () => {
    expect(range('60 B', '100 B', 4)).toEqual(['60 B', '73 B', '87 B', '100 B']);
  });

  test('takes as many digits as keep neighbours apart', () => {
    expect(range('1000 k/s', '1001 k/s', 3)).toEqual(['1 M/s', '1000.5 k/s', '1.001 M/s']);
    expect(new Set(range('1000 k/s', '1001 k/s', 11)).size).toBe(11);
  });

  test.each([
    ['ends of different dimensions', () => range('10 k/s', '10 us', 3), /different units/],
    ['one end without its unit', () => range('10 k/s', 100, 3), /different units/],
    ['a log axis from 0', () => range('0 us', '10 us', 3, 'log'), /positive/],
    ['an end that is no quantity', () => range('fast', 'faster', 3), /"fast" is no quantity/],
    ['more steps than whole bytes', () => range('60 B', '62 B', 5), /steps/],
    ['the same value twice', () => valuesOf(['1 k/s', '2 k/s', '1 k/s']), /1 k\/s/],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(RangeError);
    expect(make).toThrow(message);
  });
});

describe('an axis in steps of a size', () => {
  const by = (
    from: string | number,
    to: string | number,
    step: string | number,
    scale: Range['scale'] = 'linear',
  ) => valuesOf({ from, to, by: step, scale });

  test('goes up to its end, or as near as it comes', () => {
    expect(by('10 us', '50 us', '10 us')).toEqual(['10 us', '20 us', '30 us', '40 us', '50 us']);
    expect(by('10 us', '45 us', '10 us')).toEqual(['10 us', '20 us', '30 us', '40 us']);
    expect(by(0.1, 0.7, 0.1)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
    expect(by('64 B', '64 B', '1 B')).toEqual(['64 B']);
  });

  test('keeps every digit', () => {
    expect(by('100.5 us', '120.5 us', '10 us')).toEqual(['100.5 us', '110.5 us', '120.5 us']);
  });

  test('multiplies on a log scale', () => {
    expect(by(1, 64, 2, 'log')).toEqual([1, 2, 4, 8, 16, 32, 64]);
    expect(by('1 k/s', '1 M/s', 10, 'log')).toEqual(['1 k/s', '10 k/s', '100 k/s', '1 M/s']);
  });

  test('may fall', () => {
    expect(by(7, 1, 3)).toEqual([7, 4, 1]);
    expect(by(8, 1, 2, 'log')).toEqual([8, 4, 2, 1]);
  });

  test.each([
    ['a step of another unit', () => by('10 us', '50 us', '10 k/s'), /another unit/],
    ['a step of nothing', () => by(1, 2, 0), /positive/],
    ['a factor of 1', () => by(1, 2, 1, 'log'), /factor above 1/],
    ['a factor with a unit', () => by('1 us', '2 us', '2 us', 'log'), /without a unit/],
    ['far too many', () => by('1 ps', '1 s', '1 ps'), /more than 10000 steps/],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(RangeError);
    expect(make).toThrow(message);
  });
});

describe('any axis', () => {
  const dimensions = [
    { unit: 'us', dimension: TIME },
    { unit: 'k/s', dimension: RATE },
    { unit: 'Mbit/s', dimension: BIT_RATE },
  ] as const;
  const axis = fc.record({
    of: fc.constantFrom(...dimensions),
    from: fc.integer({ min: 1, max: 1_000_000 }),
    to: fc.integer({ min: 1, max: 1_000_000 }),
    steps: fc.integer({ min: 2, max: 50 }),
    scale: fc.constantFrom('linear' as const, 'log' as const),
  });

  test('has exact ends, as many values as steps, all different and in order', () => {
    fc.assert(
      fc.property(axis, ({ of: { unit, dimension }, from, to, steps, scale }) => {
        fc.pre(Math.abs(from - to) >= steps);
        const values = range(`${from} ${unit}`, `${to} ${unit}`, steps, scale).map((text) => {
          const reading = parseQuantity(dimension, String(text));
          if (!('value' in reading)) throw new Error(reading.mistake);
          return reading.value;
        });
        const number = (value: number) => parseQuantity(dimension, `${value} ${unit}`) as { value: number };
        expect(values).toHaveLength(steps);
        expect(values[0]).toBe(number(from).value);
        expect(values[steps - 1]).toBe(number(to).value);
        const sign = Math.sign(to - from);
        expect(values.every((value, i) => i === 0 || (value - values[i - 1]) * sign > 0)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
