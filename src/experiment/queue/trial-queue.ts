/** A run's side of the queue: puts trials into Redis, takes answers out, and leaves nothing behind. */
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ScenarioPoint } from '../../scenario/load.ts';
import { fromJson, toJson } from '../journal/plain-json.ts';
import { pointDigest } from '../journal/trial-key.ts';
import type { TrialTask } from '../trial-task.ts';
import { answerKey, KEPT_FOR, type PostedAnswer, pointKey, posted, unwantedKey } from './posted-task.ts';

/** An answer that was taken stays so long for another run that waits for the same trial, s. */
const TAKEN_FOR = 5;
/** Longer than a worker takes to hear of it, s. */
const UNWANTED_FOR = 60;

export class TrialQueue {
  private readonly code: string;
  private readonly redis: Redis;
  private readonly queue: Queue;
  /** Digests of the points that workers can find. */
  private readonly points = new Set<string>();

  constructor(code: string, redis: Redis, queue: Queue) {
    this.code = code;
    this.redis = redis;
    this.queue = queue;
  }

  /** Puts a trial into the queue, where it is once, however often it is put. @param again what was sent before may be gone. */
  async put(key: string, task: TrialTask, again: boolean): Promise<void> {
    const digest = pointDigest(task.point);
    if (again) this.points.delete(digest);
    await Promise.all([
      this.sendPoint(digest, task.point),
      again ? this.redis.del(unwantedKey(this.code, key)) : null,
      this.queue.add(task.kind, posted(task, digest), { jobId: key }),
    ]);
  }

  private async sendPoint(digest: string, point: ScenarioPoint): Promise<void> {
    if (this.points.has(digest)) return;
    this.points.add(digest);
    await this.redis.set(pointKey(this.code, digest), toJson(point), 'EX', KEPT_FOR);
  }

  /** The answer to a trial, or null while there is none. */
  async answer(key: string): Promise<PostedAnswer | null> {
    const name = answerKey(this.code, key);
    const text = await this.redis.get(name);
    if (text === null) return null;
    void this.redis.expire(name, TAKEN_FOR).catch(() => {});
    return fromJson(text) as PostedAnswer;
  }

  /** A trial is waiting, or a worker is busy with it. */
  async holds(key: string): Promise<boolean> {
    return (await this.redis.exists(this.queue.toKey(key))) === 1;
  }

  /** Takes a trial out of the queue, and away from a worker that is busy with it. */
  async remove(key: string): Promise<void> {
    const removed = await this.queue.remove(key);
    if (removed === 0) await this.redis.set(unwantedKey(this.code, key), '1', 'EX', UNWANTED_FOR);
  }

  /** Workers that listen now. */
  workers(): Promise<number> {
    return this.queue.getWorkersCount();
  }
}
