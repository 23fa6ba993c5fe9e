/** A VM whose guest has no driver for its card: said clearly, and nobody else is disturbed. */
import { describe, expect, test } from 'vitest';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { runPoint } from './run-point.test-support.ts';
import { summarise } from './summarise.ts';

const { load } = workspace();
const point = (text: string) => load(text).points[0];
const two = (guest: string): string =>
  changed(
    changed(SHORT, 'vms:\n', `vms:\n  deaf: { pin: { vcpus: [2], backend: 3 }, ${guest} }\n`),
    'workloads:\n',
    `workloads:
  asked: { vm: deaf, kind: request-response, request: 64 B, response: 64 B, service: 5 us }
  sent: { vm: deaf, kind: open-loop, direction: transmit, arrivals: poisson, rate: 20 k/s, size: 64 B }
  got: { vm: deaf, kind: open-loop, direction: receive, arrivals: poisson, rate: 20 k/s, size: 64 B }
`,
  );
const NO_VIRTIO = 'guest: { drivers: [e1000] }';

describe('a guest without a driver', () => {
  const result = runPoint(point(two(NO_VIRTIO)), 'vhost-net');
  const { summary } = summarise('short', result);
  const rows = (workload: string, metric: string) =>
    summary.filter((row) => row.workload === workload && row.metric === metric);

  test.each(['asked', 'sent', 'got'])('%s runs nothing, and says why', (workload) => {
    expect(result.verdicts.get(workload)).toEqual({
      verdict: 'unbound',
      reasons: ['the guest has no virtio_pci'],
    });
    const [rate] = rows(workload, 'throughput.requests');
    expect([rate.value, rate.verdict]).toEqual([0, 'unbound: the guest has no virtio_pci']);
    expect(rows(workload, 'latency').filter(({ value }) => value !== null)).toEqual([]);
  });

  test('has rows for its card, its features and its set-up', () => {
    const of = (metric: string, component: string) =>
      summary.find((row) => row.vm === 'deaf' && row.metric === metric && row.component === component)?.value;
    expect(of('binding', '00:03.0 1af4:1000')).toBe(0);
    expect(of('binding', '')).toBe(0);
    // 31 empty slots; of the card ids, header type, class, subsystem and pin, and six base addresses.
    expect(of('setup', 'config read')).toBe(31 + 5 + 6);
    expect(summary.filter(({ metric }) => metric === 'features')).toEqual([]);
  });

  test('leaves the verdict of the machine and of other VMs to those that run', () => {
    const verdicts = new Set(
      summary.filter(({ vm }) => vm !== 'deaf').map(({ verdict }) => verdict.split(':')[0]),
    );
    expect(verdicts.has('unbound')).toBe(false);
    expect(result.verdicts.get('rpc')?.verdict).not.toBe('unbound');
    const alone = summarise('short', runPoint(point(SHORT), 'vhost-net')).summary;
    const latency = (some: typeof alone) =>
      some.filter((row) => row.workload === 'rpc' && row.metric === 'latency').map(({ value }) => value);
    expect(latency(summary)).toEqual(latency(alone));
  });
});

describe('a guest with a second card that it can drive', () => {
  test('runs on that one', () => {
    const both = two(`${NO_VIRTIO}, net: { devices: [e1000] }`);
    const beside = summarise('short', runPoint(point(both), 'vhost-net')).summary;
    const plain = summarise('short', runPoint(point(two(NO_VIRTIO)), 'e1000')).summary;
    const exits = (rows: typeof plain) =>
      rows.find(
        ({ vm, metric, component }) =>
          vm === 'deaf' && metric === 'exits.device' && component === 'write TDT',
      );
    expect(exits(beside)?.value).toBeGreaterThan(0);
    expect(exits(plain)?.value).toBeGreaterThan(0);
  });
});

test('VMs that say nothing of their guest have no rows about it', () => {
  const { summary } = summarise('short', runPoint(point(SHORT), 'vhost-net'));
  expect(summary.filter(({ metric }) => /^(binding|features|setup)$/.test(metric))).toEqual([]);
});
