/** Queues that vCPUs share: who gets which, what a completion for another vCPU takes, and what a queue's lock carries. */
import { describe, expect, test } from 'vitest';
import { DISK_CLASSES } from '../models/hardware/disk/disk-classes.ts';
import { machine, priced } from '../scenario/machines.test-support.ts';
import { ms, us } from '../units.ts';
import { groupsOf } from './disk-queues.ts';
import { DiskTrial, type Job } from './disk-trial.test-support.ts';
import { diskDatapathOf } from './index.ts';

describe('vCPUs are dealt to queues', () => {
  test.each([
    [4, undefined, [[0], [1], [2], [3]]],
    [4, 1, [[0, 1, 2, 3]]],
    [
      5,
      2,
      [
        [0, 1, 2],
        [3, 4],
      ],
    ],
    [
      7,
      3,
      [
        [0, 1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
    [2, 8, [[0], [1]]],
  ])('%i to %s', (vcpus, queues, expected) => {
    expect(groupsOf(vcpus, queues)).toEqual(expected);
  });
});

const lone: Job = { rw: 'randread', bs: 4096, iodepth: 1, batch: 1, complete: 1 };

/** Per I/O of a job alone on vCPU `on` of two. */
const alone = (kind: string, on: number, params: unknown) => {
  // The other one starts an I/O in the middle of the trial, once.
  const other: Job = { ...lone, rate: 500, paced: true };
  const jobs = on === 0 ? [lone, other] : [other, lone];
  const run = new DiskTrial({
    machine: machine('server-3ghz'),
    datapath: diskDatapathOf(kind),
    params,
    jobs,
    vcpus: 2,
    cores: [0, 4],
    stop: ms(20),
  });
  run.run('drained');
  const { counters } = run.world.books;
  const ipis = counters.counter('exits.other', 'ipi', 'vm').value;
  return { ipis, own: run.records[on].completed, others: run.records[1 - on].completed };
};

describe('a completion wakes the job of', () => {
  const one = {
    'virtio-blk': { tunables: { 'num-queues': 1 } },
    'vhost-scsi': { tunables: { num_queues: 1 } },
  };
  const kinds: [string, unknown][] = [...Object.entries(one), ['ahci', {}], ['ide', {}]];

  // An I/O of the other job takes two at most: for its completion, and for a tag that it makes free.

  test.each(kinds)('another vCPU by an interrupt: %s', (kind, params) => {
    const { ipis, own, others } = alone(kind, 1, params);
    expect(ipis).toBeGreaterThanOrEqual(own);
    expect(ipis).toBeLessThanOrEqual(own + 2 * others);
  });

  // IDE's one tag may be taken again before the other job, woken for it, runs: that one is woken more than once.
  test.each(kinds.filter(([kind]) => kind !== 'ide'))('its own vCPU without one: %s', (kind, params) => {
    const { ipis, own, others } = alone(kind, 0, params);
    expect(others).toBeGreaterThan(0);
    expect(own).toBeGreaterThan(5 * others);
    expect(ipis).toBeLessThanOrEqual(2 * others);
  });

  test('any vCPU without one, where each has a queue', () => {
    expect(alone('virtio-blk', 1, {}).ipis).toBe(0);
  });
});

describe('a queue with a lock that is held for 1 us an I/O, and 1 us of work outside it', () => {
  /** I/Os a millisecond with `vcpus` that share `queues`. All else is free, and the disk takes no time. */
  const rate = (vcpus: number, queues: number): number => {
    const on = priced({ 'virtioBlk.add': us(1), 'app.work': us(0.5) }, { disk: DISK_CLASSES.null, cores: 8 });
    const params = { tunables: { 'num-queues': queues } };
    const jobs = Array.from({ length: vcpus }, () => ({ ...lone, iodepth: 32 }));
    const datapath = diskDatapathOf('virtio-blk');
    const stop = ms(5);
    const run = new DiskTrial({ machine: on, datapath, params, jobs, vcpus, cores: [0, 7], stop }).run(
      'stopped',
    );
    return run.records.reduce((sum, { completed }) => sum + completed, 0) / 5;
  };

  // Asymptotic bounds of a closed network (Lazowska et al., Quantitative System Performance, 1984, chapter 5), of the k vCPUs of each
  // queue: k / (work + k × lock) where each waits for all others, and min(k / (work + lock), 1 / lock) where none waits before the lock is
  // always held.
  test.each([
    [1, 1],
    [4, 4],
    [2, 1],
    [4, 2],
    [6, 1],
    [6, 2],
  ])('%i vCPUs and %i queues', (vcpus, queues) => {
    const carried = rate(vcpus, queues);
    const each = vcpus / queues;
    expect(carried).toBeGreaterThan(queues * (each / (1 + each)) * 1000 * 0.99);
    expect(carried).toBeLessThan(queues * Math.min(each / 2, 1) * 1000 * 1.01);
  });
});
