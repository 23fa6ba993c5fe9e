/** The grid has every point that its axes ask for, once, in a fixed order. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { POINTS_MAX } from './axis.ts';
import { grid } from './grid.ts';

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

  test('has groups of axes that go in step between cases and the product', () => {
    const points = grid({
      zip: [{ a: [1, 2], b: ['x', 'y'] }, { c: { from: 1, to: 3, by: 1, scale: 'linear' } }],
      sweep: { d: [true, false] },
    });
    expect(points).toHaveLength(2 * 3 * 2);
    const labels = points.map((point) => Object.values(point.labels).join(' '));
    expect(labels.slice(0, 3)).toEqual(['1 x 1 true', '1 x 1 false', '1 x 2 true']);
    expect(new Set(points.map(({ labels: { a, b } }) => `${a} ${b}`))).toEqual(new Set(['1 x', '2 y']));
  });

  test('has each point of a design beside each of the rest', () => {
    const over = { a: { from: 0, to: 1, scale: 'linear' as const } };
    const sample = { design: 'sobol' as const, size: 5, seed: 1, over };
    expect(grid({ sweep: { b: [1, 2, 3] }, sample })).toHaveLength(15);
  });

  test.each([
    ['groups of unequal length', { zip: [{ a: [1, 2], b: [1] }] }, /a has 2 values and b has 1/],
    ['a parameter that is varied twice', { zip: [{ a: [1] }], sweep: { a: [2] } }, /a is varied twice/],
  ])('refuses %s', (_, axes, message) => {
    expect(() => grid(axes)).toThrow(message);
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
