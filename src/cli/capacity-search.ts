/** The searches of `vmio capacity`: one for each point on each datapath. */
import type { SearchOptions } from '../experiment/capacity/capacity.ts';
import { findCapacity } from '../experiment/capacity/find-capacity.ts';
import { limitOf } from '../experiment/capacity/limit.ts';
import { FailedTrialError, Prober } from '../experiment/capacity/prober.ts';
import { probeOf } from '../experiment/capacity/requirements.ts';
import type { PointResult } from '../experiment/run-point.ts';
import type { Execute } from '../experiment/run-points.ts';
import type { Answered } from '../report/capacity-text.ts';
import { type CapacityQuestion, writtenValue } from '../scenario/capacity-question.ts';
import { type LoadedScenario, type LoadOptions, loadScenario, type ScenarioPoint } from '../scenario/load.ts';
import type { Run } from '../scenario/schema.ts';
import { formatMistake } from '../scenario/text/mistake.ts';
import { replayOf } from './load-or-explain.ts';
import { showProgress } from './progress.ts';

/** Trials of a search that nobody can know beforehand; what the progress begins with. */
const LOOKS_EXPECTED = 12;
const CONFIDENCE = 0.95;

/** The scenario does not allow a value. */
export class RefusedError extends Error {
  override name = 'RefusedError';
}

/** A trial of a value failed. */
export class FailedLookError extends Error {
  override name = 'FailedLookError';
  /** The command that repeats it. */
  readonly replay: string;

  constructor(cause: unknown, replay: string) {
    super('a trial failed', { cause });
    this.replay = replay;
  }
}

/** Loads the scenario at values of the varied path, each once. */
export class Versions {
  private readonly loaded = new Map<number, LoadedScenario>();
  private readonly file: string;
  private readonly options: LoadOptions;
  private readonly question: CapacityQuestion;

  constructor(file: string, options: LoadOptions, question: CapacityQuestion) {
    this.file = file;
    this.options = options;
    this.question = question;
  }

  private optionsAt(value: number): LoadOptions {
    const { set = [], seed } = this.options;
    const sweep = [`${this.question.path}=[${writtenValue(this.question, value)}]`];
    return { set, sweep, ...(seed !== undefined && { seed }) };
  }

  /** @throws RefusedError where the scenario does not allow it */
  at(value: number): LoadedScenario {
    const known = this.loaded.get(value);
    if (known !== undefined) return known;
    const result = loadScenario(this.file, this.optionsAt(value));
    if (!result.ok) throw new RefusedError(result.mistakes.map(formatMistake).join('\n'));
    this.loaded.set(value, result.loaded);
    return result.loaded;
  }

  /** The point with these labels besides that of the varied path. @throws RefusedError where `where` leaves it out */
  pointAt(value: number, labels: Subject['labels']): ScenarioPoint {
    const wanted = JSON.stringify(labels);
    const { points } = this.at(value);
    const point = points.find((each) => JSON.stringify(this.others(each)) === wanted);
    if (point !== undefined) return point;
    const at = Object.entries(labels).map(([path, text]) => `${path} ${text}`);
    throw new RefusedError(
      `${this.file}: where leaves out ${[...at, `${this.question.path} ${writtenValue(this.question, value)}`].join(', ')}`,
    );
  }

  /** Labels without that of the varied path. */
  others({ labels }: ScenarioPoint): Subject['labels'] {
    const { [this.question.path]: _, ...others } = labels;
    return others;
  }

  /** The command that repeats a trial. */
  replay(value: number, subject: Subject, replication: number): string {
    const { datapath } = subject;
    const point = this.at(value).points.indexOf(this.pointAt(value, subject.labels));
    return replayOf(this.file, this.optionsAt(value), { datapath, replication, point });
  }
}

interface Subject {
  readonly datapath: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly run: Run;
}

export interface Means {
  readonly execute: Execute;
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly quiet: boolean;
}

const optionsOf = (
  { replications, maxReplications }: Run,
  { precision }: CapacityQuestion,
): SearchOptions => ({
  replications,
  maxReplications: Math.max(replications, maxReplications),
  precision,
  confidence: CONFIDENCE,
});

/** All at a time: who ends first changes nothing, nor which of several errors is thrown. */
export const searchAll = async (
  versions: Versions,
  question: CapacityQuestion,
  { execute, jobs, signal, quiet }: Means,
): Promise<Answered[]> => {
  const subjects = versions
    .at(question.low)
    .points.flatMap((point) =>
      point.scenario.datapaths.map(
        (datapath): Subject => ({ datapath, labels: versions.others(point), run: point.scenario.run }),
      ),
    );
  const trials = subjects.reduce((sum, { run }) => sum + LOOKS_EXPECTED * run.replications, 0);
  const progress = showProgress(quiet, trials);
  const search = async (subject: Subject): Promise<Answered> => {
    const { datapath, labels, run } = subject;
    const probers = new Map<number, Prober>();
    const results = new Map<number, PointResult>();
    const look = async (value: number, replications: number) => {
      const prober = probers.get(value) ?? new Prober(versions.pointAt(value, labels), datapath, execute);
      probers.set(value, prober);
      const at = [datapath, ...Object.values(labels), `${question.path} ${writtenValue(question, value)}`];
      const onDone = (): void => progress.trialDone(at.join(', '));
      try {
        const result = await prober.run(replications, { jobs, signal, onDone });
        results.set(value, result);
        return probeOf(question.objectives, result);
      } catch (error) {
        if (!(error instanceof FailedTrialError)) throw error;
        throw new FailedLookError(error.cause, versions.replay(value, subject, error.replication));
      }
    };
    const capacity = await findCapacity(question, look, optionsOf(run, question));
    const beyond = capacity.fails === null ? undefined : results.get(capacity.fails);
    const limit = beyond === undefined ? null : limitOf(beyond, probeOf(question.objectives, beyond));
    return { datapath, labels, capacity, limit };
  };
  try {
    const settled = await Promise.allSettled(subjects.map(search));
    return settled.map((each) => {
      if (each.status === 'rejected') throw each.reason;
      return each.value;
    });
  } finally {
    progress.stop();
  }
};
