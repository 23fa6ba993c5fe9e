/**
 * How long a run will take on this machine: some of its trials are begun, for a part of their length, and timed. Nothing of it gets into
 * results.
 */
import { runTrial } from '../experiment/run-trial.ts';
import { givenWarmUp } from '../experiment/warm-up.ts';
import type { LoadedScenario, ScenarioPoint } from '../scenario/load.ts';
import type { Picoseconds } from '../units.ts';

/** Points and datapaths that are tried, spread evenly over all. */
const TRIED = 6;
/** Parts of a trial that each is run for: what they differ by is time that simulating takes, without that of setting up. */
const SHORT = 1 / 20;
const LONG = 3 / 20;

interface Combination {
  readonly point: ScenarioPoint;
  readonly datapath: string;
}

const combinations = ({ points }: LoadedScenario): Combination[] =>
  points.flatMap((point) => point.scenario.datapaths.map((datapath) => ({ point, datapath })));

/** Simulated time of all trials of a combination, ps: a pilot, where there is one, and replications behind their warm-up. */
const simulated = ({ point }: Combination): number => {
  const { measure, replications } = point.scenario.run;
  const warmUp = givenWarmUp(point)?.length;
  // What a pilot finds is between a tenth and a half of the window.
  return warmUp === undefined ? measure + replications * measure * 1.25 : replications * (measure + warmUp);
};

/** Seconds that `part` of a trial takes. */
const timed = ({ point, datapath }: Combination, part: number): number => {
  const { scenario } = point;
  const measure = Math.max(1, Math.floor(scenario.run.measure * part)) as Picoseconds;
  const shorter = { ...point, scenario: { ...scenario, run: { ...scenario.run, measure } } };
  const start = performance.now();
  runTrial(shorter, { datapath, seed: scenario.run.seed, replication: 1 }, 0 as Picoseconds);
  return (performance.now() - start) / 1000;
};

/** Seconds that a combination takes for each ps of simulated time. */
const pace = (combination: Combination): number =>
  Math.max(timed(combination, LONG) - timed(combination, SHORT), 1e-6) /
  (combination.point.scenario.run.measure * (LONG - SHORT));

/** Seconds on `jobs` workers. */
export const estimate = (loaded: LoadedScenario, jobs: number): number => {
  const all = combinations(loaded);
  const count = Math.min(TRIED, all.length);
  const tried = Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]);
  // Code is compiled in the first trials.
  for (const combination of tried) timed(combination, LONG);
  const paces = tried.map(pace);
  const mean = paces.reduce((sum, each) => sum + each, 0) / paces.length;
  const total = all.reduce((sum, combination) => sum + simulated(combination), 0);
  return (total * mean) / jobs;
};
