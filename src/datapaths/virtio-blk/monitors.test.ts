/** What a monitor's way of serving a disk does to it, and what goes together with which monitor. */
import { describe, expect, test } from 'vitest';
import { DISK_CLASSES } from '../../models/hardware/disk/disk-classes.ts';
import { machine } from '../../scenario/machines.test-support.ts';
import { ms, us } from '../../units.ts';
import { DiskTrial } from '../disk-trial.test-support.ts';
import { virtioBlk } from './index.ts';

const TOGETHER = 4;
const LATENCY = us(100);

/** Four reads at a time, submitted together and waited for together, of a disk that serves any number in 100 us. */
const trial = (params: unknown) => {
  const server = { ...machine('textbook'), disk: { ...DISK_CLASSES.null, completion: LATENCY } };
  const job = { rw: 'randread', bs: 4096, iodepth: TOGETHER, batch: TOGETHER, complete: TOGETHER } as const;
  const run = new DiskTrial({ machine: server, datapath: virtioBlk, params, jobs: [job], stop: ms(10) });
  run.run('drained');
  const counted = (metric: string) =>
    run.world.books.counters
      .since([])
      .filter(({ counter }) => counter.metric === metric)
      .reduce((sum, { value }) => sum + value, 0);
  const [record] = run.records;
  return {
    mean: record.latency.mean,
    perBatch: (metric: string) => (counted(metric) / record.completed) * TOGETHER,
  };
};

describe('Firecracker', () => {
  test('with its Sync engine waits for each read: the reads of a run are served one after the other', () => {
    // The job takes them when all are there.
    expect(trial({ monitor: 'firecracker' }).mean / LATENCY).toBeCloseTo(TOGETHER, 2);
  });

  test('with io_uring they go together', () => {
    expect(trial({ monitor: 'firecracker', io_engine: 'Async' }).mean / LATENCY).toBeCloseTo(1, 2);
  });

  test('decides about an interrupt for each read, or once for all of a run', () => {
    const raised = (signal: string) =>
      trial({ monitor: 'firecracker', signal }).perBatch('interrupts.raised');
    expect(raised('per-batch')).toBe(1);
    expect(raised('per-request')).toBe(TOGETHER);
  });

  test('reads and acknowledges the status of MMIO in the guest: two exits an interrupt, none over PCI', () => {
    const exits = (transport: string) =>
      trial({ monitor: 'firecracker', signal: 'per-batch', transport }).perBatch('exits.device');
    expect(exits('pci')).toBe(1);
    expect(exits('mmio')).toBe(3);
  });
});

test('a pool of threads waits for any number of reads at once', () => {
  expect(trial({ aio: 'threads' }).mean / LATENCY).toBeCloseTo(1, 2);
});

const mistakes = (params: unknown): string[] =>
  virtioBlk.params
    .safeParse(params)
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

describe('what does not go together is told', () => {
  test.each<[string, unknown]>([
    ['io_engine', { io_engine: 'Async' }],
    ['signal', { monitor: 'cloud-hypervisor', signal: 'per-batch' }],
    ['transport', { monitor: 'cloud-hypervisor', transport: 'mmio' }],
    ['aio', { monitor: 'firecracker', aio: 'threads' }],
    ['iothread', { monitor: 'firecracker', iothread: false }],
    ['tunables.packed', { monitor: 'firecracker', tunables: { packed: true } }],
    ['tunables.poll-max-ns', { monitor: 'cloud-hypervisor', tunables: { 'poll-max-ns': 0 } }],
    ['tunables.request-merging', { monitor: 'firecracker', tunables: { 'request-merging': false } }],
  ])('%s of %o', (place, params) => {
    expect(mistakes(params)).toEqual([
      expect.stringMatching(new RegExp(`^${place}: .*(Firecracker|QEMU|Cloud Hypervisor)`)),
    ]);
  });

  test('without a mistake nothing', () => {
    expect(mistakes({ monitor: 'firecracker', transport: 'pci', io_engine: 'Sync' })).toEqual([]);
    expect(mistakes({ transport: 'mmio', iothread: false })).toEqual([]);
  });
});
