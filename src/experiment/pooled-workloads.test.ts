/** What VMs that are alike do together is what each of them does, put together. */
import { expect, test } from 'vitest';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { runPoint } from './run-point.test-support.ts';
import { summarise } from './summarise.ts';

const { load } = workspace();
const text = changed(SHORT, 'web: { pin: { vcpus: [0], backend: 1 } }', 'web: { count: 3 }');
const rows = summarise('alike', runPoint(load(text).points[0], 'vhost-net'));

const figures = (vm: RegExp, workload: RegExp, metric: string, statistic: string): number[] =>
  rows.summary
    .filter(
      (row) =>
        vm.test(row.vm) &&
        workload.test(row.workload) &&
        row.metric === metric &&
        row.statistic === statistic &&
        row.component === '',
    )
    .map(({ value }) => value as number);
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

test.each([
  ['throughput.requests', 'rate'],
  ['throughput.bits', 'rate'],
  ['drops', 'rate'],
  ['latency', 'samples'],
])('%s adds up', (metric, statistic) => {
  const each = figures(/^web-\d$/, /^bulk-\d$/, metric, statistic);
  expect(each).toHaveLength(3);
  const [all] = figures(/^web$/, /^bulk$/, metric, statistic);
  expect(all).toBeCloseTo(sum(each), 6);
});

test.each([
  ['max', Math.max],
  ['p50', (...values: number[]) => values[1]],
])('the %s of all latencies lies within those of the copies', (statistic) => {
  const each = figures(/^web-\d$/, /^bulk-\d$/, 'latency', statistic);
  const [all] = figures(/^web$/, /^bulk$/, 'latency', statistic);
  expect(all).toBeGreaterThanOrEqual(Math.min(...each));
  expect(all).toBeLessThanOrEqual(Math.max(...each) * (statistic === 'max' ? 1.5 : 1));
});

test('exits are those per request of all of them', () => {
  const each = figures(/^web-\d$/, /^$/, 'exits.device', 'mean');
  const [all] = figures(/^web$/, /^$/, 'exits.device', 'mean');
  expect(all).toBeGreaterThan(Math.min(...each));
  expect(all).toBeLessThan(Math.max(...each));
});

test('stages are of all of them together, and add up to their mean latency', () => {
  expect(new Set(rows.stages.map(({ workload }) => workload))).toEqual(new Set(['rpc', 'bulk']));
  const stages = sum(rows.stages.filter(({ workload }) => workload === 'bulk').map(({ mean_ns }) => mean_ns));
  const perTrial = rows.trials.filter(
    ({ workload, metric, statistic }) => workload === 'bulk' && metric === 'latency' && statistic === 'mean',
  );
  expect(stages).toBeCloseTo(sum(perTrial.map(({ value }) => value as number)) / perTrial.length, 3);
});
