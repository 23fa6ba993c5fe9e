/** What bounce buffers add to an I/O: each buffer mapped and unmapped, all copied in, and what was read copied out (core-api/swiotlb.rst). */
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../accounting/invariant.ts';
import { BouncePool, slotsOf } from '../models/linux/block/bounce-buffers.ts';
import { machine } from '../scenario/machines.test-support.ts';
import { DiskTrial, type Job } from './disk-trial.test-support.ts';
import { diskDatapathOf } from './index.ts';

const on = machine('server-3ghz');

/** How often each cost of bounce buffers is paid for an I/O. */
const paid = (kind: string, rw: Job['rw'], bs: number, swiotlb?: number) => {
  const params = kind.startsWith('virtio-') ? { tunables: { iommu_platform: true } } : {};
  const jobs: Job[] = [{ rw, bs, iodepth: 2, batch: 1, complete: 1 }];
  const run = new DiskTrial({ machine: on, datapath: diskDatapathOf(kind), params, jobs, swiotlb });
  run.run('drained');
  const lines = run.world.books.ledger.spending();
  const count = (cost: string) =>
    lines.reduce((sum, line) => (line.cost === cost ? sum + line.count : sum), 0) / run.records[0].completed;
  return [count('swiotlb.map'), count('swiotlb.unmap'), count('swiotlb.perByte')];
};

describe('an I/O pays for each page, and on virtio for header, status and table', () => {
  test.each([
    ['nvme-passthrough', 'randread', 4096, [1, 1, 8192]],
    ['nvme-passthrough', 'randwrite', 16_384, [4, 4, 16_384]],
    ['nvme', 'randread', 512, [1, 1, 1024]],
    ['ahci', 'randread', 4096, [1, 1, 8192]],
    ['ide', 'randwrite', 4096, [1, 1, 4096]],
    ['virtio-blk', 'randread', 4096, [4, 4, 8192]],
    ['virtio-scsi', 'randwrite', 8192, [5, 5, 8192]],
  ] as const)('%s %s %i', (kind, rw, bs, expected) => {
    expect(paid(kind, rw, bs, 1024)).toEqual(expected);
  });

  test('and nothing without them', () => {
    expect(paid('virtio-blk', 'randread', 4096)).toEqual([0, 0, 0]);
  });
});

describe('a pool', () => {
  test('has two slots for a page, and one for each small buffer', () => {
    expect([slotsOf(0, 3), slotsOf(512, 0), slotsOf(4096, 3), slotsOf(131_072, 3)]).toEqual([3, 2, 5, 67]);
  });

  test('holds no more than it has', () => {
    const pool = new BouncePool(new DiskTrial({ ...trial, jobs: [] }).world.books, 'vm', 4);
    pool.take(4);
    expect(() => pool.take(1)).toThrow(InvariantError);
    pool.give(2);
    pool.take(2);
  });
});

const trial = { machine: on, datapath: diskDatapathOf('native') };
