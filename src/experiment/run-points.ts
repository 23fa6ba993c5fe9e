/** Runs the trials of many points, several at a time; the outcome is the same whatever their number. */
import type { PointRunner } from './run-point.ts';
import { replicationOf, type TrialAnswer, type TrialTask } from './trial-task.ts';

/** Does a task somewhere; rejects with what the trial threw. */
export type Execute = (task: TrialTask) => Promise<TrialAnswer>;

export interface Failure {
  /** Which of the runners. */
  readonly index: number;
  readonly task: TrialTask;
  readonly error: unknown;
}

export interface RunPointsOptions {
  /** Tasks under way at a time, at least 1. */
  readonly jobs: number;
  /** Ends the run at once; tasks under way are left to whoever does them. */
  readonly signal: AbortSignal;
  readonly onDone: (task: TrialTask) => void;
}

type Place = Pick<Failure, 'index' | 'task'>;

/** Errors of the system have a code; those of a trial have none. */
const isOfExecution = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string';

/** Of one runner: in the order in which one job alone would do the work. */
const isBefore = (a: TrialTask, b: TrialTask): boolean => replicationOf(a) < replicationOf(b);

/**
 * Runs every runner to its end, early ones first. A runner of which a trial fails is given up, and the others go on; of several failing trials
 * the first in order is answered, which is the one that a single job would have met, and earlier ones are waited for.
 * @throws what goes wrong with whoever does the trials: a queue that is gone fails no point
 * @returns the failures by runner, in their order; where the signal stopped the run, those until then.
 */
export const runPoints = async (
  runners: readonly PointRunner[],
  execute: Execute,
  { jobs, signal, onDone }: RunPointsOptions,
): Promise<Failure[]> => {
  const running = new Map<Place, Promise<void>>();
  const failures = new Map<number, Failure>();
  let fatal: { readonly error: unknown } | null = null;
  let stop = (): void => {};
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
  });
  signal.addEventListener('abort', stop, { once: true });
  const start = (place: Place): void => {
    const { index, task } = place;
    const work = async (): Promise<void> => {
      try {
        runners[index].take(await execute(task));
        onDone(task);
      } catch (error) {
        if (isOfExecution(error)) {
          fatal ??= { error };
          return;
        }
        const known = failures.get(index);
        if (known === undefined || isBefore(task, known.task)) failures.set(index, { ...place, error });
      }
      running.delete(place);
    };
    running.set(place, work());
  };
  /** Runners before this one have handed out and got back everything, or failed. */
  let earliest = 0;
  const next = (): Place | null => {
    while (earliest < runners.length && (runners[earliest].done || failures.has(earliest))) earliest++;
    for (let index = earliest; index < runners.length; index++) {
      if (failures.has(index)) continue;
      const task = runners[index].next();
      if (task !== null) return { index, task };
    }
    return null;
  };
  /** What comes after a failure of its runner is in vain. */
  const isAwaited = ({ index, task }: Place): boolean => {
    const failure = failures.get(index);
    return failure === undefined || isBefore(task, failure.task);
  };
  try {
    for (;;) {
      if (fatal !== null) throw (fatal as { readonly error: unknown }).error;
      while (running.size < jobs && !signal.aborted) {
        const place = next();
        if (place === null) break;
        start(place);
      }
      const awaited = [...running].filter(([place]) => isAwaited(place));
      if (awaited.length === 0 || signal.aborted) {
        return [...failures.values()].sort((a, b) => a.index - b.index);
      }
      await Promise.race([aborted, ...awaited.map(([, work]) => work)]);
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
};
