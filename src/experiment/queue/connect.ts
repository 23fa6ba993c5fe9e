/** A connection to the Redis server of a queue. */
import type { Redis } from 'ioredis';
import type { QueueAddress } from './queue-address.ts';
import type { QueueEngine } from './queue-engine.ts';

/** A server that has not answered by then is none, ms. */
const PATIENCE = 5000;

const refusal = ({ shown }: QueueAddress, error: Error): Error => {
  const { code, message } = error as NodeJS.ErrnoException;
  const text =
    code === undefined
      ? `the Redis at ${shown} cannot be used: ${message}`
      : `no Redis answers at ${shown} (${code}); start one (redis-server), or give another --queue`;
  return Object.assign(new Error(text), { code: code ?? 'EREDIS' });
};

/** How a connection that was lost is looked after. */
export interface Outage {
  /** ms until try number `tries`, or null to give up. */
  readonly retryIn: (tries: number) => number | null;
  readonly say: (text: string) => void;
}

const tellOutages = (redis: Redis, { shown }: QueueAddress, say: Outage['say']): void => {
  let lost = false;
  redis.on('reconnecting', () => {
    if (!lost) say(`the Redis at ${shown} is gone; waiting for it`);
    lost = true;
  });
  redis.on('ready', () => {
    if (lost) say(`the Redis at ${shown} is back`);
    lost = false;
  });
};

/** @throws an Error with a code where no server answers now */
export const connect = async (
  { ioredis }: QueueEngine,
  address: QueueAddress,
  { retryIn, say }: Outage,
): Promise<Redis> => {
  const redis = new ioredis.Redis(address.url, {
    lazyConnect: true,
    // A command waits until the server is back: BullMQ asks for it.
    maxRetriesPerRequest: null,
    connectTimeout: PATIENCE,
    retryStrategy: retryIn,
  });
  let said: Error | null = null;
  const hear = (error: Error): void => {
    said ??= error;
  };
  redis.on('error', hear);
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error(), { code: 'ETIMEDOUT' })), PATIENCE);
  });
  try {
    await Promise.race([silence, redis.connect().then(() => redis.ping())]);
    tellOutages(redis, address, say);
    return redis;
  } catch (error) {
    redis.disconnect();
    throw refusal(address, said ?? (error as Error));
  } finally {
    clearTimeout(timer);
  }
};
