/** Quantiles against closed forms and the published tables. */
import { describe, expect, test } from 'vitest';
import { normalQuantile } from './normal-quantile.ts';
import { studentTQuantile } from './student-t.ts';

const INFINITE = Number.POSITIVE_INFINITY;

/** NIST/SEMATECH e-Handbook of Statistical Methods §1.3.6.7.2, upper critical values, three decimals. */
const table: [df: number, p95: number, p975: number, p995: number][] = [
  [1, 6.314, 12.706, 63.657],
  [2, 2.92, 4.303, 9.925],
  [3, 2.353, 3.182, 5.841],
  [4, 2.132, 2.776, 4.604],
  [5, 2.015, 2.571, 4.032],
  [6, 1.943, 2.447, 3.707],
  [7, 1.895, 2.365, 3.499],
  [8, 1.86, 2.306, 3.355],
  [9, 1.833, 2.262, 3.25],
  [10, 1.812, 2.228, 3.169],
  [15, 1.753, 2.131, 2.947],
  [20, 1.725, 2.086, 2.845],
  [30, 1.697, 2.042, 2.75],
  [60, 1.671, 2.0, 2.66],
  [100, 1.66, 1.984, 2.626],
  [INFINITE, 1.645, 1.96, 2.576],
];

describe('Student t', () => {
  test.each(table)('df %d agrees with the table', (df, p95, p975, p995) => {
    const found = [0.95, 0.975, 0.995].map((p) => studentTQuantile(p, df));
    [p95, p975, p995].forEach((published, i) => {
      expect(Math.abs(found[i]! - published)).toBeLessThanOrEqual(0.0005 + 1e-12);
    });
  });

  test.each([0.51, 0.75, 0.9, 0.975, 0.9995, 0.999999])('has its closed forms at p %d', (p) => {
    const x = 2 * p - 1;
    expect(studentTQuantile(p, 1) / Math.tan((Math.PI * x) / 2)).toBeCloseTo(1, 9);
    expect(studentTQuantile(p, 2) / (x * Math.sqrt(2 / (1 - x * x)))).toBeCloseTo(1, 9);
    const alpha = Math.sqrt(1 - x * x); // df 4: Shaw 2006, J. Computational Finance 9/4
    const root = Math.cos(Math.acos(alpha) / 3) / alpha;
    expect(studentTQuantile(p, 4) / (2 * Math.sqrt(root - 1))).toBeCloseTo(1, 7);
  });

  test('falls with every further degree of freedom, towards the normal quantile', () => {
    for (const p of [0.6, 0.975, 0.99999]) {
      const falling = Array.from({ length: 1200 }, (_, i) => studentTQuantile(p, i + 1));
      for (let i = 1; i < falling.length; i++) expect(falling[i]).toBeLessThan(falling[i - 1]!);
      expect(falling.at(-1)).toBeGreaterThan(normalQuantile(p));
    }
  });

  test('the integral and the expansion for many degrees of freedom meet', () => {
    for (const p of [0.6, 0.95, 0.975, 0.995, 0.9999]) {
      const [a, b, c] = [999, 1000, 1001].map((df) => studentTQuantile(p, df)) as [number, number, number];
      expect((b - c) / (a - b)).toBeCloseTo(998 / 1000, 4); // differences shrink like 1 / df²
    }
  });

  test('is odd about one half', () => {
    expect(studentTQuantile(0.5, 7)).toBeCloseTo(0, 12);
    expect(studentTQuantile(0.025, 9)).toBeCloseTo(-studentTQuantile(0.975, 9), 12);
  });

  test.each([
    [0, 5],
    [1, 5],
    [Number.NaN, 5],
    [0.9, 0],
    [0.9, 2.5],
    [0.9, Number.NaN],
  ])('p %d with df %d is refused', (p, df) => {
    expect(() => studentTQuantile(p, df)).toThrow(RangeError);
  });
});

describe('the normal distribution', () => {
  // Fifteen-digit values of Wichura 1988 (AS 241) and the usual tables.
  test.each([
    [0.5, 0],
    [0.75, 0.6744897501960817],
    [0.9, 1.2815515655446004],
    [0.95, 1.6448536269514722],
    [0.975, 1.959963984540054],
    [0.99, 2.3263478740408408],
    [0.995, 2.5758293035489004],
    [0.999, 3.090232306167813],
    [0.999999, 4.753424308822899],
  ])('z of %d', (p, published) => {
    expect(Math.abs(normalQuantile(p) - published)).toBeLessThan(1e-9);
    expect(Math.abs(normalQuantile(1 - p) + published)).toBeLessThan(1e-9);
  });

  test.each([0, 1, -1, Number.NaN])('p %d is refused', (p) => {
    expect(() => normalQuantile(p)).toThrow(RangeError);
  });
});
