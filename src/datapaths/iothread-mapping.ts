/** QEMU's `iothread-vq-mapping`: which iothread serves which queue (virtio-blk since 9.0). */
import { z } from 'zod';

const entry = z.strictObject({
  iothread: z.string().min(1).describe('name of the iothread'),
  vqs: z.array(z.int().min(0).max(255)).min(1).describe('queues that it serves').optional(),
});

/** Each name once; either all entries list their queues or none does, and then they are dealt out in turn. */
export const mapping = z
  .array(entry)
  .min(1)
  .max(256)
  .refine((entries) => new Set(entries.map(({ iothread }) => iothread)).size === entries.length, {
    message: 'names an iothread twice',
  })
  .refine((entries) => new Set(entries.map(({ vqs }) => vqs === undefined)).size === 1, {
    message: 'either all entries list their vqs or none does',
  })
  .refine(
    (entries) => {
      const all = entries.flatMap(({ vqs }) => vqs ?? []);
      return new Set(all).size === all.length;
    },
    { message: 'gives a queue to two iothreads' },
  )
  .describe('QEMU: iothreads and the queues that each serves; dealt out in turn where no vqs are listed');

export type Mapping = z.output<typeof mapping>;

/** @returns for each iothread its queues. @throws RangeError where a queue has no iothread, or does not exist. */
export const mappedQueues = (entries: Mapping | undefined, queues: number): number[][] => {
  const all = Array.from({ length: queues }, (_, queue) => queue);
  if (entries === undefined) return [all];
  if (entries[0].vqs === undefined) {
    return entries.map((_, i) => all.filter((queue) => queue % entries.length === i));
  }
  const named = entries.map(({ vqs = [] }) => [...vqs]);
  const flat = named.flat();
  const stray = flat.find((queue) => queue >= queues);
  if (stray !== undefined) throw new RangeError(`there is no queue ${stray}: the device has ${queues}`);
  const left = all.find((queue) => !flat.includes(queue));
  if (left !== undefined) throw new RangeError(`queue ${left} has no iothread`);
  return named;
};
