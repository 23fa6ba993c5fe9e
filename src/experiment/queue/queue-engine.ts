/** BullMQ and its client of Redis. Few need a queue, so they are not installed with vmio, and loaded here only. */
import type * as BullMQ from 'bullmq';
import type * as Ioredis from 'ioredis';

export interface QueueEngine {
  readonly bullmq: typeof BullMQ;
  readonly ioredis: typeof Ioredis;
}

/** @throws an Error with a code where they are not installed */
export const loadQueueEngine = async (): Promise<QueueEngine> => {
  try {
    return { bullmq: await import('bullmq'), ioredis: await import('ioredis') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const remedy = 'install it with: npm install bullmq ioredis';
    throw Object.assign(new Error(`--queue needs BullMQ, which is not installed; ${remedy}`), { code });
  }
};
