/** Worker threads that run trials, so that several run at once and ^C is heard while they do. */
import { Piscina } from 'piscina';
import type { TrialAnswer, TrialTask } from '../trial-task.ts';
import { unpacked } from './packed-error.ts';
import type { WorkerAnswer } from './trial-worker.ts';

export interface TrialPool {
  /** Trials that run at a time. */
  readonly jobs: number;
  /** Rejects with what the trial threw. @param signal gives up this one, in the middle. */
  readonly execute: (task: TrialTask, signal?: AbortSignal) => Promise<TrialAnswer>;
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
    execute: async (task, signal) => {
      const controller = new AbortController();
      running.add(controller);
      const given = signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal]);
      try {
        const answer = await pool.run(task, { signal: given });
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
