/** What every datapath to a disk must keep, whatever its parameters and its load. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DISK_CLASSES, type DiskSettings } from '../models/hardware/disk/disk-classes.ts';
import { bytes, ms } from '../units.ts';
import type { DiskDatapath } from './disk-datapath.ts';
import { DiskTrial, type DiskTrialSetup, type Job } from './disk-trial.test-support.ts';
import type { Machine } from './machine.ts';
import type { GuestIommuSettings, Vm } from './world.ts';

export interface DiskContract {
  readonly machine: Machine;
  readonly params?: unknown;
  readonly viommu?: GuestIommuSettings;
  readonly disk?: Vm['disk'];
  readonly swiotlb?: number;
  readonly vcpus?: number;
  /** Why it does something though there is nothing to do. */
  readonly busyAtRest?: string | undefined;
  /** Why what is under way when the jobs stop may take minutes. */
  readonly drainsSlowly?: string | undefined;
}

/** Time for what is under way when the jobs stop, where the usual is not enough. */
const LONG_DRAIN = ms(200_000);

const job: fc.Arbitrary<Job> = fc.record({
  rw: fc.constantFrom('read', 'write', 'randread', 'randwrite', 'rw', 'randrw'),
  bs: fc.constantFrom(512, 4096, 16_384, 131_072),
  iodepth: fc.constantFrom(1, 2, 7, 32, 300),
  batch: fc.constantFrom(1, 1, 4, 64),
  complete: fc.constantFrom(1, 1, 8),
  rate: fc.constantFrom(undefined, undefined, 1000, 50_000, 400_000),
  paced: fc.boolean(),
});

/** Small buffers and depths, so that what happens when they are full happens soon. */
const disk: fc.Arbitrary<DiskSettings> = fc.constantFrom<DiskSettings>(
  DISK_CLASSES['nvme-tlc'],
  DISK_CLASSES.optane,
  DISK_CLASSES.null,
  DISK_CLASSES.serial,
  { ...DISK_CLASSES['sata-ssd'], buffer: bytes(256 * 1024) },
  { ...DISK_CLASSES['nvme-tlc'], queueDepth: 3 },
);

const drawnTrial = fc.record({
  jobs: fc.array(job, { minLength: 1, maxLength: 3 }),
  seed: fc.nat(1_000_000),
  disk,
  cores: fc.constantFrom<readonly [number, number]>([0, 1], [0, 0]),
});

const keepsAll = (setup: DiskTrialSetup, busyAtRest: string | undefined): void => {
  const run = new DiskTrial(setup).run('stopped');
  expect(run.gaps.filter((gap) => gap !== 0)).toEqual([]);
  run.run('drained');
  expect(run.gaps.filter((gap) => gap !== 0)).toEqual([]);
  if (busyAtRest === undefined) expect(run.misspent).toEqual([]);
  for (const record of run.records) {
    expect([record.name, record.inFlight, record.dropped]).toEqual([record.name, 0, 0]);
    expect(record.littleGap(run.world.sim.now)).toBeLessThan(1e-9);
  }
  run.world.books.invariants.check();
  for (const { queue } of run.attachment.cpus) expect(queue.inFlight).toBe(0);
};

export const diskContract = (
  datapath: DiskDatapath,
  { machine, params, viommu, disk: layer, swiotlb, vcpus, busyAtRest, drainsSlowly }: DiskContract,
): void => {
  const drain = drainsSlowly === undefined ? {} : { drain: LONG_DRAIN };
  const fixed = { datapath, params, viommu, disk: layer, swiotlb, vcpus, ...drain };

  describe('under any load', () => {
    test('each I/O that was begun is completed, and the books close', () => {
      fc.assert(
        fc.property(drawnTrial, ({ disk: settings, ...drawn }) => {
          keepsAll({ ...fixed, machine: { ...machine, disk: settings }, ...drawn }, busyAtRest);
        }),
        { numRuns: 30, seed: 1 },
      );
    });

    test('the same seed gives the same fingerprint, another one another', () => {
      const jobs: Job[] = [
        { rw: 'randread', bs: 4096, iodepth: 4, batch: 1, complete: 1 },
        { rw: 'randrw', bs: 16_384, iodepth: 2, batch: 2, complete: 1, rate: 20_000 },
      ];
      const ran = (seed: number) =>
        new DiskTrial({ ...fixed, machine, jobs, seed }).run('drained').fingerprint;
      expect(ran(7)).toBe(ran(7));
      expect(ran(8)).not.toBe(ran(7));
    });
  });

  test.skipIf(busyAtRest !== undefined)('without load there is nothing but idle time', () => {
    const run = new DiskTrial({ ...fixed, machine, jobs: [], stop: ms(10) }).run('stopped');
    const before = run.world.books.ledger.snapshot();
    run.run('drained');
    expect(run.world.books.ledger.spending(before)).toEqual([]);
  });
};
