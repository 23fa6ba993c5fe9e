/** Each form of an expectation holds where it should, fails where it should, and says what was found. */
import { describe, expect, test } from 'vitest';
import type { Expectation } from '../scenario/expectation-schema.ts';
import { figureIn, judge, unexpectedSaturation } from './expectations.ts';
import type { SummaryRow } from './rows.ts';

const row = (over: Partial<SummaryRow>): SummaryRow => ({
  scenario: 's',
  datapath: 'native',
  swept: {},
  vm: 'web',
  workload: 'rpc',
  metric: 'latency',
  component: '',
  statistic: 'p50',
  unit: 'ns',
  value: 10_000,
  ci_low: 9_000,
  ci_high: 11_000,
  replications: 5,
  verdict: 'steady',
  ...over,
});

const throughput = (over: Partial<SummaryRow>): SummaryRow =>
  row({ metric: 'throughput.requests', statistic: 'rate', unit: '1/s', value: 20_000, ...over });

const ROWS: readonly SummaryRow[] = [
  row({}),
  row({ statistic: 'p99', value: 40_000 }),
  row({ datapath: 'sriov', value: 12_000 }),
  row({ datapath: 'vhost-net', value: 26_000 }),
  row({ datapath: 'e1000', value: null, verdict: 'saturated: core0' }),
  row({ workload: 'bulk', value: 5_000 }),
  row({ workload: '', metric: 'exits.device', statistic: 'mean', unit: '1/request', value: 6 }),
  row({ workload: '', metric: 'exits.device', statistic: 'mean', component: 'write TDT', value: 2 }),
  throughput({}),
  throughput({ datapath: 'e1000', verdict: 'saturated: core0' }),
  throughput({ datapath: 'e1000', workload: 'bulk', verdict: 'saturated: core0' }),
];

const because = 'an order argument';
const found = (entry: Omit<Expectation, 'because'>, rows = ROWS): string => {
  const { held, found: text } = judge({ ...entry, because }, rows);
  return `${held ? 'held' : 'FAILED'}: ${text}`;
};

describe('one figure', () => {
  const p50 = { metric: 'latency.p50', workload: 'rpc', datapath: 'native' };

  test('is found and said', () => {
    expect(found({ ...p50, equals: '10000 ns' })).toBe('held: 10000 ns');
    expect(found({ ...p50, equals: '10001 ns' })).toBe('FAILED: 10000 ns');
  });

  test('is written with any unit of its kind', () => {
    expect(found({ ...p50, equals: '10 us' })).toBe('held: 10000 ns');
    expect(found({ ...p50, between: ['9.9 us', '0.011 ms'] })).toBe('held: 10000 ns');
  });

  test('equals within a relative tolerance', () => {
    expect(found({ ...p50, equals: '10100 ns', tolerance: 0.01 })).toMatch(/^held/); // off by 100 of 101
    expect(found({ ...p50, equals: '10200 ns', tolerance: 0.01 })).toMatch(/^FAILED/); // off by 200 of 102
    expect(found({ ...p50, equals: '-10000 ns', tolerance: 0.5 })).toMatch(/^FAILED/);
  });

  test('lies below and above, both strictly', () => {
    expect(found({ ...p50, below: '10001 ns' })).toMatch(/^held/);
    expect(found({ ...p50, below: '10000 ns' })).toMatch(/^FAILED/);
    expect(found({ ...p50, above: '9999 ns' })).toMatch(/^held/);
    expect(found({ ...p50, above: '10000 ns' })).toMatch(/^FAILED/);
    expect(found({ ...p50, above: '9000 ns', below: '9500 ns' })).toMatch(/^FAILED/);
  });

  test('lies between two, ends included', () => {
    expect(found({ ...p50, between: ['10000 ns', '10000 ns'] })).toMatch(/^held/);
    expect(found({ ...p50, between: ['10001 ns', '20000 ns'] })).toMatch(/^FAILED/);
  });

  test('may be that of a component; the whole where none is named', () => {
    expect(found({ metric: 'exits.device', vm: 'web', equals: 6 })).toBe('held: 6');
    expect(found({ metric: 'exits.device', vm: 'web', component: 'write TDT', equals: 2 })).toBe('held: 2');
  });

  test('may be that of a point of the sweep', () => {
    const rows = [row({ swept: { 'run.seed': '1' } }), row({ swept: { 'run.seed': '2' }, value: 7 })];
    expect(found({ ...p50, where: { 'run.seed': 2 }, equals: '7 ns' }, rows)).toBe('held: 7 ns');
    expect(found({ ...p50, where: { 'run.seed': '2' }, equals: '7 ns' }, rows)).toBe('held: 7 ns');
  });

  test('that is not there, not alone or not a figure fails, and says why', () => {
    expect(found({ ...p50, datapath: 'virtio-net', below: '1 ns' })).toBe(
      'FAILED: there is no latency.p50 of virtio-net at this point',
    );
    expect(found({ metric: 'latency.p50', workload: 'rpc', below: '1e9 ns' })).toBe(
      'FAILED: 4 rows match latency.p50 of any datapath: say more',
    );
    expect(found({ ...p50, datapath: 'e1000', below: '1e9 ns' })).toBe(
      'FAILED: latency.p50 of e1000 has no figure: the point is saturated: core0',
    );
  });
});

describe('two figures', () => {
  const vhost = { metric: 'latency.p50', workload: 'rpc', datapath: 'vhost-net' };

  test('are compared by their ratio', () => {
    expect(found({ ...vhost, ratioTo: { datapath: 'native' }, equals: 2.6 })).toBe('held: 2.6');
    expect(found({ ...vhost, ratioTo: { datapath: 'native' }, below: 2 })).toBe('FAILED: 2.6');
  });

  test('are compared by their difference', () => {
    expect(found({ ...vhost, differenceTo: { datapath: 'native' }, equals: '16000 ns' })).toBe(
      'held: 16000 ns',
    );
  });

  test('may differ in more than the datapath', () => {
    const p99 = { metric: 'latency.p99', workload: 'rpc', datapath: 'native' };
    expect(found({ ...p99, ratioTo: { metric: 'latency.p50' }, equals: 4 })).toBe('held: 4');
    expect(found({ ...vhost, datapath: 'native', ratioTo: { workload: 'bulk' }, equals: 2 })).toBe('held: 2');
  });

  test('fail where the other is missing or 0', () => {
    expect(found({ ...vhost, ratioTo: { datapath: 'virtio-net' }, above: 0 })).toMatch(
      /^FAILED: there is no/,
    );
    const rows = [row({ datapath: 'vhost-net', value: 0 }), row({ value: 0 })];
    const byZero = 'FAILED: latency.p50 is divided by 0';
    expect(found({ ...vhost, ratioTo: { datapath: 'native' }, equals: 1 }, rows)).toBe(byZero);
  });

  test('are added up before anything else', () => {
    const p50 = { metric: 'latency.p50', workload: 'rpc', datapath: 'native' };
    const sum = figureIn(ROWS, { ...p50, plus: [{ datapath: 'sriov' }], ratioTo: { datapath: 'native' } });
    expect(sum).toMatchObject({ value: (10_000 + 12_000) / 10_000 });
    expect(figureIn(ROWS, { ...p50, plus: [{ workload: 'nobody' }] })).toHaveProperty('problem');
  });
});

describe('an order', () => {
  const order = (...datapaths: string[]): string =>
    found({ metric: 'latency.p50', workload: 'rpc', order: datapaths });

  test('holds where each is more than the one before', () => {
    expect(order('native', 'sriov', 'vhost-net')).toBe(
      'held: native 10000 ns < sriov 12000 ns < vhost-net 26000 ns',
    );
  });

  test('fails otherwise, and where one has no figure', () => {
    expect(order('sriov', 'native')).toMatch(/^FAILED: sriov 12000 ns < native 10000 ns$/);
    expect(order('native', 'native')).toMatch(/^FAILED/);
    expect(order('native', 'e1000')).toMatch(/^FAILED: latency\.p50 of e1000 has no figure/);
  });
});

describe('saturation', () => {
  test('holds where every selected point saturates', () => {
    expect(found({ saturates: true, datapath: 'e1000' })).toBe('held: saturated: core0');
    expect(found({ saturates: true, datapath: 'native' })).toBe('FAILED: steady');
    expect(found({ saturates: true, datapath: 'sriov' })).toBe('FAILED: no such point');
    expect(found({ saturates: true, workload: 'rpc' })).toBe('FAILED: steady, saturated: core0');
  });

  test('that nobody expected is told, once for each workload', () => {
    expect(unexpectedSaturation([], ROWS)).toEqual([
      'e1000, rpc: saturated: core0',
      'e1000, bulk: saturated: core0',
    ]);
    const bulk: Expectation = { saturates: true, datapath: 'e1000', workload: 'bulk', because };
    expect(unexpectedSaturation([bulk], ROWS)).toEqual(['e1000, rpc: saturated: core0']);
    expect(unexpectedSaturation([{ saturates: true, datapath: 'e1000', because }], ROWS)).toEqual([]);
  });

  test('is told with its point', () => {
    const rows = [throughput({ swept: { 'workloads.bulk.rate': '1 M/s' }, verdict: 'saturated: wire out' })];
    expect(unexpectedSaturation([], rows)).toEqual([
      'native, rpc, workloads.bulk.rate 1 M/s: saturated: wire out',
    ]);
  });

  test('is not told of rows that compare two datapaths', () => {
    const rows = [throughput({ statistic: 'rate vs native', verdict: 'saturated: core0' })];
    expect(unexpectedSaturation([], rows)).toEqual([]);
  });
});
