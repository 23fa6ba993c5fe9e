/** Two datapaths are compared replication by replication, and only where both have figures. */
import { describe, expect, test } from 'vitest';
import { comparisons } from './compare.ts';
import type { SummaryRow } from './rows.ts';
import type { PointResult } from './run-point.ts';

const ROW = {
  vm: 'web',
  workload: 'rpc',
  metric: 'latency',
  component: '',
  statistic: 'p50',
  unit: 'ns',
};

const result = (datapath: string, values: readonly number[]): PointResult =>
  ({
    datapath,
    trials: values.map((value) => ({ measured: [{ ...ROW, value }] })),
  }) as unknown as PointResult;

const summary = (datapath: string, value: number | null, over: Partial<SummaryRow> = {}): SummaryRow => ({
  scenario: 's',
  datapath,
  swept: {},
  ...ROW,
  value,
  ci_low: value,
  ci_high: value,
  replications: 3,
  verdict: 'steady',
  ...over,
});

const NATIVE = result('native', [10, 12, 14]);
const SRIOV = result('sriov', [20, 21, 25]);

describe('a comparison', () => {
  // Differences 10, 9 and 11: s = 1, and t(0.975, 2) / √3 = 2.48414.
  test('is the mean of the paired differences, with its own interval', () => {
    const rows = [summary('native', 12), summary('sriov', 22)];
    const [row, ...more] = comparisons('s', [NATIVE, SRIOV], rows);
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      datapath: 'sriov',
      statistic: 'p50 vs native',
      unit: 'ns',
      value: 10,
      replications: 3,
    });
    expect(row.ci_low).toBeCloseTo(10 - 2.48414, 4);
    expect(row.ci_high).toBeCloseTo(10 + 2.48414, 4);
  });

  test('pairs as many replications as both have', () => {
    const rows = [summary('native', 12), summary('sriov', 20)];
    const [row] = comparisons('s', [NATIVE, result('sriov', [20, 20])], rows);
    expect(row).toMatchObject({ value: 9, replications: 2 });
  });

  test('is with the first datapath, of each other one', () => {
    const rows = [summary('native', 12), summary('sriov', 22), summary('e1000', 22)];
    const found = comparisons('s', [NATIVE, SRIOV, result('e1000', [110, 112, 114])], rows);
    expect(found.map(({ datapath, statistic, value }) => `${datapath} ${statistic} ${value}`)).toEqual([
      'sriov p50 vs native 10',
      'e1000 p50 vs native 100',
    ]);
  });

  test('is not made where either is saturated, nor of a single datapath or replication', () => {
    expect(comparisons('s', [NATIVE, SRIOV], [summary('native', null), summary('sriov', 22)])).toEqual([]);
    expect(comparisons('s', [NATIVE, SRIOV], [summary('native', 12), summary('sriov', null)])).toEqual([]);
    expect(comparisons('s', [NATIVE], [summary('native', 12)])).toEqual([]);
    expect(comparisons('s', [], [])).toEqual([]);
    const one = [result('native', [10]), result('sriov', [20])];
    expect(comparisons('s', one, [summary('native', 10), summary('sriov', 20)])).toEqual([]);
  });

  test('is not made of components and of other statistics', () => {
    const other = [
      summary('sriov', 22, { component: 'core0' }),
      summary('sriov', 22, { statistic: 'max' }),
      summary('sriov', 22, { metric: 'batch', statistic: 'mean' }),
    ];
    expect(comparisons('s', [NATIVE, SRIOV], [summary('native', 12), ...other])).toEqual([]);
  });
});
