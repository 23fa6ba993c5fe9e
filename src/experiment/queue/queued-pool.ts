/** A pool whose trials are done by workers of a queue, wherever they are and however many; what comes back is the same. */
import type { QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';
import { trialKey } from '../journal/trial-key.ts';
import { unpacked } from '../pool/packed-error.ts';
import type { TrialPool } from '../pool/trial-pool.ts';
import type { TrialAnswer, TrialTask } from '../trial-task.ts';
import { AskedTrial } from './asked-trial.ts';
import { connect } from './connect.ts';
import { NO_POINT, PREFIX, queueName, UNWANTED } from './posted-task.ts';
import type { QueueAddress } from './queue-address.ts';
import { loadQueueEngine } from './queue-engine.ts';
import { TrialQueue } from './trial-queue.ts';

/** Between two looks at what may have been missed, and whether there is a worker, ms. */
const LOOK_EVERY = 3000;
/** A Redis that has forgotten a trial so often will not keep it. */
const TRIES = 20;
/** A server that is started again is back by then; ms between two tries. */
const RECONNECT = { tries: 60, every: 500 };
/** A server that is gone is not waited for at the end, ms. */
const TIDY_WITHIN = 3000;
/** What BullMQ says of a job whose worker was lost too often. */
const STALLED = 'job stalled more than allowable limit';

const failure = (code: string, message: string): Error => Object.assign(new Error(message), { code });

export interface QueuedPoolOptions {
  /** Version of the code whose workers may answer. */
  readonly code: string;
  /** Trials in the queue at a time. */
  readonly jobs: number;
  /** Tells the user that nobody does the work, or that the server is gone. */
  readonly say: (text: string) => void;
}

class QueuedPool implements TrialPool {
  readonly jobs: number;
  private readonly shown: string;
  private readonly code: string;
  private readonly say: (text: string) => void;
  private readonly redis: Redis;
  private readonly queue: TrialQueue;
  private readonly looking: NodeJS.Timeout;
  /** By key. */
  private readonly asked = new Map<string, AskedTrial>();
  private tidying: Promise<unknown> = Promise.resolve();
  private alone = false;
  private readonly events: QueueEvents;

  constructor(
    { shown }: QueueAddress,
    { code, jobs, say }: QueuedPoolOptions,
    redis: Redis,
    queue: TrialQueue,
    events: QueueEvents,
  ) {
    this.shown = shown;
    this.code = code;
    this.jobs = jobs;
    this.say = say;
    this.redis = redis;
    this.queue = queue;
    this.events = events;
    redis.on('end', this.lose);
    // What a connection suffers is seen at `redis`; an emitter without a listener would throw.
    events.on('error', () => {});
    events.on('completed', ({ jobId }) => this.inTurn(jobId, () => this.take(jobId)));
    events.on('removed', ({ jobId }) => this.inTurn(jobId, () => this.take(jobId)));
    events.on('failed', ({ jobId, failedReason: why }) =>
      this.inTurn(jobId, () => this.askAgain(jobId, why)),
    );
    this.looking = setInterval(() => void this.look().catch(() => {}), LOOK_EVERY);
  }

  readonly execute = (task: TrialTask): Promise<TrialAnswer> => {
    const key = trialKey(task, this.code);
    const known = this.asked.get(key);
    if (known !== undefined) return known.answer;
    const asked = new AskedTrial(task);
    this.asked.set(key, asked);
    if (this.redis.status === 'end') this.lose();
    else this.inTurn(key, () => this.take(key));
    return asked.answer;
  };

  /** Does something for a trial that is asked for; what goes wrong is that trial's end. */
  private inTurn(key: string, work: () => Promise<void>): void {
    const asked = this.asked.get(key);
    if (asked === undefined) return;
    asked.settled = asked.settled.then(work).catch((error: Error) => {
      if (this.asked.get(key) === asked) this.asked.delete(key);
      asked.reject(error);
    });
  }

  /** Takes the answer that is there, or asks for it. */
  private async take(key: string): Promise<void> {
    const answer = await this.queue.answer(key);
    const asked = this.asked.get(key);
    if (asked === undefined) return;
    if (answer === null) {
      if (asked.tries++ < TRIES) return this.queue.put(key, asked.task, asked.tries > 1);
      const remedy = 'set its maxmemory-policy to noeviction';
      throw failure('EFORGET', `the Redis at ${this.shown} loses what it is given; ${remedy}`);
    }
    this.asked.delete(key);
    if ('thrown' in answer) asked.reject(unpacked(answer.thrown));
    else asked.resolve(answer.answer);
  }

  /** A job has ended without an answer. */
  private async askAgain(key: string, why: string): Promise<void> {
    if (why === UNWANTED || why === NO_POINT) return this.take(key);
    const reason = why === STALLED ? 'one worker after the other was lost in the middle of it' : why;
    throw failure('EWORKER', `a trial was given up by the workers at ${this.shown}: ${reason}`);
  }

  /** Finds again what a server that was started anew has forgotten, or has not told. */
  private async look(): Promise<void> {
    if (this.asked.size === 0) return;
    for (const [key, asked] of this.asked) {
      if (asked.seen && !(await this.queue.holds(key))) this.inTurn(key, () => this.take(key));
      asked.seen = true;
    }
    const alone = (await this.queue.workers()) === 0;
    if (alone && !this.alone) {
      const code = this.code.slice(0, 8);
      const remedy = `start one with: vmio worker --queue ${this.shown}`;
      this.say(`no worker listens at ${this.shown} for this vmio (code ${code}); ${remedy}`);
    }
    this.alone = alone;
  }

  private readonly lose = (): void => {
    for (const [key, { reject }] of this.asked) {
      this.asked.delete(key);
      reject(failure('ECONNRESET', `the Redis at ${this.shown} is gone, and did not come back`));
    }
  };

  abandon(): void {
    const left = [...this.asked];
    this.asked.clear();
    for (const [, { reject }] of left) reject(new Error('given up'));
    const removals = left.map(([key, { settled }]) => settled.then(() => this.queue.remove(key)));
    this.tidying = Promise.allSettled([this.tidying, ...removals]);
  }

  async close(): Promise<void> {
    this.abandon();
    clearInterval(this.looking);
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, TIDY_WITHIN);
    });
    await Promise.race([enough, this.tidying]);
    await Promise.race([enough, this.events.close().catch(() => {})]);
    clearTimeout(timer);

    this.redis.disconnect();
  }
}

/** @throws an Error with a code where BullMQ is not installed, or no server answers */
export const openQueuedPool = async (
  address: QueueAddress,
  options: QueuedPoolOptions,
): Promise<TrialPool> => {
  const engine = await loadQueueEngine();
  const { tries, every } = RECONNECT;
  const retryIn = (count: number): number | null => (count > tries ? null : every);
  const redis = await connect(engine, address, { retryIn, say: options.say });
  const name = queueName(options.code);
  const defaultJobOptions = { removeOnComplete: true, removeOnFail: true, attempts: 1 };
  const queue = new engine.bullmq.Queue(name, { connection: redis, prefix: PREFIX, defaultJobOptions });
  // As for `events`.
  queue.on('error', () => {});
  // From here on: BullMQ's own '$' would miss what happens between two looks.
  const last = await redis.xrevrange(queue.toKey('events'), '+', '-', 'COUNT', 1);
  const lastEventId = last[0]?.[0] ?? '0-0';
  const events = new engine.bullmq.QueueEvents(name, { connection: redis, prefix: PREFIX, lastEventId });
  return new QueuedPool(address, options, redis, new TrialQueue(options.code, redis, queue), events);
};
