/** The station rows are what theory says: their references are the formulas', and each queue is near its own. */
import { expect, test } from 'vitest';
import { stationRows } from './stations.ts';

const rows = stationRows();
const row = (name: string) => rows.find(({ figure }) => figure === name);

test('every queue is as long as it should be, and Little’s law holds', () => {
  expect(rows.filter(({ judgement }) => judgement !== 'held').map(({ figure }) => figure)).toEqual([]);
  const little = rows.filter(({ figure }) => figure.endsWith(': L'));
  expect(little.length).toBe(3);
  // Both sides were measured, each in its own way; the ends of the window are all that differs.
  for (const { error } of little) expect(Math.abs(error ?? 1)).toBeLessThan(0.001);
});

test('the references are those of the books: 2 and 5 services at M/M/1, 3 at M/D/1', () => {
  expect(row('M/M/1 at load 0.5: W')?.reference_low).toBeCloseTo(2000, 6);
  expect(row('M/M/1 at load 0.8: W')?.reference_low).toBeCloseTo(5000, 6);
  expect(row('M/D/1 at load 0.8: W')?.reference_low).toBeCloseTo(3000, 6);
});

test('a model without a queue is far off wherever there is one', () => {
  const off = rows.map(({ without_error: error }) => Math.abs(error ?? 0));
  expect(Math.min(...off)).toBeGreaterThan(0.05);
});

test('the intervals are narrow enough to notice a mistake', () => {
  for (const { figure, simulated, ci_low, ci_high } of rows) {
    expect([figure, ((ci_high ?? 0) - (ci_low ?? 0)) / (simulated ?? 1) < 0.11]).toEqual([figure, true]);
  }
});
