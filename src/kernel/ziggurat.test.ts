import { expect, test } from 'vitest';
import { EXPONENTIAL, NORMAL, type Ziggurat } from './ziggurat.ts';

const LAST = 255;

test.each([
  ['exponential', EXPONENTIAL, 2 ** 24, Math.exp(-EXPONENTIAL.tail), (x: number) => Math.exp(-x)],
  ['normal', NORMAL, 2 ** 23, 0.000323, (x: number) => Math.exp(-0.5 * x * x)],
] as const)(
  '%s: 256 layers of equal area reach the top of the density',
  (_, table: Ziggurat, abscissas, tailArea, density) => {
    const width = (i: number): number => table.scale[i]! * abscissas;
    const area = (i: number): number => width(i) * (table.height[i + 1]! - table.height[i]!);
    const common = width(0) * density(table.tail);

    expect(table.tail * density(table.tail) + tailArea).toBeCloseTo(common, 6);
    for (let i = 1; i < LAST; i++) expect(area(i) / common).toBeCloseTo(1, 9);
    // The last one is the judge of the constants: all their error ends up here.
    expect(area(LAST) / common).toBeCloseTo(1, 9);
    expect(table.core[LAST]).toBe(0);
    for (let i = 0; i < LAST; i++) expect(table.core[i]).toBe(width(i + 1));
  },
);
