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

/** In the order in which one job alone would do the work. */
const isBefore = (a: Place, b: Place): boolean =>
  a.index < b.index || (a.index === b.index && replicationOf(a.task) < replicationOf(b.task));

/**
 * Runs every runner to its end, early ones first. Where trials fail, the first of them in order is answered, which is
 * the one that a single job would have met; nothing later is begun, and nothing later is waited for.
 * @returns the failure, or null: all done, or stopped by the signal.
 */
export const runPoints = async (
  runners: readonly PointRunner[],
  execute: Execute,
  { jobs, signal, onDone }: RunPointsOptions,
): Promise<Failure | null> => {
  const running = new Map<Place, Promise<void>>();
  const failures: Failure[] = [];
  const firstFailure = (): Failure | null =>
    failures.reduce<Failure | null>((first, each) => (first && isBefore(first, each) ? first : each), null);
  const aborted = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  const start = (place: Place): void => {
    const work = async (): Promise<void> => {
      try {
        runners[place.index].take(await execute(place.task));
        onDone(place.task);
      } catch (error) {
        failures.push({ ...place, error });
      }
      running.delete(place);
    };
    running.set(place, work());
  };
  /** Runners before this one have handed out and got back everything. */
  let earliest = 0;
  const next = (): Place | null => {
    while (earliest < runners.length && runners[earliest].done) earliest++;
    const end = firstFailure()?.index ?? runners.length;
    for (let index = earliest; index < end; index++) {
      const task = runners[index].next();
      if (task !== null) return { index, task };
    }
    return null;
  };
  for (;;) {
    while (running.size < jobs && !signal.aborted) {
      const place = next();
      if (place === null) break;
      start(place);
    }
    const failure = firstFailure();
    const awaited = [...running].filter(([place]) => failure === null || isBefore(place, failure));
    if (awaited.length === 0 || signal.aborted) return failure;
    await Promise.race([aborted, ...awaited.map(([, work]) => work)]);
  }
};
