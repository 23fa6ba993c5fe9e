/** A pool whose trials are done by workers of a queue, wherever they are and however many; what comes back is the same. */
import type { Queue, QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ScenarioPoint } from '../../scenario/load.ts';
import { fromJson, toJson } from '../journal/plain-json.ts';
import { pointDigest, trialKey } from '../journal/trial-key.ts';
import { unpacked } from '../pool/packed-error.ts';
import type { TrialPool } from '../pool/trial-pool.ts';
import type { TrialAnswer, TrialTask } from '../trial-task.ts';
import { connect } from './connect.ts';
import {
  answerKey,
  KEPT_FOR,
  NO_POINT,
  type PostedAnswer,
  PREFIX,
  pointKey,
  posted,
  queueName,
  UNWANTED,
  unwantedKey,
} from './posted-task.ts';
import type { QueueAddress } from './queue-address.ts';
import { loadQueueEngine } from './queue-engine.ts';

/** Between two looks at what may have been missed, and whether there is a worker, ms. */
const LOOK_EVERY = 3000;
/** An answer that was taken stays so long for another run that waits for the same trial, s. */
const TAKEN_FOR = 5;
/** Longer than a worker takes to hear of it, s. */
const UNWANTED_FOR = 60;
/** A Redis that forgets a trial so often will not keep it. */
const TRIES = 20;
/** A server that is started again is back by then; ms between two tries. */
const RECONNECT = { tries: 60, every: 500 };
/** A server that is gone is not waited for at the end, ms. */
const TIDY_WITHIN = 3000;

const failure = (code: string, message: string): Error => Object.assign(new Error(message), { code });

/** A trial that somebody waits for. */
class Asked {
  readonly task: TrialTask;
  readonly answer: Promise<TrialAnswer>;
  resolve!: (answer: TrialAnswer) => void;
  reject!: (error: Error) => void;
  /** How often it was put into the queue. */
  tries = 0;
  /** The last time is through. */
  sent: Promise<void> = Promise.resolve();
  /** It was waiting at an earlier look. */
  seen = false;

  constructor(task: TrialTask) {
    this.task = task;
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

export interface QueuedPoolOptions {
  /** Version of the code whose workers may answer. */
  readonly code: string;
  /** Trials in the queue at a time. */
  readonly jobs: number;
  /** Tells the user that nobody does the work. */
  readonly say: (text: string) => void;
}

class QueuedPool implements TrialPool {
  readonly jobs: number;
  private readonly address: QueueAddress;
  private readonly code: string;
  private readonly say: (text: string) => void;
  private readonly redis: Redis;
  private readonly queue: Queue;
  private readonly events: QueueEvents;
  private readonly looking: NodeJS.Timeout;
  /** By key. */
  private readonly asked = new Map<string, Asked>();
  /** Digests of the points that workers can find. */
  private readonly points = new Set<string>();
  private tidying: Promise<unknown> = Promise.resolve();
  private closing = false;
  private alone = false;

  constructor(
    address: QueueAddress,
    { code, jobs, say }: QueuedPoolOptions,
    redis: Redis,
    queue: Queue,
    events: QueueEvents,
  ) {
    this.address = address;
    this.code = code;
    this.jobs = jobs;
    this.say = say;
    this.redis = redis;
    this.queue = queue;
    this.events = events;
    redis.on('end', () => this.lose());
    // What a connection suffers is seen at `redis`; an emitter without a listener would throw.
    queue.on('error', () => {});
    events.on('error', () => {});
    events.on('completed', ({ jobId }) => this.inBackground(jobId, () => this.take(jobId)));
    events.on('removed', ({ jobId }) => this.inBackground(jobId, () => this.take(jobId)));
    events.on('failed', ({ jobId, failedReason }) =>
      this.inBackground(jobId, () => this.askAgain(jobId, failedReason)),
    );
    this.looking = setInterval(() => void this.look().catch(() => {}), LOOK_EVERY);
  }

  readonly execute = (task: TrialTask): Promise<TrialAnswer> => {
    const key = trialKey(task, this.code);
    const known = this.asked.get(key);
    if (known !== undefined) return known.answer;
    const asked = new Asked(task);
    this.asked.set(key, asked);
    if (this.redis.status === 'end') this.lose();
    else this.inBackground(key, () => this.take(key));
    return asked.answer;
  };

  /** Does something for a trial that is asked for; what goes wrong is that trial's end. */
  private inBackground(key: string, work: () => Promise<void>): void {
    const asked = this.asked.get(key);
    if (asked === undefined) return;
    asked.sent = asked.sent.then(work).catch((error: Error) => {
      if (this.asked.get(key) === asked) this.settle(key, () => asked.reject(error));
    });
  }

  private settle(key: string, how: () => void): void {
    this.asked.delete(key);
    how();
  }

  /** Takes the answer that is there, or asks for it. */
  private async take(key: string): Promise<void> {
    const text = await this.redis.get(answerKey(this.code, key));
    const asked = this.asked.get(key);
    if (asked === undefined) return;
    if (text === null) return this.send(key, asked);
    void this.redis.expire(answerKey(this.code, key), TAKEN_FOR).catch(() => {});
    const answer = fromJson(text) as PostedAnswer;
    this.settle(key, () => {
      if ('thrown' in answer) asked.reject(unpacked(answer.thrown));
      else asked.resolve(answer.answer);
    });
  }

  private async send(key: string, asked: Asked): Promise<void> {
    if (asked.tries++ === TRIES) {
      throw failure(
        'EFORGET',
        `Redis at ${this.address.shown} loses what it is given; set its maxmemory-policy to noeviction`,
      );
    }
    const { task } = asked;
    const digest = pointDigest(task.point);
    if (asked.tries > 1) this.points.delete(digest);
    const point = this.sendPoint(digest, task.point);
    const wanted = asked.tries > 1 ? this.redis.del(unwantedKey(this.code, key)) : null;
    const added = this.queue.add(task.kind, posted(task, digest), { jobId: key });
    await Promise.all([point, wanted, added]);
  }

  private async sendPoint(digest: string, point: ScenarioPoint): Promise<void> {
    if (this.points.has(digest)) return;
    this.points.add(digest);
    await this.redis.set(pointKey(this.code, digest), toJson(point), 'EX', KEPT_FOR);
  }

  /** A job has ended without an answer. */
  private async askAgain(key: string, why: string): Promise<void> {
    if (why === UNWANTED || why === NO_POINT) return this.take(key);
    throw failure('EWORKER', `workers were lost again and again in the middle of a trial: ${why}`);
  }

  /** Finds again what a server that was started anew has forgotten, or has not told. */
  private async look(): Promise<void> {
    if (this.asked.size === 0) return;
    const waiting = [...this.asked].filter(([, { seen }]) => seen).map(([key]) => key);
    for (const each of this.asked.values()) each.seen = true;
    for (const key of waiting) {
      if ((await this.redis.exists(this.queue.toKey(key))) === 0) {
        this.inBackground(key, () => this.take(key));
      }
    }
    const workers = await this.queue.getWorkersCount();
    if (workers === 0 && !this.alone) {
      const { shown } = this.address;
      this.say(
        `no worker listens at ${shown} for this vmio (code ${this.code.slice(0, 8)}); start one with: vmio worker --queue ${shown}`,
      );
    }
    this.alone = workers === 0;
  }

  private lose(): void {
    if (this.closing) return;
    const { shown } = this.address;
    for (const [key, asked] of this.asked) {
      this.settle(key, () => asked.reject(failure('ECONNRESET', `the Redis at ${shown} is gone`)));
    }
  }

  abandon(): void {
    const left = [...this.asked];
    this.asked.clear();
    for (const [, { reject }] of left) reject(new Error('given up'));
    this.tidying = Promise.allSettled([
      this.tidying,
      ...left.map(([key, { sent }]) => this.remove(key, sent)),
    ]);
  }

  /** Takes a job out of the queue, and from a worker that is busy with it. @param sent when it is in the queue. */
  private async remove(key: string, sent: Promise<void>): Promise<void> {
    await sent;
    const removed = await this.queue.remove(key);
    if (removed === 0) await this.redis.set(unwantedKey(this.code, key), '1', 'EX', UNWANTED_FOR);
  }

  async close(): Promise<void> {
    this.abandon();
    this.closing = true;
    clearInterval(this.looking);
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, TIDY_WITHIN);
    });
    await Promise.race([enough, this.tidying]);
    await Promise.race([enough, Promise.allSettled([this.events.close(), this.queue.close()])]);
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
  // From here on: BullMQ's own '$' would miss what happens between two looks.
  const last = await redis.xrevrange(queue.toKey('events'), '+', '-', 'COUNT', 1);
  const lastEventId = last[0]?.[0] ?? '0-0';
  const events = new engine.bullmq.QueueEvents(name, { connection: redis, prefix: PREFIX, lastEventId });
  return new QueuedPool(address, options, redis, queue, events);
};
