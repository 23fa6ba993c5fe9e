/** The terminal table: aligned, narrow enough, with intervals, and without percentiles of saturated points. */
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { invented, plainRun, rateSweep, twoAxes } from './invented.test-support.ts';
import { table } from './table.ts';

test('one line per datapath, workload by workload, in order of datapath', () => {
  const [rpc, bulk, legend] = table(plainRun().summary).split('\n\n');
  expect(rpc.split('\n').map((line) => line.split(' ')[0])).toEqual([
    'rpc',
    '',
    'native',
    'e1000',
    'virtio-net',
    'vhost-net',
    'sriov',
  ]);
  expect(rpc).toMatch(
    /^vhost-net {2,}23\.9 µs ± 0\.3 {2,}32\.2 µs ± 0\.4 .* 19\.7 k {2,}0\.33 {2,}1\.25 .* steady$/m,
  );
  expect(bulk).toMatch(/^bulk\n/);
  expect(legend).toContain('per request');
});

test('a saturated point says what is full instead of its percentiles', () => {
  const block = table(rateSweep().summary)
    .split('\n\n')
    .find((some) => some.startsWith('rpc · bulk.rate = 400 k/s'));
  expect(block).toMatch(/^e1000 +full: qemu main +34\d k\/s ± \d +65\.2 k .* saturated$/m);
  expect(block).toMatch(/^native +12\.1 µs/m);
});

test('points come in the order of their values', () => {
  const headings = table(twoAxes().summary)
    .split('\n')
    .filter((line) => line.startsWith('bulk'));
  expect(headings.slice(0, 4)).toEqual([
    'bulk · bulk.rate = 10 k/s · bulk.size = 64 B',
    'bulk · bulk.rate = 10 k/s · bulk.size = 512 B',
    'bulk · bulk.rate = 10 k/s · bulk.size = 1500 B',
    'bulk · bulk.rate = 50 k/s · bulk.size = 64 B',
  ]);
});

test('no line is wider than 110 columns, colour changes nothing else', () => {
  const long = {
    points: [{ swept: {}, rate: 1e6 }],
    datapaths: ['vhost-net', `${'very-'.repeat(20)}long`, 'e1000'],
  };
  for (const results of [plainRun(), rateSweep(), invented(long)]) {
    const text = table(results.summary);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
    expect(text).not.toMatch(/ $/m);
    const coloured = table(results.summary, { colour: true });
    expect(coloured).not.toBe(text);
    expect(stripVTControlCharacters(coloured)).toBe(text);
  }
});

test('what a run did not count is a dash, and no rows are no table', () => {
  const { summary } = plainRun();
  const bare = table(summary.filter((row) => row.metric === 'latency'));
  expect(bare).toMatch(/^native +11\.9 µs ± 0\.2 +16\.7 µs ± 0\.3 +– +– +– +– +– {2}steady$/m);
  expect(table([])).toBe('');
});

test('a guest without a driver says so instead of figures', () => {
  const verdict = 'unbound: the guest has no virtio_pci';
  const summary = plainRun().summary.flatMap((row) =>
    row.datapath !== 'vhost-net' || row.workload !== 'rpc'
      ? [row]
      : row.metric === 'latency'
        ? []
        : [{ ...row, value: 0, verdict }],
  );
  expect(table(summary)).toMatch(/^vhost-net +the guest has no virtio_pci +– .* unbound$/m);
  expect(table(summary)).toMatch(/^virtio-net +\d.* steady$/m);
});
