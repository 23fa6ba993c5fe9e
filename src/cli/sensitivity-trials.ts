/** The trials of `vmio sensitivity`: each datapath as the scenario says, and then on all machines; failed ones are explained. */
import type { PointResult } from '../experiment/run-point.ts';
import { runPoints } from '../experiment/run-points.ts';
import { firstRunner } from '../experiment/sensitivity/first-run.ts';
import type { Gist } from '../experiment/sensitivity/reading.ts';
import { type FailedVariant, runVariants, withoutDetail } from '../experiment/sensitivity/run-variants.ts';
import type { Study } from '../experiment/sensitivity/study.ts';
import { replicationOf, type TrialTask } from '../experiment/trial-task.ts';
import type { Decision } from '../scenario/decision.ts';
import type { LoadedScenario, LoadOptions } from '../scenario/load.ts';
import { FAILED } from './exit-status.ts';
import { explain, statusOf } from './failure.ts';
import { plural } from './headline.ts';
import type { KeptTrials } from './kept-trials.ts';
import { replayOf } from './load-or-explain.ts';
import { showProgress } from './progress.ts';
import type { Session } from './session.ts';

/** Ends the command with a status; what is wrong has been said. */
export class SaidError extends Error {
  override name = 'SaidError';
  readonly status: number;

  constructor(status: number) {
    super();
    this.status = status;
  }
}

const where = ({ datapath, point }: TrialTask): string =>
  [datapath, ...Object.values(point.labels)].join(', ');

/**
 * Each datapath once as the scenario says. @returns by point, of each datapath
 * @throws SaidError where a trial fails: there is nothing to vary then
 */
export const runFirst = async (
  { file, points }: LoadedScenario,
  options: LoadOptions,
  { pool, interruption: { signal } }: Session,
  kept: KeptTrials,
): Promise<readonly (readonly PointResult[])[]> => {
  const pairs = points.flatMap((point, index) =>
    point.scenario.datapaths.map((datapath) => ({ index, runner: firstRunner(point, datapath) })),
  );
  const runners = pairs.map(({ runner }) => runner);
  const onDone = (): void => {};
  const [failure] = await runPoints(runners, kept.through(pool.execute), { jobs: pool.jobs, signal, onDone });
  signal.throwIfAborted();
  if (failure !== undefined) {
    const { task, error } = failure;
    const trial = {
      datapath: task.datapath,
      replication: replicationOf(task),
      point: pairs[failure.index].index,
    };
    throw new SaidError(explain(error, replayOf(file, options, trial)));
  }
  return points.map((_, at) =>
    pairs.filter(({ index }) => index === at).map(({ runner }) => runner.result()),
  );
};

/** Runs all machines. @returns what is left of each, by study and variant; null where a trial exceeded its budget */
export const runStudies = async (
  loaded: LoadedScenario,
  studies: readonly Study[],
  decisions: readonly Decision[],
  options: LoadOptions,
  { pool, interruption, quiet }: Session,
  kept: KeptTrials,
): Promise<readonly (readonly (Gist | null)[])[]> => {
  const progress = showProgress(
    quiet,
    studies.reduce((sum, { variants }) => sum + variants.length, 0),
  );
  const forget = interruption.onEnd(progress.stop);
  try {
    const { gists, failures } = await runVariants(
      studies,
      decisions.map(({ subject }) => subject),
      kept.through(withoutDetail(pool.execute)),
      {
        jobs: pool.jobs,
        signal: interruption.signal,
        onDone: (task) => progress.trialDone(where(task)),
      },
    );
    progress.stop();
    explained(loaded, studies, failures, options);
    return gists;
  } finally {
    progress.stop();
    forget();
  }
};

/** Says the gravest failure with the command that repeats it, and how many there are. @throws SaidError where it is no spent budget */
const explained = (
  { file }: LoadedScenario,
  studies: readonly Study[],
  failures: readonly FailedVariant[],
  options: LoadOptions,
): void => {
  const [gravest] = failures.toSorted((a, b) => statusOf(b.error) - statusOf(a.error));
  if (gravest === undefined) return;
  const { study: point, variant, error } = gravest;
  const { datapath } = studies[point].variants[variant];
  const set = [...(options.set ?? []), ...studies[point].settings(variant)];
  const status = explain(error, replayOf(file, { ...options, set }, { datapath, replication: 1, point }));
  if (status !== FAILED) throw new SaidError(status);
  const total = studies.reduce((sum, { variants }) => sum + variants.length, 0);
  process.stderr.write(
    `${plural(failures.length, 'trial')} of ${total} failed; these machines are left out\n`,
  );
};
