/** `vmio capacity`: the largest load, or the smallest resource, that holds objectives. */
import os from 'node:os';
import { findCapacity } from '../experiment/capacity/find-capacity.ts';
import { limitOf } from '../experiment/capacity/limit.ts';
import { Prober } from '../experiment/capacity/prober.ts';
import { NoFigureError, probeOf } from '../experiment/capacity/requirements.ts';
import { openPool } from '../experiment/pool/trial-pool.ts';
import type { PointResult } from '../experiment/run-point.ts';
import type { Execute } from '../experiment/run-points.ts';
import { type Answered, capacityText } from '../report/capacity-text.ts';
import {
  type CapacityOptions,
  type CapacityQuestion,
  capacityQuestion,
  writtenValue,
} from '../scenario/capacity-question.ts';
import { type LoadedScenario, type LoadOptions, loadScenario } from '../scenario/load.ts';
import { formatMistake } from '../scenario/text/mistake.ts';
import { FAILED, FINE, INTERRUPTED, WRONG_INPUT } from './exit-status.ts';
import { explain } from './failure.ts';
import { Interruption } from './interruption.ts';
import { Journal } from './kept-trials.ts';
import { loadOrExplain } from './load-or-explain.ts';
import { showProgress } from './progress.ts';
import { proveWritable, resultsFolder } from './results-folder.ts';

export interface CapacityCommandOptions extends CapacityOptions {
  readonly set: string[];
  readonly seed?: number;
  readonly out: string;
  readonly jobs?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const complain = (text: string): number => {
  process.stderr.write(`vmio: ${text}\n`);
  return WRONG_INPUT;
};

/** Trials of a search that nobody can know beforehand; what the progress begins with. */
const LOOKS_EXPECTED = 12;
const CONFIDENCE = 0.95;

/** The scenario does not allow a value. */
class RefusedError extends Error {
  override name = 'RefusedError';
}

/** Loads the scenario at values of the varied path, each once. */
class Versions {
  private readonly loaded = new Map<number, LoadedScenario>();
  private readonly file: string;
  private readonly options: LoadOptions;
  private readonly question: CapacityQuestion;

  constructor(file: string, options: LoadOptions, question: CapacityQuestion) {
    this.file = file;
    this.options = options;
    this.question = question;
  }

  /** @throws RefusedError where the scenario does not allow it */
  at(value: number): LoadedScenario {
    const known = this.loaded.get(value);
    if (known !== undefined) return known;
    const { path } = this.question;
    const { set = [], seed } = this.options;
    const sweep = [`${path}=[${writtenValue(this.question, value)}]`];
    const result = loadScenario(this.file, { set, sweep, ...(seed !== undefined && { seed }) });
    if (!result.ok) throw new RefusedError(result.mistakes.map(formatMistake).join('\n'));
    this.loaded.set(value, result.loaded);
    return result.loaded;
  }
}

export const capacityCommand = async (file: string, options: CapacityCommandOptions): Promise<number> => {
  const loaded = loadOrExplain([file], options)?.[0];
  if (loaded === undefined) return WRONG_INPUT;
  const folder = resultsFolder(options.out, loaded.name);
  let question: CapacityQuestion;
  try {
    question = capacityQuestion(loaded, options);
  } catch (error) {
    if (error instanceof RangeError) return complain(error.message);
    throw error;
  }
  proveWritable(folder);
  const quiet = options.quiet === true || options.json === true;
  const interruption = new Interruption();
  const pool = openPool(options.jobs ?? os.availableParallelism());
  const kept = new Journal(`${folder}.capacity.trials.jsonl`, complain);
  try {
    const versions = new Versions(file, options, question);
    const answers = await search(versions, question, {
      execute: kept.through(pool.execute),
      jobs: pool.jobs,
      signal: interruption.signal,
      quiet,
    });
    if (options.json === true) {
      for (const answer of answers) process.stdout.write(`${JSON.stringify(answer)}\n`);
    } else if (options.quiet !== true) {
      const asked = {
        question: loaded.base.question,
        path: question.path,
        objectives: question.objectives.map(({ text }) => text),
        written: (value: number) => String(writtenValue(question, value)),
      };
      process.stdout.write(`${capacityText(asked, answers)}\n`);
    }
    kept.remove();
    return answers.some(({ capacity }) => capacity.beyond === 'none') ? FAILED : FINE;
  } catch (error) {
    if (interruption.asked) {
      complain(`interrupted; ${kept.leave()}`);
      return INTERRUPTED;
    }
    if (error instanceof RefusedError) {
      process.stderr.write(`${error.message}\n`);
      return complain(`the scenario does not allow every value of ${question.path}; say --from and --to`);
    }
    if (error instanceof NoFigureError) return complain(error.message);
    return explain(error, '');
  } finally {
    interruption.release();
    await pool.close();
  }
};

interface Means {
  readonly execute: Execute;
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly quiet: boolean;
}

/** One search for each point on each datapath, all at a time: who ends first changes nothing. */
const search = async (
  versions: Versions,
  question: CapacityQuestion,
  { execute, jobs, signal, quiet }: Means,
): Promise<Answered[]> => {
  const { points } = versions.at(question.low);
  const subjects = points.flatMap(({ labels, scenario }, index) =>
    scenario.datapaths.map((datapath) => {
      const { [question.path]: _, ...others } = labels;
      return { datapath, labels: others, index, run: scenario.run };
    }),
  );
  const trials = subjects.reduce((sum, { run }) => sum + LOOKS_EXPECTED * run.replications, 0);
  const progress = showProgress(quiet, trials);
  try {
    return await Promise.all(
      subjects.map(async ({ datapath, labels, index, run }) => {
        const probers = new Map<number, Prober>();
        const results = new Map<number, PointResult>();
        const look = async (value: number, replications: number) => {
          const prober =
            probers.get(value) ?? new Prober(versions.at(value).points[index], datapath, execute);
          probers.set(value, prober);
          const at = [
            datapath,
            ...Object.values(labels),
            `${question.path} ${writtenValue(question, value)}`,
          ];
          const onDone = (): void => progress.trialDone(at.join(', '));
          const result = await prober.run(replications, { jobs, signal, onDone });
          results.set(value, result);
          return probeOf(question.objectives, result);
        };
        const { replications, maxReplications } = run;
        const capacity = await findCapacity(question, look, {
          replications,
          maxReplications: Math.max(replications, maxReplications),
          precision: question.precision,
          confidence: CONFIDENCE,
        });
        const beyond = capacity.fails === null ? undefined : results.get(capacity.fails);
        const limit = beyond === undefined ? null : limitOf(beyond, probeOf(question.objectives, beyond));
        return { datapath, labels, capacity, limit };
      }),
    );
  } finally {
    progress.stop();
  }
};
