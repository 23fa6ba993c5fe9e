/** What a scenario may say of a VM's block layer, by the names of /sys/block/…/queue. */
import { z } from 'zod';
import type { BlockQueueSettings } from '../models/linux/block/block-queue.ts';
import { ms, us } from '../units.ts';

const milliseconds = z.int().min(0).max(1e6);

/** Defaults are Linux's (block/mq-deadline.c). */
const iosched = z
  .strictObject({
    read_expire: milliseconds.describe('ms after which a read that waits goes before others').default(500),
    write_expire: milliseconds.describe('ms after which a write that waits goes before others').default(5000),
    writes_starved: z
      .int()
      .min(0)
      .max(1e6)
      .describe('how often reads may go before writes that wait')
      .default(2),
    fifo_batch: z.int().min(0).max(1e6).describe('requests of one batch, in order of sectors').default(16),
    prio_aging_expire: milliseconds
      .describe('ms after which others that wait go before the real-time class (prioclass 1)')
      .default(10_000),
  })
  .prefault({})
  .describe('of mq-deadline');

export const blockQueueSchema = z
  .strictObject({
    scheduler: z
      .enum(['none', 'mq-deadline'])
      .describe(
        'of requests; where nobody chooses, Linux takes mq-deadline for a disk of one queue and none for others',
      )
      .default('none'),
    nr_requests: z
      .int()
      .min(1)
      .max(65_536)
      .describe(
        'requests that a queue takes: with a scheduler 2 × min(depth, 128) where not given, without at most what the disk does',
      )
      .optional(),
    iosched,
    io_poll_delay: z
      .int()
      .min(-1)
      .max(1e6)
      .describe(
        'of jobs with hipri, Linux 4.10 to 6.2: us that they sleep before they look; 0: half of the mean time, -1: not at all',
      )
      .default(-1),
  })
  .describe('its block layer: /sys/block/…/queue');

export type BlockQueueWords = z.output<typeof blockQueueSchema>;

export const blockQueueSettings = ({
  scheduler,
  nr_requests,
  iosched: words,
  io_poll_delay: delay,
}: BlockQueueWords): BlockQueueSettings => ({
  scheduler,
  nr_requests,
  iosched: {
    ...words,
    read_expire: ms(words.read_expire),
    write_expire: ms(words.write_expire),
    prio_aging_expire: ms(words.prio_aging_expire),
  },
  io_poll_delay: delay === -1 ? 'classic' : delay === 0 ? 'adaptive' : us(delay),
});
