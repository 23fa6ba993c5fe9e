/** Simulates a scenario on the pool, showing progress; a failed trial is explained with the command that repeats it. */
import { type PointResult, PointRunner } from '../experiment/run-point.ts';
import { runPoints } from '../experiment/run-points.ts';
import { replicationOf, type TrialTask } from '../experiment/trial-task.ts';
import type { LoadedScenario, LoadOptions } from '../scenario/load.ts';
import { explain } from './failure.ts';
import { trialsOf } from './headline.ts';
import { type KeptTrials, NOTHING_KEPT } from './kept-trials.ts';
import { replayOf } from './load-or-explain.ts';
import { showProgress } from './progress.ts';
import type { Session } from './session.ts';

/** Two trials make an interval; a point that has fewer when it is stopped has no result. */
const KEPT_FROM = 2;

const where = ({ datapath, point }: TrialTask): string =>
  [datapath, ...Object.values(point.labels)].join(', ');

export interface Simulated {
  /** Those points that have a result. */
  readonly results: PointResult[];
  /** Of a failure that ended the run and has been explained. */
  readonly failed: number | null;
}

/** All points on all datapaths. */
export const simulate = async (
  loaded: LoadedScenario,
  options: LoadOptions,
  { pool, interruption, quiet }: Session,
  {
    kept = NOTHING_KEPT,
    isMine = () => true,
  }: {
    /** Where finished trials are kept, and found again. */
    readonly kept?: KeptTrials;
    /** Which combinations are simulated. */
    readonly isMine?: (combination: number) => boolean;
  } = {},
): Promise<Simulated> => {
  const all = loaded.points.flatMap((point, index) =>
    point.scenario.datapaths.map((datapath) => ({ index, runner: new PointRunner(point, datapath) })),
  );
  const pairs = all.filter((_, combination) => isMine(combination));
  const runners = pairs.map(({ runner }) => runner);
  const progress = showProgress(quiet, Math.round((trialsOf(loaded) * pairs.length) / all.length));
  const forget = interruption.onEnd(progress.stop);
  let failed: number | null = null;
  let end = runners.length;
  try {
    const failure = await runPoints(runners, kept.through(pool.execute), {
      jobs: pool.jobs,
      signal: interruption.signal,
      onDone: (task) => {
        if (task.kind === 'trial') progress.trialDone(where(task));
      },
    });
    pool.abandon();
    progress.stop();
    if (failure !== null && !interruption.asked) {
      const { task, index, error } = failure;
      const trial = { datapath: task.datapath, replication: replicationOf(task), point: pairs[index].index };
      end = index;
      failed = explain(error, replayOf(loaded.file, options, trial));
    }
  } finally {
    progress.stop();
    forget();
  }
  // Whatever the number of jobs: what comes before a failure is done, and what comes after it is not looked at.
  const results = runners
    .slice(0, end)
    .filter(({ done, finished }) => done || finished >= KEPT_FROM)
    .map((runner) => runner.result());
  return { results, failed };
};
