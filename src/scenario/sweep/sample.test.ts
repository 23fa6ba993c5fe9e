/** Designs fill the space of their parameters as their theory says. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pointsOf, type Sample } from './sample.ts';
import { DIMENSIONS_MAX, sobol } from './sobol.ts';

const unit = { from: 0, to: 1e9, scale: 'linear' } as const;

const columns = (sample: Sample): (string | number | boolean)[][] => {
  const points = pointsOf(sample);
  return Object.keys(sample.over).map((_, axis) => points.map((point) => point[axis].value as number));
};

describe('a Latin hypercube', () => {
  test('has each parameter once in each of as many parts as there are points', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(1000), (size, seed) => {
        for (const column of columns({ design: 'latin-hypercube', size, seed, over: { a: unit, b: unit } })) {
          const parts = column.map((value) => Math.floor((Number(value) / 1e9) * size * (1 - 1e-4)));
          // Four digits of a value may move it over the edge of its part.
          expect(new Set(parts).size).toBeGreaterThanOrEqual(size * 0.8);
          expect(Math.min(...column.map(Number))).toBeLessThan(1e9 / size + 1e6);
        }
      }),
      { seed: 1 },
    );
  });
});

describe("Sobol's sequence", () => {
  // Joe and Kuo's first points of three dimensions, as their own program prints them.
  test('begins as published', () => {
    expect(sobol(3, 8)).toEqual([
      [0, 0, 0],
      [0.5, 0.5, 0.5],
      [0.75, 0.25, 0.25],
      [0.25, 0.75, 0.75],
      [0.375, 0.375, 0.625],
      [0.875, 0.875, 0.125],
      [0.625, 0.125, 0.875],
      [0.125, 0.625, 0.375],
    ]);
  });

  test('has one of its first 2^k points in each of 2^k equal parts of every coordinate', () => {
    const size = 1024;
    const points = sobol(DIMENSIONS_MAX, size);
    for (let d = 0; d < DIMENSIONS_MAX; d++) {
      expect(new Set(points.map((point) => Math.floor(point[d] * size))).size).toBe(size);
    }
  });

  test('has one of its first 2^k points in each box of area 2^-k in two coordinates (a (0, k, 2)-net)', () => {
    const k = 8;
    const points = sobol(2, 2 ** k);
    for (let i = 0; i <= k; i++) {
      const boxes = points.map(([x, y]) => `${Math.floor(x * 2 ** i)} ${Math.floor(y * 2 ** (k - i))}`);
      expect(new Set(boxes).size).toBe(2 ** k);
    }
  });

  test('has no more coordinates than it has numbers for', () => {
    expect(() => sobol(DIMENSIONS_MAX + 1, 1)).toThrow('at most 16 axes');
  });
});

describe('drawn values', () => {
  const sample = (over: Sample['over'], size = 400): Sample => ({
    design: 'latin-hypercube',
    size,
    seed: 1,
    over,
  });

  test('whole numbers are drawn equally often', () => {
    const [column] = columns(sample({ depth: { from: 1, to: 4, scale: 'linear' } }));
    const counts = [1, 2, 3, 4].map((value) => column.filter((each) => each === value).length);
    expect(counts).toEqual([100, 100, 100, 100]);
  });

  test('so are listed ones', () => {
    const [column] = columns(sample({ kind: ['a', 'b'] }));
    expect(column.filter((each) => each === 'a')).toHaveLength(200);
  });

  test('on a log scale each decade has as many', () => {
    const [column] = columns(sample({ rate: { from: '1 k/s', to: '1 M/s', scale: 'log' } }, 300));
    expect(
      column.filter((each) => / k\/s$/.test(String(each)) && Number.parseFloat(String(each)) < 10),
    ).toHaveLength(100);
  });

  test('bytes are whole, and nothing leaves the range', () => {
    const [column] = columns(sample({ size: { from: '60 B', to: '65 B', scale: 'linear' } }));
    for (const each of column) expect(String(each)).toMatch(/^6[0-5] B$/);
  });

  test('are those of the seed', () => {
    const over = { a: unit };
    const of = (seed: number, design: Sample['design']) => pointsOf({ design, size: 9, seed, over });
    for (const design of ['latin-hypercube', 'sobol'] as const) {
      expect(of(1, design)).toEqual(of(1, design));
      expect(of(2, design)).not.toEqual(of(1, design));
    }
  });
});
