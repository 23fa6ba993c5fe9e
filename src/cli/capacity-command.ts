/** `vmio capacity`: the largest load, or the smallest resource, that holds objectives. */
import os from 'node:os';
import { isOfWorkloads, NoFigureError } from '../experiment/capacity/requirements.ts';
import { openPool } from '../experiment/pool/trial-pool.ts';
import { capacityText } from '../report/capacity-text.ts';
import {
  type CapacityOptions,
  type CapacityQuestion,
  capacityQuestion,
  writtenValue,
} from '../scenario/capacity-question.ts';
import { loadScenario } from '../scenario/load.ts';
import { FailedLookError, RefusedError, searchAll, Versions } from './capacity-search.ts';
import { FAILED, FINE, WRONG_INPUT } from './exit-status.ts';
import { explain, refuse } from './failure.ts';
import { Interruption } from './interruption.ts';
import { interruptedBeforeAnswer, Journal } from './kept-trials.ts';
import { loadOrExplain } from './load-or-explain.ts';
import { proveWritable, resultsFolder } from './results-folder.ts';
import type { TrialOptions } from './session.ts';

type CapacityCommandOptions = CapacityOptions & TrialOptions;

export const capacityCommand = async (file: string, options: CapacityCommandOptions): Promise<number> => {
  const loaded = loadOrExplain([file], options)?.[0];
  if (loaded === undefined) return WRONG_INPUT;
  const folder = resultsFolder(options.out, loaded.name);
  let question: CapacityQuestion;
  try {
    const allows = (path: string, value: string | number): boolean => {
      const { set, seed } = options;
      return loadScenario(file, { set, sweep: [`${path}=[${value}]`], ...(seed !== undefined && { seed }) })
        .ok;
    };
    question = capacityQuestion(loaded, options, allows);
  } catch (error) {
    if (error instanceof RangeError) return refuse(error.message);
    throw error;
  }
  proveWritable(folder);
  const quiet = options.quiet === true || options.json === true;
  const interruption = new Interruption();
  const pool = openPool(options.jobs ?? os.availableParallelism());
  const kept = new Journal(`${folder}.capacity.trials.jsonl`);
  try {
    const versions = new Versions(file, options, question);
    const answers = await searchAll(versions, question, {
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
        ofEach: question.objectives.some((each) => each.workload === null && isOfWorkloads(each)),
        written: (value: number) => String(writtenValue(question, value)),
      };
      process.stdout.write(`${capacityText(asked, answers)}\n`);
    }
    kept.remove();
    return answers.some(({ capacity }) => capacity.beyond === 'none') ? FAILED : FINE;
  } catch (error) {
    if (interruption.asked) return interruptedBeforeAnswer(kept);
    if (error instanceof RefusedError) {
      process.stderr.write(`${error.message}\n`);
      return refuse(`the scenario does not allow every value of ${question.path}; say --from and --to`);
    }
    if (error instanceof NoFigureError) return refuse(error.message);
    return error instanceof FailedLookError ? explain(error.cause, error.replay) : explain(error, '');
  } finally {
    interruption.release();
    await pool.close();
  }
};
