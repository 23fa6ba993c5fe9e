/** What the charts say: which there are, what is left out, and that the CSV files alone are enough to draw them. */
import { expect, test } from 'vitest';
import { readResults, writeCsv } from '../csv.ts';
import { invented, plainRun, rateSweep, twoAxes, wordSweep } from '../invented.test-support.ts';
import { COSTS, STAGES, SUMMARY } from '../layout.ts';
import type { Results, SummaryRow } from '../rows.ts';
import { axesOf, loadAxis, some } from './axes.ts';
import { charts } from './charts.ts';
import { verdictNotes, wrap } from './heading.ts';
import { mergedOrder } from './stages.ts';

const names = (results: Results): string[] => charts(results).map(({ name }) => name);
const drawn = (results: Results, name: string): string => {
  const { spec } = charts(results, { title: 'T', question: 'Q?' }).find((chart) => chart.name === name)!;
  return JSON.stringify(spec);
};

test('only those that are wanted are drawn', () => {
  const all = charts(rateSweep()).map(({ name }) => name);
  const wanted = charts(rateSweep(), {}, ['load-latency', 'cycles']).map(({ name }) => name);
  expect(wanted).toEqual(all.filter((name) => /^(load-latency|cycles)/.test(name)));
  expect(wanted.length).toBeGreaterThan(1);
});

test('each run has its pictures', () => {
  expect(names(plainRun())).toEqual(['latency', 'throughput', 'cycles', 'stages']);
  expect(names(rateSweep())).toEqual(['latency', 'load-latency', 'throughput', 'cycles', 'stages']);
  expect(names(wordSweep())).toEqual(['latency', 'throughput', 'cycles', 'stages']);
  expect(names(twoAxes())).toContain('latency.rpc');
  expect(charts({ summary: [], costs: [], stages: [] })).toEqual([]);
});

test('counts are drawn where they are asked for, each once', () => {
  const [template] = plainRun().summary;
  const row = (datapath: string, metric: string, value: number): SummaryRow => ({
    ...template,
    ...{ datapath, metric, value, workload: '', component: '', statistic: 'mean', unit: '1/request' },
  });
  const summary = [
    ...['kicks', 'exits.device'].flatMap((metric) => [
      row('vhost-net', metric, 0.4),
      row('vhost-user', metric, 0),
    ]),
    row('vhost-net', 'interrupts.raised', 0.5),
    row('vhost-user', 'interrupts.raised', 1),
  ];
  const none = { costs: [], stages: [] };
  expect(charts({ summary, ...none }).map(({ name }) => name)).not.toContain('counts');
  const [{ spec }] = charts({ summary, ...none }, {}, ['counts']);
  const text = JSON.stringify(spec);
  expect(['kicks per request', 'interrupts raised per request'].every((title) => text.includes(title))).toBe(
    true,
  );
  // Each exit is a kick.
  expect(text).not.toContain('exits to a device per request');
  expect(charts({ summary: [row('native', 'kicks', 0)], ...none }, {}, ['counts'])).toEqual([]);
});

test('the CSV files alone give the same charts', () => {
  const results = rateSweep();
  const read = readResults({
    summary: writeCsv(SUMMARY, results.summary),
    costs: writeCsv(COSTS, results.costs),
    stages: writeCsv(STAGES, results.stages),
  });
  expect(charts(read)).toEqual(charts(results));
});

test('question and saturated points stand under the title', () => {
  const latency = drawn(rateSweep(), 'latency');
  expect(latency).toContain('T — Q?');
  expect(latency).toContain('saturated, no steady-state percentile: e1000 at 400 k/s (qemu main)');
});

test('a percentile of a saturated point is not drawn, even if a row has one', () => {
  const results = rateSweep();
  const [row] = results.summary;
  const wrong = { ...row, value: 123_456_789, ci_low: null, ci_high: null, verdict: 'saturated: nic' };
  expect(drawn({ ...results, summary: [...results.summary, wrong] }, 'latency')).not.toContain('123456.8');
  const everywhere = invented({ points: [{ swept: {}, rate: 1e9 }] });
  expect(names(everywhere)).toEqual(['throughput', 'cycles']);
});

test('runs of saturated points are put in few words', () => {
  const { summary } = invented({
    workloads: ['rpc'],
    points: [100, 400, 700, 900].flatMap((k) =>
      [64, 1500].map((size, i) => ({
        swept: { 'workloads.rpc.rate': `${k} k/s`, 'workloads.rpc.size': `${size} B` },
        rate: k * 1e3,
        factor: 1 + i,
      })),
    ),
  });
  const [note] = verdictNotes(summary, axesOf(summary));
  expect(note).toBe(
    'saturated, no steady-state percentile: ' +
      'native at 900 k/s (nic) with rpc.size = 1500 B; ' +
      'e1000 from 400 k/s (qemu main); ' +
      'virtio-net from 400 k/s (qemu main) with rpc.size = 1500 B; ' +
      'virtio-net from 700 k/s (qemu main) with rpc.size = 64 B; ' +
      'vhost-net from 700 k/s (vhost[0]) with rpc.size = 1500 B; ' +
      'sriov at 900 k/s (nic) with rpc.size = 1500 B',
  );
});

test('what is so at every point needs no list of points', () => {
  const { summary } = rateSweep();
  const short = summary.map((row) => (row.datapath === 'native' ? { ...row, verdict: 'short' } : row));
  expect(verdictNotes(short, axesOf(short))).toContain(
    'too short to settle, read with care: native throughout',
  );
});

test('axes are sorted by size, words keep their order', () => {
  const [rate] = axesOf(rateSweep().summary.toReversed());
  expect(rate.steps.map((step) => step.label)).toEqual(['10 k/s', '50 k/s', '100 k/s', '200 k/s', '400 k/s']);
  expect(rate).toMatchObject({ name: 'bulk.rate', offered: true, workload: 'bulk', unit: '/s' });
  const [policy] = axesOf(wordSweep().summary);
  expect(policy.steps.map((step) => step.label)).toEqual(['completely-fair', 'eevdf', 'real-time']);
  expect(loadAxis([policy])).toBeNull();
  expect(some(rate.steps, 3).map((step) => step.label)).toEqual(['10 k/s', '100 k/s', '400 k/s']);
});

test('a rate of the machine is not an offered load', () => {
  const { summary } = invented({
    points: [10, 25, 100].map((rate) => ({ swept: { 'machine.nic.rate': `${rate} Gbit/s` }, rate: 1e4 })),
  });
  expect(loadAxis(axesOf(summary))).toBeNull();
});

test('stages of several datapaths merge into one order that keeps each', () => {
  const lists = [
    ['send', 'wire', 'receive'],
    ['send', 'exit', 'lock', 'wire', 'inject', 'receive'],
    ['send', 'kick', 'wire', 'receive'],
  ];
  const order = mergedOrder(lists);
  for (const list of lists) expect(order.filter((name) => list.includes(name))).toEqual(list);
});

test('long headings are broken and end in an ellipsis', () => {
  expect(wrap('short')).toEqual(['short']);
  const lines = wrap('word '.repeat(1000));
  expect(lines).toHaveLength(4);
  expect(lines[3]).toMatch(/…$/);
});

test('a guest without a driver has its reason where its bar would be, and is no point that is too short', () => {
  const { summary, costs, stages } = plainRun();
  const verdict = 'unbound: the guest has no virtio_pci';
  const results = {
    summary: summary.map((row) => (row.datapath === 'vhost-net' ? { ...row, verdict } : row)),
    costs: costs.filter(({ datapath }) => datapath !== 'vhost-net'),
    stages,
  };
  expect(drawn(results, 'cycles')).toContain('the guest has no virtio_pci');
  expect(verdictNotes(results.summary, axesOf(results.summary))).toEqual([
    'no driver: vhost-net (the guest has no virtio_pci)',
  ]);
});

test('a panel without figures keeps its place, so that no other slips into it', () => {
  const results = invented({
    workloads: ['rpc', 'bulk'],
    points: [
      { swept: { case: 'one' }, rate: 1000 },
      { swept: { case: 'two' }, rate: 1000 },
    ],
  });
  const gone = ({ workload, swept }: SummaryRow): boolean => workload === 'rpc' && swept['case'] === 'two';
  const summary = results.summary.map((row) => (gone(row) ? { ...row, verdict: 'saturated: nic' } : row));
  const spec = drawn({ ...results, summary }, 'latency');
  const panels = new Set(
    [...spec.matchAll(/"column":"([^"]*)","row":"([^"]*)"/g)].map(([, column, row]) => `${column}, ${row}`),
  );
  expect(panels.size).toBe(4);
  // What stands for the missing one has nothing to draw.
  expect(spec).toMatch(/\{"column":"[^"]*two","row":"rpc"\}|\{"column":"rpc","row":"[^"]*two"\}/);
});
