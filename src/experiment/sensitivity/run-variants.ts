/** Runs very many trials of which little is kept; who ends first changes nothing. */
import type { Subject } from '../../scenario/objective.ts';
import type { Execute } from '../run-points.ts';
import type { TrialTask } from '../trial-task.ts';
import { type Gist, gist } from './reading.ts';
import type { Study } from './study.ts';

export interface FailedVariant {
  /** Which of the studies, and of its variants. */
  readonly study: number;
  readonly variant: number;
  readonly error: unknown;
}

export interface RanVariants {
  /** By study and variant; null where the trial failed. */
  readonly gists: readonly (readonly (Gist | null)[])[];
  /** In the order of studies and variants. */
  readonly failures: readonly FailedVariant[];
}

export interface RunVariantsOptions {
  /** Trials at a time, at least 1. */
  readonly jobs: number;
  /** Ends the run at once; trials under way are left to whoever does them. */
  readonly signal: AbortSignal;
  readonly onDone: (task: TrialTask) => void;
}

/** What a journal needs not keep of a trial: samples of requests, and who spent what. */
export const withoutDetail =
  (execute: Execute): Execute =>
  async (task) => {
    const answer = await execute(task);
    if (answer.kind === 'pilot') return answer;
    return { ...answer, result: { ...answer.result, stages: [], spending: [], loads: [] } };
  };

/** @throws an AbortError where the signal ended it */
export const runVariants = async (
  studies: readonly Study[],
  subjects: readonly Subject[],
  execute: Execute,
  { jobs, signal, onDone }: RunVariantsOptions,
): Promise<RanVariants> => {
  const gists = studies.map(({ variants }) => variants.map((): Gist | null => null));
  const failures: FailedVariant[] = [];
  const places = studies.flatMap(({ variants }, study) => variants.map((_, variant) => ({ study, variant })));
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < places.length && !signal.aborted) {
      const { study, variant } = places[next++];
      const task = studies[study].task(studies[study].variants[variant]);
      try {
        const answer = await execute(task);
        if (answer.kind === 'trial') gists[study][variant] = gist(answer.result, subjects);
      } catch (error) {
        failures.push({ study, variant, error });
      }
      onDone(task);
    }
  };
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([aborted, Promise.all(Array.from({ length: jobs }, worker))]);
  signal.throwIfAborted();
  return { gists, failures: failures.sort((a, b) => a.study - b.study || a.variant - b.variant) };
};
