/** Hand-made trials become rows: means with intervals, costs and stages per request, the worst verdict. */
import { describe, expect, test } from 'vitest';
import type { Spending } from '../accounting/ledger.ts';
import { hertz } from '../units.ts';
import type { Measured } from './measured.ts';
import type { PointResult } from './run-point.ts';
import type { StageTimes, TrialResult } from './run-trial.ts';
import type { Verdict } from './statistics/verdict.ts';
import { summarise } from './summarise.ts';

const measured = (over: Partial<Measured>): Measured => ({
  vm: 'web',
  workload: 'rpc',
  metric: 'latency',
  component: '',
  statistic: 'mean',
  unit: 'ns',
  value: 0,
  ...over,
});

const trial = (over: Partial<TrialResult>): TrialResult => ({
  measured: [],
  outcomes: new Map(),
  spending: [],
  completed: new Map(),
  stages: [],
  events: 0,
  stopped: new Map(),
  bottleneck: 'core0: web vcpu0 task',
  loads: [{ resource: 'core0', user: 'web vcpu0 task', busy: 1 }],
  stations: [],
  ...over,
});

/** A point with two VMs, web with workloads rpc and bulk, db with scan, at 1 GHz. */
const result = (
  trials: readonly TrialResult[],
  verdicts: Readonly<Record<string, Verdict['verdict']>> = {},
): PointResult => {
  const workloads = { rpc: { vm: 'web' }, bulk: { vm: 'web' }, scan: { vm: 'db' } };
  const point = {
    labels: { 'run.seed': '1' },
    scenario: { vms: { web: {}, db: {} }, workloads },
    copies: { vms: {}, workloads: {} },
    machine: { clock: hertz(1e9) },
  };
  const all = new Map<string, Verdict>(
    Object.keys(workloads).map((name) => [name, { verdict: verdicts[name] ?? 'steady', reasons: [] }]),
  );
  return {
    point,
    datapath: 'vhost-net',
    warmUp: { length: 0, how: 'given', tooLate: [] },
    trials,
    verdicts: all,
    bottleneck: trials[0].bottleneck,
    gaveUp: false,
  } as unknown as PointResult;
};

const values = (row: Partial<Measured>, all: readonly number[]): TrialResult[] =>
  all.map((value) => trial({ measured: [measured({ ...row, value })] }));

describe('a summary row', () => {
  // s = 2 and t(0.975, 2) = 4.30265: 4.30265 · 2 / √3 = 4.96827.
  test('is the mean over replications with its t-interval', () => {
    const [row] = summarise('s', result(values({}, [10, 12, 14]))).summary;
    expect(row).toMatchObject({
      scenario: 's',
      datapath: 'vhost-net',
      swept: { 'run.seed': '1' },
      vm: 'web',
      workload: 'rpc',
      unit: 'ns',
      value: 12,
      replications: 3,
      verdict: 'steady',
    });
    expect(row.ci_low).toBeCloseTo(12 - 4.96827, 4);
    expect(row.ci_high).toBeCloseTo(12 + 4.96827, 4);
  });

  test('of equal counts is exact', () => {
    const [row] = summarise('s', result(values({ metric: 'exits.device' }, [6, 6, 6]))).summary;
    expect(row).toMatchObject({ value: 6, ci_low: 6, ci_high: 6 });
  });

  test('counts nothing where a trial saw no such component', () => {
    const trials = [...values({ metric: 'drops', component: 'qdisc' }, [3]), trial({}), trial({})];
    expect(summarise('s', result(trials)).summary[0]).toMatchObject({ value: 1, replications: 3 });
  });

  test('has no latency where a trial had none, since a mean over the others would be another thing', () => {
    const trials = [...values({ statistic: 'p99' }, [3]), trial({}), trial({})];
    expect(summarise('s', result(trials)).summary[0]).toMatchObject({
      value: null,
      ci_low: null,
      ci_high: null,
    });
  });

  test('keeps components, statistics and workloads apart', () => {
    const rows = [
      measured({ value: 1 }),
      measured({ value: 2, statistic: 'p50' }),
      measured({ value: 3, workload: 'bulk' }),
      measured({ value: 4, component: 'x' }),
    ];
    const { summary } = summarise('s', result([trial({ measured: rows }), trial({ measured: rows })]));
    expect(summary.map(({ value }) => value)).toEqual([1, 2, 3, 4]);
  });
});

describe('a verdict', () => {
  const rows = [
    measured({ workload: 'rpc', value: 1 }),
    measured({ workload: 'bulk', value: 2 }),
    measured({ workload: 'bulk', metric: 'jitter.ipdv', value: 2 }),
    measured({ workload: 'bulk', metric: 'throughput.requests', value: 3 }),
    measured({ workload: '', metric: 'exits.device', value: 4 }),
    measured({ vm: 'db', workload: '', metric: 'exits.device', value: 5 }),
    measured({ vm: '', workload: '', metric: 'cpu', value: 6 }),
  ];
  const told = (verdicts: Readonly<Record<string, Verdict['verdict']>>): string[] => {
    const { summary } = summarise(
      's',
      result([trial({ measured: rows }), trial({ measured: rows })], verdicts),
    );
    return summary.map(({ value, verdict }) => `${value} ${verdict}`);
  };
  const SATURATED = 'saturated: core0: web vcpu0 task';

  test('of a workload is its own, and a saturated one has no latency and no jitter', () => {
    const found = told({ bulk: 'saturated' });
    expect(found.slice(0, 4)).toEqual([
      '1 steady',
      `null ${SATURATED}`,
      `null ${SATURATED}`,
      `3 ${SATURATED}`,
    ]);
  });

  test('of a VM is the worst of its workloads, of the machine the worst of all', () => {
    expect(told({ bulk: 'saturated' }).slice(4)).toEqual([`4 ${SATURATED}`, '5 steady', `6 ${SATURATED}`]);
    expect(told({ scan: 'short' }).slice(4)).toEqual(['4 steady', '5 short', '6 short']);
    expect(told({ rpc: 'short', bulk: 'saturated' })[4]).toBe(`4 ${SATURATED}`);
  });

  test('stands in each row of the trials too', () => {
    const trials = [trial({ measured: rows }), trial({ measured: rows })];
    const { trials: all } = summarise('s', result(trials, { bulk: 'saturated' }));
    expect(all).toHaveLength(2 * rows.length);
    expect(all.map(({ replication }) => replication).toSorted()).toEqual([
      ...rows.map(() => 1),
      ...rows.map(() => 2),
    ]);
    expect(all[1]).toMatchObject({ workload: 'bulk', value: 2, verdict: SATURATED });
  });
});

describe('a cost row', () => {
  const spent = (over: Partial<Spending>): Spending => ({
    core: 'core0',
    payer: 'web vcpu0 task',
    side: 'guest',
    plane: 'own',
    cost: 'syscall',
    busy: 0,
    count: 0,
    ...over,
  });
  const completed = new Map([
    ['rpc', 2],
    ['bulk', 1],
  ]);

  // 6,000 ps of busy time for 3 requests are 2 ns, at 1 GHz 2 cycles each; the other trial's 12,000 are 4.
  test('is per request of all workloads, averaged over replications', () => {
    const trials = [6000, 12_000].map((busy) => trial({ completed, spending: [spent({ busy, count: 3 })] }));
    const [row] = summarise('s', result(trials)).costs;
    expect(row).toMatchObject({
      core: 'core0',
      thread: 'web vcpu0 task',
      side: 'guest',
      payer: 'guest',
      cost: 'syscall',
      cycles_per_request: 3,
      busy_ns_per_request: 3,
      count_per_request: 1,
    });
    // s = √2 and t(0.975, 1) = 12.7062: 12.7062 · √2 / √2.
    expect(row.ci_high! - 3).toBeCloseTo(12.7062, 3);
  });

  test('of work that only one trial did counts as none in the other', () => {
    const trials = [trial({ completed, spending: [spent({ busy: 6000, count: 3 })] }), trial({ completed })];
    expect(summarise('s', result(trials)).costs[0]).toMatchObject({
      cycles_per_request: 1,
      count_per_request: 0.5,
    });
  });

  test.each([
    [{ payer: 'web vcpu0 task', plane: 'vcpu-k' as const }, 'vcpu-k'],
    [{ payer: 'vhost web' }, 'vhost'],
    [{ payer: 'qemu web' }, 'qemu main'],
    [{ payer: 'cloud-hypervisor web' }, 'event loop'],
    [{ payer: 'core3 softirq' }, 'host softirq'],
    [{ payer: 'core3 irq' }, 'host softirq'],
  ])('of %o is billed to %s', (line, payer) => {
    const spending = [spent({ busy: 1000, count: 1, ...line })];
    const trials = [trial({ completed, spending }), trial({ completed, spending })];
    expect(summarise('s', result(trials)).costs[0].payer).toBe(payer);
  });
});

describe('a stage row', () => {
  const stage = (over: Partial<StageTimes>): StageTimes => ({
    workload: 'rpc',
    stage: 'wire',
    kind: 'working',
    mean: 0,
    place: 0,
    sample: [],
    ...over,
  });

  test('has its place in the life of a request, its mean, its share and its percentiles', () => {
    const trials = [
      trial({
        stages: [
          stage({ stage: 'wait: wire', kind: 'waiting', place: 2, mean: 1000, sample: [1000, 3000] }),
          stage({ stage: 'guest: transmit', place: 0, mean: 5000, sample: [5000, 5000] }),
        ],
      }),
      trial({
        stages: [
          stage({ stage: 'wait: wire', kind: 'waiting', place: 2, mean: 3000, sample: [2000, 4000] }),
          stage({ stage: 'guest: transmit', place: 0, mean: 7000, sample: [7000, 9000] }),
        ],
      }),
    ];
    const { stages } = summarise('s', result(trials));
    expect(stages.map(({ position, stage: name }) => `${position} ${name}`)).toEqual([
      '1 guest: transmit',
      '2 wait: wire',
    ]);
    // Means 6,000 and 2,000 ps; the second of four sorted values is the median, the fourth the p99.
    expect(stages[0]).toMatchObject({ mean_ns: 6, share: 0.75, p50_ns: 5, p99_ns: 9, sample: 4 });
    expect(stages[1]).toMatchObject({ mean_ns: 2, share: 0.25, p50_ns: 2, p99_ns: 4, kind: 'waiting' });
  });

  test('is of its workload, and shares add up to 1 in each', () => {
    const stages = [
      stage({ mean: 3000, sample: [1] }),
      stage({ mean: 1000, stage: 'nic', place: 1, sample: [1] }),
      stage({ mean: 500, workload: 'bulk', sample: [1] }),
    ];
    const rows = summarise('s', result([trial({ stages }), trial({ stages })])).stages;
    expect(rows.map(({ workload, share }) => `${workload} ${share}`).toSorted()).toEqual([
      'bulk 1',
      'rpc 0.25',
      'rpc 0.75',
    ]);
  });
});
