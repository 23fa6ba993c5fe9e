/** Axes step through the values that their ends and number say; the grid is their product, in a fixed order. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { grid, POINTS_MAX, valuesOf } from './sweep.ts';
import { BIT_RATE, RATE, TIME } from './text/dimensions.ts';
import { parseQuantity } from './text/quantity.ts';

type Range = Extract<Parameters<typeof valuesOf>[0], { from: unknown }>;

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

describe('the grid', () => {
  test('without cases and axes is one point as written', () => {
    expect(grid({})).toEqual([{ settings: [], labels: {} }]);
  });

  test('has cases outermost and the last axis fastest', () => {
    const points = grid({
      cases: { off: { 'host.iommu': 'strict' }, on: {} },
      sweep: { 'workloads.a.rate': ['1 k/s', '2 k/s'], 'workloads.b.connections': [1, 2] },
    });
    const labels = points.map((point) => Object.values(point.labels).join(' '));
    expect(labels).toEqual([
      'off 1 k/s 1',
      'off 1 k/s 2',
      'off 2 k/s 1',
      'off 2 k/s 2',
      'on 1 k/s 1',
      'on 1 k/s 2',
      'on 2 k/s 1',
      'on 2 k/s 2',
    ]);
    expect(points[1].settings).toEqual([
      { path: 'host.iommu', value: 'strict' },
      { path: 'workloads.a.rate', value: '1 k/s' },
      { path: 'workloads.b.connections', value: 2 },
    ]);
    expect(points[1].labels).toEqual({
      case: 'off',
      'workloads.a.rate': '1 k/s',
      'workloads.b.connections': '2',
    });
  });

  test('is bounded, and refuses before it is built', () => {
    const axis = Array.from({ length: 2000 }, (_, i) => i);
    expect(() => grid({ sweep: { a: axis, b: axis, c: axis, d: axis } })).toThrow(String(POINTS_MAX));
  });

  test('has as many points as the product of its axes, each with a label of its own, in a stable order', () => {
    const name = fc.stringMatching(/^[a-z]{1,8}$/);
    const values = fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 5 });
    const axes = fc.dictionary(name, values, { maxKeys: 3 });
    const cases = fc.option(fc.dictionary(name, fc.constant({}), { minKeys: 1, maxKeys: 4 }), {
      nil: undefined,
    });
    fc.assert(
      fc.property(axes, cases, (sweep, named) => {
        const asked = named === undefined ? { sweep } : { sweep, cases: named };
        const points = grid(asked);
        const sizes = [
          ...Object.values(sweep).map((axis) => axis.length),
          Object.keys(named ?? { one: 1 }).length,
        ];
        expect(points).toHaveLength(sizes.reduce((product, size) => product * size, 1));
        expect(new Set(points.map(({ labels }) => JSON.stringify(labels))).size).toBe(points.length);
        expect(grid(asked)).toEqual(points);
      }),
      { numRuns: 500 },
    );
  });
});
