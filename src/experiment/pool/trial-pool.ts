/** Worker threads that run trials, so that several run at once and ^C is heard while they do. */
import { Piscina } from 'piscina';
import type { Execute } from '../run-points.ts';
import type { TrialTask } from '../trial-task.ts';
import { unpacked } from './packed-error.ts';
import type { WorkerAnswer } from './trial-worker.ts';

export interface TrialPool {
  /** Threads. */
  readonly jobs: number;
  readonly execute: Execute;
  /** Gives up the trials under way, in the middle; other threads take the place of theirs. */
  abandon(): void;
  /** Ends all threads, in the middle of their trials. */
  close(): Promise<void>;
}

/** The source runs as it is where Node strips types; the build has the same file compiled. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './trial-worker.ts' : './trial-worker.js',
  import.meta.url,
);

/** @param jobs threads, at least 1; each does one trial at a time. */
export const openPool = (jobs: number): TrialPool => {
  const pool = new Piscina<TrialTask, WorkerAnswer>({
    filename: WORKER.href,
    minThreads: jobs,
    maxThreads: jobs,
    idleTimeout: Number.POSITIVE_INFINITY,
    recordTiming: false,
  });
  const running = new Set<AbortController>();
  return {
    jobs,
    execute: async (task) => {
      const controller = new AbortController();
      running.add(controller);
      try {
        const answer = await pool.run(task, { signal: controller.signal });
        if ('thrown' in answer) throw unpacked(answer.thrown);
        return answer.answer;
      } finally {
        running.delete(controller);
      }
    },
    abandon: () => {
      for (const controller of running) controller.abort();
    },
    close: () => pool.destroy(),
  };
};
