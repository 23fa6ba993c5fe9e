/** `vmio sensitivity`: how sure a decision is over the machines that the ranges of the costs leave possible, and which cost to measure next. */
import os from 'node:os';
import { NoFigureError } from '../experiment/capacity/requirements.ts';
import { openPool } from '../experiment/pool/trial-pool.ts';
import { demandFigures, type Sensitivity, sensitivities } from '../experiment/sensitivity/sensitivity.ts';
import { Study } from '../experiment/sensitivity/study.ts';
import { sensitivityFigures } from '../report/sensitivity/figures.ts';
import { sensitivityText } from '../report/sensitivity/sensitivity-text.ts';
import { type Decision, decisionsOf } from '../scenario/decision.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { estimate } from './estimate.ts';
import { FINE, WRONG_INPUT } from './exit-status.ts';
import { explain, refuse } from './failure.ts';
import { plural } from './headline.ts';
import { Interruption } from './interruption.ts';
import { interruptedBeforeAnswer, Journal, type KeptTrials, NOTHING_KEPT } from './kept-trials.ts';
import { loadOrExplain } from './load-or-explain.ts';
import { proveWritable, resultsFolder } from './results-folder.ts';
import { roughly } from './roughly.ts';
import { runFirst, runStudies, SaidError } from './sensitivity-trials.ts';
import type { Session, TrialOptions } from './session.ts';

export interface SensitivityOptions extends TrialOptions {
  readonly decide: string[];
  readonly machines: number;
  readonly trajectories: number;
  readonly dryRun?: boolean;
}

export const sensitivityCommand = async (file: string, options: SensitivityOptions): Promise<number> => {
  const loaded = loadOrExplain([file], options)?.[0];
  if (loaded === undefined) return WRONG_INPUT;
  const folder = resultsFolder(options.out, loaded.name);
  let decisions: Decision[];
  try {
    decisions = decisionsOf(loaded, options.decide);
  } catch (error) {
    if (error instanceof RangeError) return refuse(error.message);
    throw error;
  }
  for (const warning of loaded.warnings) process.stderr.write(`warning: ${warning}\n`);
  const dry = options.dryRun === true;
  if (!dry) proveWritable(folder);
  const interruption = new Interruption();
  const pool = openPool(options.jobs ?? os.availableParallelism());
  const kept = dry ? NOTHING_KEPT : new Journal(`${folder}.sensitivity.trials.jsonl`);
  try {
    const session = { pool, interruption, quiet: options.quiet === true || options.json === true };
    const found = await answer(loaded, decisions, options, session, kept);
    show(loaded.name, found, options);
    kept.remove();
    return FINE;
  } catch (error) {
    if (interruption.asked) return interruptedBeforeAnswer(kept);
    if (error instanceof SaidError) return error.status;
    if (error instanceof NoFigureError) return refuse(error.message);
    return explain(error, '');
  } finally {
    interruption.release();
    await pool.close();
  }
};

const headline = ({ name, points, base }: LoadedScenario, options: SensitivityOptions): string => {
  const combinations = points.reduce((sum, { scenario }) => sum + scenario.datapaths.length, 0);
  const each = `${options.machines} plausible machines and along ${options.trajectories} trajectories`;
  return `${name}   ${plural(points.length, 'point')} × datapaths = ${combinations}, each on ${each}, seed ${base.run.seed}`;
};

/** Which costs are varied how, and the trials that this takes. */
const agenda = (studies: readonly Study[], options: SensitivityOptions, trials: number): string[] => {
  const uncertain = new Map(studies.flatMap((study) => study.uncertain.map((each) => [each.cost, each])));
  const wide = [...uncertain.values()].filter(({ scale }) => scale === 'log').length;
  const log = wide === 0 ? '' : `; ${wide} of more than a factor of ten log-uniform`;
  return [
    `${plural(uncertain.size, 'cost')} that are charged have a range: independent of each other, uniform within it${log}`,
    `${plural(trials, 'trial')}: each datapath on ${plural(options.machines, 'machine')}, and along each trajectory one more than it charges such costs`,
  ];
};

/** @returns nothing where the run is dry */
const answer = async (
  loaded: LoadedScenario,
  decisions: readonly Decision[],
  options: SensitivityOptions,
  session: Session,
  kept: KeptTrials,
): Promise<Sensitivity[]> => {
  const print = (text: string): void => {
    if (!session.quiet) process.stdout.write(`${text}\n`);
  };
  print(headline(loaded, options));
  const { machines, trajectories } = options;
  const size = { machines, trajectories, seed: loaded.base.run.seed };
  const first = await runFirst(loaded, options, session, kept);
  const studies = first.map((results) => new Study(results, size));
  if (studies.every(({ uncertain }) => uncertain.length === 0)) {
    throw new SaidError(
      refuse('no cost that is charged has a range: give those of the profile their range: [low, high]'),
    );
  }
  for (const study of studies) demandFigures(study, decisions);
  const trials = studies.reduce((sum, { variants }) => sum + variants.length, 0);
  for (const line of agenda(studies, options, trials)) print(line);
  if (options.dryRun === true) {
    const { jobs } = session.pool;
    const once = studies.flatMap((study) => [...study.first.keys()].map((name) => study.settled(name)));
    const seconds = (estimate({ ...loaded, points: once }, jobs) * trials) / once.length;
    print(`about ${roughly(seconds)} on ${plural(jobs, 'worker')}`);
    return [];
  }
  const gists = await runStudies(loaded, studies, decisions, options, session, kept);
  if (kept.taken !== '') print(kept.taken);
  return studies.flatMap((study, i) => sensitivities(study, gists[i], decisions));
};

const show = (
  name: string,
  found: readonly Sensitivity[],
  { json = false, quiet = false, dryRun = false }: SensitivityOptions,
): void => {
  if (dryRun) return;
  const text = json
    ? found.flatMap((each) => sensitivityFigures(name, each).map((figure) => JSON.stringify(figure)))
    : [...(quiet ? [] : ['']), sensitivityText(found)];
  process.stdout.write(`${text.join('\n')}\n`);
};
