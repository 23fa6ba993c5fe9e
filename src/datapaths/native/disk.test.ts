/** What the settings of a block layer change, on bare metal, where everything but the disk and a look at a poll queue is free. */
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { blockQueueSchema, blockQueueSettings } from '../../scenario/block-queue-schema.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { bitsPerSecond, bytes, inMicroseconds, ms, us } from '../../units.ts';
import { DiskTrial, type Job } from '../disk-trial.test-support.ts';
import { nativeDisk } from './disk.ts';

/** Of the disk, which takes one command after the other, us. */
const SERVICE = 20;
const LOOK = 1;

const on = (queueDepth: number) => {
  const disk = { capacity: bytes(1e9), command: us(SERVICE), rate: bitsPerSecond(1e15) };
  return priced({ 'block.poll': us(LOOK) }, { disk: { kind: 'serial', queueDepth, ...disk } });
};

const job: Job = { rw: 'randread', bs: 512, iodepth: 1, batch: 1, complete: 1 };

/** @param depth commands that the disk takes at once. */
const trial = (
  jobs: readonly Job[],
  words: z.input<typeof blockQueueSchema>,
  { depth = 1, params = {} }: { depth?: number; params?: unknown } = {},
) => {
  const disk = blockQueueSettings(blockQueueSchema.parse(words));
  return new DiskTrial({
    machine: on(depth),
    datapath: nativeDisk,
    params,
    disk,
    jobs,
    stop: ms(20),
  }).run('drained');
};

/** Of job `index`, us. */
const meanLatency = ({ records }: DiskTrial, index = 0): number =>
  inMicroseconds(records[index].latency.mean as never);

describe('a job that polls', () => {
  /** Mean latency, and the part of it that its core was busy, us. */
  const polling = (io_poll_delay: number): { latency: number; busy: number } => {
    const run = trial([job], { io_poll_delay }, { params: { poll_queues: 1 } });
    const spent = run.world.books.ledger.spending().reduce((sum, { busy }) => sum + busy, 0);
    return { latency: meanLatency(run), busy: inMicroseconds(spent as never) / run.records[0].completed };
  };

  test('looks from the start until there is something', () => {
    const { latency, busy } = polling(-1);
    expect(latency).toBeGreaterThanOrEqual(SERVICE);
    expect(latency).toBeLessThanOrEqual(SERVICE + 2 * LOOK);
    expect(busy).toBeCloseTo(latency, 1);
  });

  test('sleeps first as long as it is told', () => {
    const { latency, busy } = polling(15);
    expect(latency).toBeLessThanOrEqual(SERVICE + 2 * LOOK);
    expect(busy).toBeCloseTo(latency - 15, 1);
  });

  test('that sleeps too long comes too late', () => {
    const { latency, busy } = polling(30);
    expect(latency).toBeCloseTo(30 + LOOK, 1);
    expect(busy).toBeCloseTo(LOOK, 1);
  });

  test('sleeps half of the mean time', () => {
    const { latency, busy } = polling(0);
    expect(latency).toBeLessThanOrEqual(SERVICE + 2 * LOOK);
    expect(busy).toBeGreaterThanOrEqual(SERVICE / 2);
    expect(busy).toBeLessThanOrEqual(SERVICE / 2 + 2 * LOOK);
  });
});

describe('a read behind 31 writes', () => {
  const jobs = [{ ...job, rw: 'randwrite', iodepth: 31 } as const, job].map((each) => ({
    ...each,
    interactive: false,
  }));
  const wait = (words: z.input<typeof blockQueueSchema>, depth = 1): number =>
    meanLatency(trial(jobs, words, { depth }), 1) / SERVICE;
  const scheduler = 'mq-deadline';

  test('waits for all of them where the disk has them', () => {
    expect(wait({}, 64)).toBeGreaterThan(30);
    expect(wait({ scheduler }, 64)).toBeGreaterThan(30);
  });

  test('waits for the rest of a batch where the scheduler has them', () => {
    // Never longer than a batch of 16 and its own; not always so long, for it may come at any time of it.
    expect(wait({ scheduler, nr_requests: 64 })).toBeLessThanOrEqual(17);
    expect(wait({ scheduler, nr_requests: 64, iosched: { fifo_batch: 1 } })).toBeCloseTo(2, 1);
  });

  test('waits for a tag first, where writes have them all', () => {
    const tags = (nr_requests: number) => wait({ scheduler, nr_requests, iosched: { fifo_batch: 1 } });
    expect(tags(8)).toBeGreaterThan(tags(64) + 1);
  });
});
