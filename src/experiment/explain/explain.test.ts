/** What is explained adds up, and where the answer is known it is the answer. */
import { beforeAll, describe, expect, test } from 'vitest';
import { changed, SHORT, workspace } from '../../scenario/workspace.test-support.ts';
import { runPoint } from '../run-point.test-support.ts';
import type { PointResult } from '../run-point.ts';
import { bounds, littleLaws, stationLaws } from './laws.ts';
import { payments } from './payers.ts';
import { slowest, tailAnatomy } from './tail.ts';
import { cycleWaterfall, meanWaterfall, tailWaterfall, type Waterfall } from './waterfall.ts';

const { load } = workspace();
const text = changed(SHORT, 'measure: 2 ms, warmUp: 200 us', 'measure: 20 ms, warmUp: 2 ms');
let native: PointResult;
let vhost: PointResult;
beforeAll(() => {
  const [point] = load(text).points;
  native = runPoint(point, 'native');
  vhost = runPoint(point, 'vhost-net');
});

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const measured = ({ trials }: PointResult, metric: string, statistic: string, workload: string): number =>
  mean(
    trials.map(
      ({ measured: rows }) =>
        rows.find(
          (row) =>
            row.metric === metric &&
            row.statistic === statistic &&
            row.workload === workload &&
            row.component === '' &&
            (workload !== '' || row.vm === ''),
        )?.value as number,
    ),
  );
const sum = ({ bars }: Waterfall): number => bars.reduce((all, { from, to }) => all + to - from, 0);

describe('a waterfall', () => {
  test.each(['rpc', 'bulk'])(
    'of the mean latency of %s adds up to the difference of the latencies',
    (workload) => {
      const fall = meanWaterfall(native, vhost, workload);
      const difference =
        measured(vhost, 'latency', 'mean', workload) - measured(native, 'latency', 'mean', workload);
      expect(sum(fall) / 1000).toBeCloseTo(difference, 3);
      expect(fall.to - fall.from).toBeCloseTo(sum(fall), 0);
    },
  );

  test('of the tail adds up to the difference of the slowest requests', () => {
    const fall = tailWaterfall(native, vhost, 'bulk');
    const tails = [native, vhost].map((result) =>
      mean(slowest(result, 'bulk').map(({ latency }) => latency)),
    );
    expect(sum(fall)).toBeCloseTo(tails[1] - tails[0], 0);
  });

  test('of the cycles adds up to the difference of the cycles', () => {
    const difference = measured(vhost, 'cycles', 'mean', '') - measured(native, 'cycles', 'mean', '');
    expect(sum(cycleWaterfall(native, vhost))).toBeCloseTo(difference, 3);
  });

  test('from a datapath to itself is nothing at all', () => {
    for (const fall of [
      meanWaterfall(vhost, vhost, 'rpc'),
      tailWaterfall(vhost, vhost, 'rpc'),
      cycleWaterfall(vhost, vhost),
    ])
      for (const { from, to } of fall.bars) expect(to - from).toBe(0);
  });
});

test('payments are all cycles of a request', () => {
  const all = payments(vhost).reduce((total, { cycles }) => total + cycles.mean, 0);
  expect(all).toBeCloseTo(measured(vhost, 'cycles', 'mean', ''), 3);
});

describe('the slowest requests', () => {
  test('are one in a hundred, and none that is left out is slower', () => {
    const all = vhost.trials.flatMap(
      ({ stages }) => stages.find(({ workload }) => workload === 'bulk')?.sample ?? [],
    );
    const found = slowest(vhost, 'bulk');
    expect(found.length).toBe(Math.round(all.length / 100));
    expect(found.map(({ latency }) => latency)).toEqual(
      found.map(({ latency }) => latency).sort((a, b) => b - a),
    );
  });

  test('are in one group each', () => {
    const groups = tailAnatomy(vhost, 'bulk');
    expect(groups.reduce((total, { requests }) => total + requests, 0)).toBe(slowest(vhost, 'bulk').length);
    expect(groups.reduce((total, { share }) => total + share, 0)).toBeCloseTo(1, 9);
    for (const { spent, usual } of groups) expect(spent).toBeGreaterThan(usual);
  });
});

describe('laws', () => {
  test('Little’s holds, but for those under way at the ends of the window', () => {
    for (const { present, law } of littleLaws(vhost))
      expect(Math.abs(present - law)).toBeLessThan(0.05 * law);
  });

  test('utilisation is rate × occupation', () => {
    for (const { utilisation, law } of stationLaws(vhost)) expect(utilisation).toBeCloseTo(law, 3);
  });

  test('no resource lets through less than passes', () => {
    const carried = vhost.trials.map(({ outcomes }) =>
      [...outcomes.values()].reduce((all, each) => all + each.carried, 0),
    );
    for (const { bound } of bounds(vhost)) expect(bound).toBeGreaterThanOrEqual(mean(carried));
  });

  test('a wire that Poisson arrivals of one size come to waits as an M/D/1', () => {
    // Bare metal of a textbook, every cost free: frames reach the wire as they are sent. 123.2 ns a frame of 64 B + 24 + 4 at 10 Gbit/s.
    const wire = `title: Wire
question: How long do frames wait for the wire?
machine: profiles/textbook.yaml
vms: { vm: { pin: { vcpus: [0], backend: 1 } } }
workloads: { send: { vm: vm, kind: open-loop, direction: receive, rate: 5 M/s, size: 60 B } }
host: { nic: { rate: 10 Gbit/s } }
datapaths: [native]
run: { measure: 4 ms, warmUp: 100 us, replications: 5 }
`;
    const laws = stationLaws(runPoint(load(wire).points[0], 'native'));
    const found = laws.find(({ station }) => station === 'wire in');
    expect(found).toBeDefined();
    const { wait, md1, mg1, variation, verdict } = found as (typeof laws)[number];
    expect(variation).toBeCloseTo(0, 6);
    expect(mg1).toBeCloseTo(md1 as number, 6);
    expect(Math.abs(wait / (md1 as number) - 1)).toBeLessThan(0.05);
    expect(verdict).toBe('as M/G/1');
  });
});
