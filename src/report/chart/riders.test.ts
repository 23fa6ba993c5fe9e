/** A parameter that differs only along with another one is no axis of a chart. */
import { expect, test } from 'vitest';
import type { SummaryRow } from '../rows.ts';
import { withoutRiders } from './riders.ts';

const rowsAt = (...points: Record<string, string>[]) => ({
  summary: points.map((swept) => ({ swept }) as SummaryRow),
  costs: [],
  stages: [],
});

const of = (...points: Record<string, string>[]) => {
  const { results, note } = withoutRiders(rowsAt(...points));
  return { swept: results.summary.map(({ swept }) => swept), note };
};

test('of two that go in step the load stays', () => {
  const { swept, note } = of(
    { 'workloads.a.size': '60 B', 'workloads.a.rate': '1 k/s' },
    { 'workloads.a.size': '1514 B', 'workloads.a.rate': '2 k/s' },
  );
  expect(swept).toEqual([{ 'workloads.a.rate': '1 k/s' }, { 'workloads.a.rate': '2 k/s' }]);
  expect(note).toBe('a.size differs with a.rate');
});

test('one that has the same value at several of the other goes with it, and not the other way round', () => {
  const { swept } = of({ x: '1', y: 'a' }, { x: '2', y: 'a' }, { x: '3', y: 'b' });
  expect(swept).toEqual([{ x: '1' }, { x: '2' }, { x: '3' }]);
});

test('a grid has its axes', () => {
  const grid = ['1', '2'].flatMap((x) => ['a', 'b'].map((y) => ({ x, y })));
  expect(of(...grid)).toEqual({ swept: grid, note: '' });
});
