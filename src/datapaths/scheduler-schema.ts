/** A scheduler in the host between a virtio disk and the host's disk. QEMU has none: an extension, by whatever names there are. */
import { z } from 'zod';
import type { BlockSchedulerSettings } from '../models/host/block-scheduler.ts';
import { DISCIPLINES } from '../models/host/fair-queueing.ts';
import { ms } from '../units.ts';

export const schedulerSchema = z
  .strictObject({
    discipline: z
      .enum(DISCIPLINES)
      .describe('fifo; priority: interactive first; drr: deficit round robin; wfq: start-time fair queueing'),
    'x-prio-hint': z
      .boolean()
      .describe(
        'the request says its class, in the word of its header that was ioprio; false: all are of one class',
      )
      .default(true),
    depth: z.int().min(1).max(65_536).describe('requests at the disk at once').default(1),
    quantum: z
      .int()
      .min(512)
      .max(1 << 30)
      .describe('drr: bytes of one visit')
      .default(65_536),
    weight: z.number().min(0.01).max(1000).describe('of interactive flows; bulk ones have 1').default(1),
    ageMs: z
      .number()
      .min(0)
      .max(1e5)
      .describe('priority: bulk that waited so long goes first, ms')
      .default(20),
  })
  .describe('extension: a scheduler of the host above its disk');

export const schedulerOf = ({
  'x-prio-hint': hint,
  ageMs,
  ...rest
}: z.output<typeof schedulerSchema>): BlockSchedulerSettings => ({ ...rest, hint, age: ms(ageMs) });
