/** Differences are found where there are any, are as sure as the replications make them, and are told with what else changed. */
import { describe, expect, test } from 'vitest';
import type { TrialRow } from '../rows.ts';
import { compare } from './compare.ts';
import { diffText, junitOf } from './diff-text.ts';
import { judge, type Tolerances } from './judge.ts';

type Figure = Partial<TrialRow> & { readonly values: readonly number[] };

/** Rows of a figure, one for each replication. */
const rows = ({ values, ...about }: Figure): TrialRow[] =>
  values.map((value, i) => ({
    scenario: 's',
    datapath: 'vhost-net',
    vm: 'vm',
    workload: 'rpc',
    swept: { rate: '1 k/s' },
    metric: 'latency',
    component: '',
    statistic: 'p99',
    unit: 'ns',
    verdict: 'steady',
    ...about,
    replication: i + 1,
    value,
  }));

const TWO_PERCENT: Tolerances = { all: 0.02, own: new Map() };
const judged = (before: Figure[], after: Figure[], tolerances = TWO_PERCENT) =>
  judge(compare(before.flatMap(rows), after.flatMap(rows)), tolerances);

const noisy = [1000, 1100, 900, 1050, 950];

describe('a figure', () => {
  test('that differs by 5 % in each replication is beyond 2 %, however much it varies', () => {
    const [figure] = judged([{ values: noisy }], [{ values: noisy.map((each) => each * 1.05) }]);
    expect(figure).toMatchObject({ beyond: true, sure: true });
    expect([figure.change, figure.low, figure.high].map((each) => Number(each.toFixed(9)))).toEqual([
      0.05, 0.05, 0.05,
    ]);
  });

  test('that differs by chance is not, however large the difference', () => {
    const [figure] = judged([{ values: noisy }], [{ values: [1300, 900, 1250, 800, 1200] }]);
    expect(figure).toMatchObject({ beyond: false, sure: false });
    expect(figure.low).toBeLessThan(0);
    expect(figure.high).toBeGreaterThan(0);
  });

  test('within its own tolerance is not', () => {
    const own = { all: 0.02, own: new Map([['latency.p99', 0.1]]) };
    expect(judged([{ values: [100, 100] }], [{ values: [105, 105] }], own)[0].beyond).toBe(false);
    expect(judged([{ values: [100, 100] }], [{ values: [105, 105] }])[0].beyond).toBe(true);
  });

  test('that nobody judges is judged when it is asked for', () => {
    const jitter = { metric: 'jitter.rfc3550', statistic: 'mean' };
    const both: [Figure[], Figure[]] = [[{ ...jitter, values: [1, 1] }], [{ ...jitter, values: [2, 2] }]];
    expect(judged(...both)).toEqual([]);
    const own = { all: 0.02, own: new Map([['jitter.rfc3550', 0]]) };
    expect(judged(...both, own)).toMatchObject([{ beyond: true, change: 1 }]);
  });

  test('that was nothing is from nothing', () => {
    const drops = { metric: 'drops', statistic: 'rate', unit: '1/s' };
    const [figure] = judged([{ ...drops, values: [0, 0] }], [{ ...drops, values: [5, 5] }]);
    expect(figure).toMatchObject({ beyond: true, change: Number.POSITIVE_INFINITY });
    expect(judged([{ ...drops, values: [0, 0] }], [{ ...drops, values: [0, 0] }])[0]).toMatchObject({
      beyond: false,
      change: 0,
    });
  });

  test('is compared over the replications that both have', () => {
    const [figure] = judged([{ values: [100, 200] }], [{ values: [100, 200, 900] }]);
    expect(figure).toMatchObject({ before: 150, after: 150, change: 0 });
  });
});

describe('the causes', () => {
  const exits = { workload: '', metric: 'exits.device', statistic: 'mean', unit: '1/request' };
  const stage = { metric: 'stage', statistic: 'mean' };
  const before: Figure[] = [
    { values: [1000, 1001] },
    { ...exits, values: [1, 1] },
    { ...stage, component: 'wait: vhost', values: [100, 100] },
    { ...stage, component: 'wire', values: [500, 500] },
    { ...exits, workload: '', swept: { rate: '2 k/s' }, values: [1, 1] },
  ];
  const after: Figure[] = [
    { values: [1200, 1201] },
    { ...exits, values: [1.3, 1.3] },
    { ...stage, component: 'wait: vhost', values: [290, 290] },
    { ...stage, component: 'wire', values: [500, 500] },
    { ...exits, workload: '', swept: { rate: '2 k/s' }, values: [7, 7] },
  ];

  test('are what else changed at that point', () => {
    const figure = judged(before, after).find(({ row }) => row.metric === 'latency');
    expect(figure?.causes.map(({ row }) => row.component || row.metric)).toEqual([
      'exits.device',
      'wait: vhost',
    ]);
  });

  test('are told', () => {
    const comparison = compare(before.flatMap(rows), after.flatMap(rows));
    const text = diffText(comparison, judge(comparison, TWO_PERCENT));
    expect(text).toContain('3 figures of 2 points compared, 3 beyond tolerance');
    expect(text).toContain('  vhost-net, rate 1 k/s\n    rpc: latency.p99 1.00 µs → 1.20 µs, +20 %');
    expect(text).toContain('    beside: exits.device 1 → 1.30; wait: vhost 100 ns → 290 ns');
  });

  test('stand in JUnit, too', () => {
    const xml = junitOf(judged(before, after));
    expect(xml).toContain('<testsuites tests="3" failures="3"');
    expect(xml).toContain('classname="vhost-net, rate 1 k/s, rpc" name="latency.p99"');
    expect(xml).toContain('wait: vhost 100 ns');
  });
});

test('points that one has alone are named', () => {
  const here = rows({ values: [1, 1] });
  const there = rows({ values: [1, 1], datapath: 'sriov' });
  const comparison = compare([...here, ...there], here);
  expect(comparison).toMatchObject({ onlyBefore: ['sriov, rate 1 k/s'], onlyAfter: [] });
  expect(diffText(comparison, [])).toContain('only in the first: sriov, rate 1 k/s');
});
