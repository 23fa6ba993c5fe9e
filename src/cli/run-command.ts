/** `vmio run`: simulate, print the comparison, write the results folder. */
import os from 'node:os';
import path from 'node:path';
import { comparisons } from '../experiment/compare.ts';
import { type Judgement, judge, unexpectedSaturation } from '../experiment/expectations.ts';
import type { SummaryRow } from '../experiment/rows.ts';
import { type PointResult, PointRunner } from '../experiment/run-point.ts';
import { type PointRows, summarise } from '../experiment/summarise.ts';
import type { Expectation } from '../scenario/expectation-schema.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { FAILED, FINE, INTERRUPTED, WRONG_INPUT } from './exit-status.ts';
import { explain } from './failure.ts';
import { loadOrExplain, replayOf } from './load-or-explain.ts';
import { type Watch, watch } from './progress.ts';
import { joined, writeFile, writeResults } from './results-folder.ts';
import { VERSION } from './version.ts';

export interface RunOptions {
  readonly set: string[];
  readonly sweep: string[];
  readonly seed?: number;
  readonly out: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly charts: boolean;
  readonly dryRun?: boolean;
}

export const runCommand = async (files: readonly string[], options: RunOptions): Promise<number> => {
  const scenarios = loadOrExplain(files, options);
  if (scenarios === null) return WRONG_INPUT;
  const twice = scenarios.find(({ name }, i) => scenarios.findIndex((other) => other.name === name) < i);
  if (twice !== undefined) {
    complain(`vmio: two scenarios are called "${twice.name}"; their results would share a folder`);
    return WRONG_INPUT;
  }
  for (const { warnings } of scenarios) {
    for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  }
  let status = FINE;
  for (const scenario of scenarios) {
    const code = options.dryRun === true ? announce(scenario) : await runScenario(scenario, options);
    if (code === INTERRUPTED || code > FAILED) return code;
    status = Math.max(status, code);
  }
  return status;
};

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Standard output may be silent, or hold JSON only. */
const complain = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const headline = ({ name, points, base }: LoadedScenario): string => {
  const combinations = points.length * base.datapaths.length;
  return `${name}   ${plural(points.length, 'point')} × ${plural(base.datapaths.length, 'datapath')} = ${combinations}, at least ${base.run.replications} replications each, seed ${base.run.seed}`;
};

const announce = (scenario: LoadedScenario): number => {
  print(headline(scenario));
  for (const { labels, scenario: point } of scenario.points) {
    const at = Object.entries(labels).map(([path, value]) => `${path} ${value}`);
    print(`  ${at.length === 0 ? 'as written' : at.join(', ')}: ${point.datapaths.join(', ')}`);
  }
  return FINE;
};

const runScenario = async (loaded: LoadedScenario, options: RunOptions): Promise<number> => {
  const began = performance.now();
  const quiet = options.quiet === true || options.json === true;
  if (!quiet) print(headline(loaded));
  const progress = watch(quiet);
  let outcome: PointResult[] | number;
  try {
    outcome = await simulate(loaded, options, progress);
  } finally {
    progress.stop();
  }
  if (typeof outcome === 'number') return outcome;
  const complete = !progress.interrupted();
  const rows = rowsOf(loaded, outcome);
  if (options.json === true) for (const row of rows.summary) print(JSON.stringify(row));
  const { drawCharts } = await import('./draw-charts.ts');
  const charts = options.charts && complete ? (folder: string) => drawCharts(folder, loaded, rows) : null;
  const written = await writeResults(
    options.out,
    loaded,
    options,
    { results: outcome, rows, complete },
    charts,
  );
  const judgements = complete ? loaded.base.expect.map((entry) => judge(entry, rows.summary)) : [];
  const surprises = complete ? unexpectedSaturation(loaded.base.expect, rows.summary) : [];
  const seconds = (performance.now() - began) / 1000;
  if (!quiet) {
    const { table } = await import('../report/table.ts');
    const { differences } = await import('../report/differences.ts');
    print(table(rows.summary, { colour: process.stdout.isTTY === true }));
    print(differences(rows.summary));
    report(judgements, surprises, rows.summary, print);
    const trials = outcome.reduce((sum, { trials: all }) => sum + all.length, 0);
    print(`${plural(trials, 'trial')} in ${seconds.toFixed(1)} s`);
    print(`wrote ${written.folder}${path.sep}: ${written.files.join(', ')}`);
  }
  log(written.folder, options, outcome, seconds);
  if (!complete) {
    process.stderr.write(
      `interrupted: ${plural(outcome.length, 'finished point')} kept in ${written.folder}\n`,
    );
    return INTERRUPTED;
  }
  const failed = judgements.some(({ held }) => !held) || surprises.length > 0;
  if (failed && quiet)
    report(
      judgements.filter(({ held }) => !held),
      surprises,
      [],
      complain,
    );
  return failed ? FAILED : FINE;
};

/** The rows of every point, with the differences between its datapaths. */
const rowsOf = (loaded: LoadedScenario, results: readonly PointResult[]): PointRows => {
  const rows = joined(results.map((result) => summarise(loaded.name, result)));
  const compared = loaded.points.flatMap(({ labels }) => {
    const here = results.filter(({ point }) => point.labels === labels);
    const mine = rows.summary.filter(({ swept }) => swept === labels);
    return comparisons(loaded.name, here, mine);
  });
  return { ...rows, summary: [...rows.summary, ...compared] };
};

/** All points on all datapaths; a number is the status of a failure that was explained. */
const simulate = async (
  loaded: LoadedScenario,
  options: RunOptions,
  progress: Watch,
): Promise<PointResult[] | number> => {
  const results: PointResult[] = [];
  progress.expect(loaded.points.length * loaded.base.datapaths.length * loaded.base.run.replications);
  for (const [index, point] of loaded.points.entries()) {
    for (const datapath of point.scenario.datapaths) {
      const at = [datapath, ...Object.values(point.labels)].join(', ');
      const runner = new PointRunner(point, datapath);
      try {
        while (runner.wantsMore) {
          await progress.breathe();
          if (progress.interrupted()) {
            // Two trials make an interval; what there is is kept.
            if (runner.finished >= 2) results.push(runner.result());
            return results;
          }
          runner.runNext();
          progress.trialDone(at);
        }
      } catch (error) {
        progress.stop();
        const trial = { datapath, replication: runner.replication, point: index };
        return explain(error, replayOf(loaded.file, options, trial));
      }
      results.push(runner.result());
    }
  }
  return results;
};

/** Expectations that are listed one by one; of more, only those that failed are. */
const LISTED_MAX = 20;

const expected = ({ equals, tolerance, below, above, between, order, where }: Expectation): string =>
  [
    equals === undefined
      ? ''
      : `${equals}${tolerance === undefined ? '' : ` ± ${Number((tolerance * 100).toPrecision(6))} %`}`,
    below === undefined ? '' : `below ${below}`,
    above === undefined ? '' : `above ${above}`,
    between === undefined ? '' : `from ${between[0]} to ${between[1]}`,
    order === undefined ? '' : order.join(' < '),
    where === undefined
      ? ''
      : `at ${Object.entries(where)
          .map(([path, value]) => `${path} ${value}`)
          .join(', ')}`,
  ]
    .filter((part) => part !== '')
    .join(', ');

const report = (
  judgements: readonly Judgement[],
  surprises: readonly string[],
  rows: readonly SummaryRow[],
  say: (text: string) => void,
): void => {
  for (const { expectation, held, found } of judgements) {
    const { metric = 'saturates', datapath, workload } = expectation;
    const what = [metric, workload, datapath].filter((part) => part !== undefined).join(', ');
    // Many held ones would bury a failed one.
    if (held && judgements.length > LISTED_MAX) continue;
    say(
      `${held ? 'held  ' : 'FAILED'}  ${what}: ${found}${held ? '' : `, but expected ${expected(expectation)}`}`,
    );
    say(`        because ${expectation.because}`);
  }
  for (const surprise of surprises) say(`FAILED  saturated, which the scenario does not expect: ${surprise}`);
  const short = new Set(rows.filter(({ verdict }) => verdict === 'short').map(({ datapath }) => datapath));
  if (short.size > 0) {
    say(
      `short: ${[...short].join(', ')} have points whose run is too short for their figures; see manifest.json`,
    );
  }
  const held = judgements.filter((judgement) => judgement.held).length;
  if (judgements.length > 0) say(`${plural(held, 'expectation')} held, ${judgements.length - held} failed`);
};

/** Everything that may differ between two runs of the same inputs. */
const log = (folder: string, options: RunOptions, results: readonly PointResult[], seconds: number): void => {
  const events = results.reduce(
    (sum, { trials }) => sum + trials.reduce((inner, trial) => inner + trial.events, 0),
    0,
  );
  const entry = {
    vmio: VERSION,
    node: process.version,
    host: { cpus: os.cpus().length, platform: process.platform, arch: process.arch },
    arguments: process.argv.slice(2),
    out: options.out,
    seconds,
    events,
  };
  writeFile(path.join(folder, 'run.log.json'), `${JSON.stringify(entry, null, 2)}\n`);
};
