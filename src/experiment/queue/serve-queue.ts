/** What a worker of a queue does: takes trials, runs them in threads of its own, and leaves their answers. */
import type { Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ScenarioPoint } from '../../scenario/load.ts';
import { fromJson, toJson } from '../journal/plain-json.ts';
import { packed } from '../pool/packed-error.ts';
import type { TrialPool } from '../pool/trial-pool.ts';
import { connect } from './connect.ts';
import {
  answerKey,
  KEPT_FOR,
  NO_POINT,
  type PostedAnswer,
  type PostedTask,
  PREFIX,
  pointKey,
  queueName,
  received,
  UNWANTED,
  unwantedKey,
} from './posted-task.ts';
import type { QueueAddress } from './queue-address.ts';
import { loadQueueEngine, type QueueEngine } from './queue-engine.ts';

/**
 * A trial belongs to its worker for `lockDuration`, which is renewed twice as often: the threads leave the event loop free for it. Of a
 * worker that was killed it goes to another one after that and at most two looks, ms. A trial that kills its workers is given up.
 */
const STALLING = { lockDuration: 5000, stalledInterval: 2000, maxStalledCount: 3 };
/** Between two looks at whether trials are still wanted, and how fast they end, ms. */
const LOOK_EVERY = 1000;
/**
 * Where each thread has ended so many between two looks, a second one is fetched for it, which hides the way to the server. Longer ones
 * are not: they would wait here while another worker has nothing to do.
 */
const BRISK = 10;
/** Why a trial is given up here. */
const ELSEWHERE = 'another worker is to do it';
/** Points that are kept at hand. */
const POINTS = 64;
/** A server that is gone is looked for so often, ms. */
const RECONNECT_EVERY = 1000;
/** A server that is gone is not waited for at the end, ms. */
const STOP_WITHIN = 3000;

export interface ServeOptions {
  /** Version of this code. */
  readonly code: string;
  /** Where trials run, so many at a time as it has threads. */
  readonly pool: TrialPool;
  readonly onDone: () => void;
  /** Tells the user that the server was lost or is back. */
  readonly say: (text: string) => void;
}

export interface Serving {
  /** Gives back what is under way, in the middle. @returns how many trials. */
  stop(): Promise<number>;
}

class QueueServer implements Serving {
  private readonly options: ServeOptions;
  private readonly engine: QueueEngine;
  private readonly redis: Redis;
  private readonly worker: Worker;
  private readonly looking: NodeJS.Timeout;
  /** By key; those on threads first, since the pool takes them in order. */
  private readonly running = new Map<string, AbortController>();
  /** By digest; the oldest first. */
  private readonly points = new Map<string, ScenarioPoint>();
  private stopping = false;
  private givenBack = 0;
  private done = 0;
  private doneAtLook = 0;

  constructor(options: ServeOptions, engine: QueueEngine, redis: Redis) {
    this.options = options;
    this.engine = engine;
    this.redis = redis;
    this.worker = new engine.bullmq.Worker(
      queueName(options.code),
      (job: Job<PostedTask>, token) => this.process(job, token),
      { connection: redis, prefix: PREFIX, concurrency: options.pool.jobs, ...STALLING },
    );
    // What a connection suffers is seen at `redis`; an emitter without a listener would throw.
    this.worker.on('error', () => {});
    this.worker.on('lockRenewalFailed', (keys) => {
      // Another worker has them by now.
      for (const key of keys) this.running.get(key)?.abort(UNWANTED);
    });
    this.looking = setInterval(() => void this.look().catch(() => {}), LOOK_EVERY);
  }

  private async process(job: Job<PostedTask>, token?: string): Promise<void> {
    const { code, onDone } = this.options;
    const { UnrecoverableError, WaitingError } = this.engine.bullmq;
    const key = job.id as string;
    const controller = new AbortController();
    try {
      const point = await this.pointOf(job.data.point);
      if (point === null) throw new UnrecoverableError(NO_POINT);
      this.running.set(key, controller);
      if (this.stopping) controller.abort(ELSEWHERE);
      const answer = await this.answer(job.data, point, controller.signal);
      if (answer !== null) {
        // BullMQ ends the job over the same connection, so the answer is there first; waiting for it would cost a round trip. A run that
        // finds none asks again.
        void this.redis.set(answerKey(code, key), toJson(answer), 'EX', KEPT_FOR).catch(() => {});
        this.done++;
        return onDone();
      }
    } finally {
      this.running.delete(key);
    }
    if (controller.signal.reason === UNWANTED) throw new UnrecoverableError(UNWANTED);
    await job.moveToWait(token);
    if (this.stopping) this.givenBack++;
    throw new WaitingError();
  }

  private async pointOf(digest: string): Promise<ScenarioPoint | null> {
    const known = this.points.get(digest);
    if (known !== undefined) return known;
    const text = await this.redis.get(pointKey(this.options.code, digest));
    if (text === null) return null;
    const point = fromJson(text) as ScenarioPoint;
    this.points.set(digest, point);
    if (this.points.size > POINTS) this.points.delete(this.points.keys().next().value as string);
    return point;
  }

  /** @returns null where the trial was given up. */
  private async answer(
    task: PostedTask,
    point: ScenarioPoint,
    signal: AbortSignal,
  ): Promise<PostedAnswer | null> {
    try {
      return { answer: await this.options.pool.execute(received(task, point), signal) };
    } catch (error) {
      return signal.aborted ? null : { thrown: packed(error) };
    }
  }

  private async look(): Promise<void> {
    this.fetchAhead();
    const keys = [...this.running.keys()];
    if (keys.length === 0) return;
    const marks = await this.redis.mget(keys.map((key) => unwantedKey(this.options.code, key)));
    for (const [i, key] of keys.entries()) if (marks[i] !== null) this.running.get(key)?.abort(UNWANTED);
  }

  /** Fetches more trials than there are threads while they are short, and gives those back that wait when they are not. */
  private fetchAhead(): void {
    const { jobs } = this.options.pool;
    const brisk = this.done - this.doneAtLook >= BRISK * jobs;
    this.doneAtLook = this.done;
    this.worker.concurrency = brisk ? 2 * jobs : jobs;
    if (brisk) return;
    for (const controller of [...this.running.values()].slice(jobs)) controller.abort(ELSEWHERE);
  }

  async stop(): Promise<number> {
    this.stopping = true;
    clearInterval(this.looking);
    // From now on it takes nothing, and is closed when what is under way is given back.
    const closed = this.worker.close();
    for (const controller of this.running.values()) controller.abort(ELSEWHERE);
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_WITHIN);
    });
    await Promise.race([enough, closed]);
    clearTimeout(timer);
    this.redis.disconnect();
    return this.givenBack;
  }
}

/** Serves until it is stopped. @throws an Error with a code where BullMQ is not installed, or no server answers */
export const serveQueue = async (address: QueueAddress, options: ServeOptions): Promise<Serving> => {
  const engine = await loadQueueEngine();
  const redis = await connect(engine, address, { retryIn: () => RECONNECT_EVERY, say: options.say });
  return new QueueServer(options, engine, redis);
};
