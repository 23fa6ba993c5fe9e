/** Simulates a scenario on the pool, showing progress; a failed trial is explained with the command that repeats it, and its point left out. */
import { type PointResult, PointRunner } from '../experiment/run-point.ts';
import { type Failure, runPoints } from '../experiment/run-points.ts';
import { replicationOf, type TrialTask } from '../experiment/trial-task.ts';
import type { LoadedScenario, LoadOptions } from '../scenario/load.ts';
import { explain, statusOf } from './failure.ts';
import { plural, trialsOf } from './headline.ts';
import { type KeptTrials, NOTHING_KEPT } from './kept-trials.ts';
import { replayOf } from './load-or-explain.ts';
import { showProgress } from './progress.ts';
import type { Session } from './session.ts';

/** Two trials make an interval; a point that has fewer when it is stopped has no result. */
const KEPT_FROM = 2;

const where = ({ datapath, point }: TrialTask): string =>
  [datapath, ...Object.values(point.labels)].join(', ');

/** More than these are only counted. */
const EXPLAINED_MAX = 5;

export interface FailedPoint {
  readonly datapath: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly replication: number;
  readonly message: string;
}

export interface Simulated {
  /** Those points that have a result. */
  readonly results: PointResult[];
  /** Points on datapaths whose trials failed, which have no result. */
  readonly failures: readonly FailedPoint[];
  /** The gravest of the failures, which have been explained, as an exit status; null without any. */
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
    firstPoint = 0,
  }: {
    /** Where finished trials are kept, and found again. */
    readonly kept?: KeptTrials;
    /** Which combinations are simulated. */
    readonly isMine?: (combination: number) => boolean;
    /** Number of the first point, where those before it were left out. */
    readonly firstPoint?: number;
  } = {},
): Promise<Simulated> => {
  const all = loaded.points.flatMap((point, index) =>
    point.scenario.datapaths.map((datapath) => ({ index, runner: new PointRunner(point, datapath) })),
  );
  const pairs = all.filter((_, combination) => isMine(combination));
  const runners = pairs.map(({ runner }) => runner);
  const progress = showProgress(quiet, Math.round((trialsOf(loaded) * pairs.length) / all.length));
  const forget = interruption.onEnd(progress.stop);
  let failures: Failure[] = [];
  let ended: number | null = null;
  try {
    failures = await runPoints(runners, kept.through(pool.execute), {
      jobs: pool.jobs,
      signal: interruption.signal,
      onDone: (task) => {
        if (task.kind === 'trial') progress.trialDone(where(task));
      },
    });
    pool.abandon();
    if (interruption.asked) failures = [];
  } catch (error) {
    // Nobody is left to do the trials: what is finished is kept.
    pool.abandon();
    progress.stop();
    ended = explain(error, '');
  } finally {
    progress.stop();
    forget();
  }
  const failed = explained(failures, ({ task, index }) => {
    const trial = {
      datapath: task.datapath,
      replication: replicationOf(task),
      point: firstPoint + pairs[index].index,
    };
    return replayOf(loaded.file, options, trial);
  });
  const without = new Set(failures.map(({ index }) => index));
  const results = runners
    .filter(({ done, finished }, index) => !without.has(index) && (done || finished >= KEPT_FROM))
    .map((runner) => runner.result());
  return { results, failures: failures.map(failedPoint), failed: ended ?? failed };
};

const failedPoint = ({ task, error }: Failure): FailedPoint => ({
  datapath: task.datapath,
  labels: task.point.labels,
  replication: replicationOf(task),
  message: error instanceof Error ? error.message : String(error),
});

/** Says what failed, the first few with the command that repeats them. @returns the gravest as an exit status */
const explained = (failures: readonly Failure[], replay: (failure: Failure) => string): number | null => {
  let gravest: number | null = null;
  for (const failure of failures.slice(0, EXPLAINED_MAX)) {
    gravest = Math.max(gravest ?? 0, explain(failure.error, replay(failure)));
  }
  const more = failures.slice(EXPLAINED_MAX);
  if (more.length > 0) process.stderr.write(`and ${plural(more.length, 'more point')} failed\n`);
  return more.reduce<number | null>((most, { error }) => Math.max(most ?? 0, statusOf(error)), gravest);
};
