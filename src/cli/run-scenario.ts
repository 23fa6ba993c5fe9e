/** One scenario from its first trial to its results folder. */

import { rmSync } from 'node:fs';
import path from 'node:path';
import { type Judgement, judge, unexpectedSaturation } from '../experiment/expectations.ts';
import { occurrences } from '../experiment/occurrences.ts';
import type { SummaryRow } from '../experiment/rows.ts';
import type { PointResult } from '../experiment/run-point.ts';
import { percent } from '../experiment/statistics/verdict-rules.ts';
import { withoutCopies } from '../report/select.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { allRows } from './all-rows.ts';
import { answer } from './answer.ts';
import { FAILED, FINE, INTERRUPTED } from './exit-status.ts';
import { say } from './failure.ts';
import { headline, plural } from './headline.ts';
import { Journal, type KeptTrials } from './kept-trials.ts';
import type { Outcome } from './outcome.ts';
import { reportJudgements } from './report-judgements.ts';
import { keepPartial, openPartial, replaceFolder, resultsFolder } from './results-folder.ts';
import type { RunOptions, Session } from './session.ts';
import { simulate } from './simulate.ts';
import { type RunLog, writeResults } from './write-results.ts';

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

export const runScenario = async (
  loaded: LoadedScenario,
  options: RunOptions,
  session: Session,
  /** Where finished trials are kept; beside the results where not given. */
  kept: KeptTrials = new Journal(`${resultsFolder(options.out, loaded.name)}.trials.jsonl`),
): Promise<number> => {
  const began = performance.now();
  const { quiet, interruption, pool } = session;
  if (!quiet) print(headline(loaded));
  const { results, failures, failed: broken } = await simulate(loaded, options, session, { kept });
  if (!quiet && kept.taken !== '') print(kept.taken);
  const complete = !interruption.asked && broken === null;
  const stopped = interruption.asked ? 'interrupted' : 'stopped';
  if (results.length === 0) {
    const why = failures.length > 0 ? 'every point failed' : `${stopped} before any point had two trials`;
    say(`${why}; nothing was written`);
    goOn(kept);
    return broken ?? INTERRUPTED;
  }
  const rows = allRows(loaded, results);
  if (options.json === true) for (const row of rows.summary) print(JSON.stringify(row));
  if (!quiet) await show(rows.summary);
  if (!quiet) for (const line of imprecise(results)) print(line);
  const counted = results.flatMap((result) => occurrences(loaded.name, result));
  const failed = complete && judged(loaded, [...rows.summary, ...counted], quiet);
  const seconds = (performance.now() - began) / 1000;
  const log = { out: options.out, jobs: pool.jobs, seconds };
  const written = await put(loaded, options, session, { results, failures, rows, complete }, log);
  if (!quiet) {
    const trials = results.reduce((sum, { trials: all }) => sum + all.length, 0);
    print(`${plural(trials, 'trial')} in ${seconds.toFixed(1)} s`);
    print(`wrote ${written.folder}${path.sep}: ${written.files.join(', ')}`);
  }
  const answered = quiet || !complete ? '' : answer(loaded, results);
  if (answered !== '') print(`\n${answered}`);
  if (complete) kept.remove();
  if (interruption.asked) {
    say(`interrupted: ${written.remark}`);
    if (!complete) goOn(kept);
    return INTERRUPTED;
  }
  if (broken !== null) {
    const what = failures.length > 0 ? `${plural(failures.length, 'point')} failed` : stopped;
    say(`${what}: ${written.remark}`);
    goOn(kept);
    return broken;
  }
  return failed ? FAILED : FINE;
};

/** Points whose intervals stayed wider than the scenario asks for. */
const imprecise = (results: readonly PointResult[]): string[] =>
  results
    .filter(({ gaveUp }) => gaveUp)
    .map(({ point, datapath, trials }) => {
      const at = [datapath, ...Object.values(point.labels)].join(', ');
      const { precision = 0 } = point.scenario.run;
      return `${at}: ± ${percent(precision)} not reached with ${plural(trials.length, 'replication')}, which is as far as the budget goes`;
    });

/** Leaves the trials that are finished for another run, and says so. */
const goOn = (kept: KeptTrials): void => {
  const remark = kept.leave();
  if (remark !== '') say(remark);
};

const show = async (rows: readonly SummaryRow[]): Promise<void> => {
  const { table } = await import('../report/table.ts');
  const { differences } = await import('../report/differences.ts');
  const shown = withoutCopies(rows);
  print(table(shown, { colour: process.stdout.isTTY === true }));
  print(differences(shown));
};

/** Holds the rows against what the scenario expects. @returns whether any of it failed */
const judged = ({ base }: LoadedScenario, rows: readonly SummaryRow[], quiet: boolean): boolean => {
  const judgements: Judgement[] = base.expect.map((entry) => judge(entry, rows));
  const surprises = unexpectedSaturation(base.expect, withoutCopies(rows));
  const misses = judgements.filter(({ held }) => !held);
  const failed = misses.length > 0 || surprises.length > 0;
  if (!quiet) reportJudgements(judgements, surprises, rows, print);
  else if (failed) reportJudgements(misses, surprises, [], say);
  return failed;
};

interface Put {
  readonly folder: string;
  readonly files: readonly string[];
  /** What a run that was interrupted or failed kept, and where. */
  readonly remark: string;
}

/** Writes the results folder aside, then puts it where it belongs. */
const put = async (
  loaded: LoadedScenario,
  options: RunOptions,
  { interruption }: Session,
  outcome: Outcome,
  log: RunLog,
): Promise<Put> => {
  const folder = resultsFolder(options.out, loaded.name);
  const partial = openPartial(folder);
  const remove = (): void => rmSync(partial, { recursive: true, force: true });
  const forget = interruption.onEnd(remove);
  const charts = async (target: string): Promise<string[]> => {
    if (!options.charts || !outcome.complete) return [];
    const { drawCharts } = await import('./draw-charts.ts');
    return drawCharts(target, loaded, outcome.rows, interruption.signal);
  };
  let files: string[];
  try {
    files = await writeResults(partial, loaded, options, outcome, log, charts);
  } catch (error) {
    remove();
    say(`vmio: the results could not be written; ${folder} is as it was`);
    throw error;
  } finally {
    forget();
  }
  if (outcome.complete) {
    try {
      replaceFolder(partial, folder);
    } catch (error) {
      say(`vmio: the results are complete in ${partial}, but could not take the place of ${folder}`);
      throw error;
    }
    return { folder, files, remark: `the results in ${folder} are complete; charts may be missing` };
  }
  const kept = keepPartial(partial, folder);
  const points = plural(outcome.results.length, 'finished point');
  const earlier = kept === folder ? '' : `; ${folder} is as it was`;
  return { folder: kept, files, remark: `${points} kept in ${kept}${earlier}` };
};
