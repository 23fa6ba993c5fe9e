/** Decisions on invented machines, counted by hand. */
import { describe, expect, test } from 'vitest';
import { type Decision, readDecision } from '../../scenario/decision.ts';
import { orderShare, type Readings, rivals, sharesOf, spreadOf } from './judge.ts';
import type { Reading } from './reading.ts';

const NONE = Number.POSITIVE_INFINITY;
const reading = (value: number): Reading => ({ value, saturated: value === NONE });
const readings = (columns: Record<string, (number | null)[]>): Readings =>
  new Map(
    Object.entries(columns).map(([name, values]) => [
      name,
      values.map((value) => (value === null ? null : reading(value))),
    ]),
  );
const decision = (text: string): Exclude<Decision, { kind: 'order' }> =>
  readDecision(text) as Exclude<Decision, { kind: 'order' }>;
const counts = (text: string, found: Readings): Record<string, unknown> =>
  Object.fromEntries(
    [...sharesOf(decision(text), found)].map(([name, share]) => [name, share && [share.count, share.of]]),
  );

describe('an objective', () => {
  test('holds up to its limit, and nowhere without a steady state; failed machines do not count', () => {
    const found = readings({
      a: [999, 1000, 1001, null],
      b: [NONE, NONE, 1, 1],
      c: [null, null, null, null],
    });
    expect(counts('p99 < 1 us', found)).toEqual({ a: [2, 3], b: [2, 4], c: null });
  });

  test('on a throughput is missed by what saturates, however much it carries', () => {
    const found: Readings = new Map([['a', [{ value: 500, saturated: true }, reading(500)]]]);
    expect(counts('throughput.requests > 100 /s', found)).toEqual({ a: [1, 2] });
  });
});

describe('the best', () => {
  const found = readings({ a: [1, 5, 3, 2], b: [2, 4, 3, null], c: [NONE, 9, 9, 1] });

  test('is strictly so, where all are known; of equals none is', () => {
    expect(counts('lowest p99', found)).toEqual({ a: [1, 3], b: [1, 3], c: [0, 3] });
    expect(counts('highest throughput.requests', readings({ a: [1, 5], b: [2, 4] }))).toEqual({
      a: [1, 2],
      b: [1, 2],
    });
  });

  test('has the rival that is best next often, then by the median', () => {
    expect(rivals(decision('lowest p99'), readings({ a: [9, 9, 9], b: [5, 5, 1], c: [4, 4, 4] }))).toEqual([
      'c',
      'b',
    ]);
    expect(rivals(decision('lowest p99'), readings({ a: [9, 9], b: [1, 1], c: [4, 4] }))).toEqual(['b', 'c']);
    expect(rivals(decision('p99 < 1 us'), readings({ a: [9], b: [1] }))).toBeNull();
  });
});

describe('an order', () => {
  const found = readings({ a: [1, 2, 3, 1], b: [2, 3, 2, null], c: [3, 3, 9, 9] });

  test('holds where every figure is above the one before', () => {
    expect(orderShare(['a', 'b', 'c'], found)).toMatchObject({ count: 1, of: 3 });
    expect(orderShare(['a', 'c'], found)).toMatchObject({ count: 4, of: 4 });
  });

  test('hangs on the pair that keeps it most seldom', () => {
    const asked = readDecision('p99: a < b < c') as Decision;
    expect(rivals(asked, readings({ a: [1, 1, 3], b: [2, 2, 2], c: [1, 1, 9] }))).toEqual(['b', 'c']);
  });
});

describe('a spread', () => {
  test('is of ranks, so that what saturates counts', () => {
    const twenty = Array.from({ length: 20 }, (_, i) => reading(i === 19 ? NONE : i + 1));
    expect(spreadOf(reading(7), twenty)).toEqual({ asWritten: 7, p5: 1, median: 10, p95: 19 });
    expect(spreadOf(reading(7), [reading(NONE), null])).toMatchObject({ p5: NONE, p95: NONE });
    expect(spreadOf(reading(7), [null])).toEqual({ asWritten: 7, p5: null, median: null, p95: null });
  });
});
