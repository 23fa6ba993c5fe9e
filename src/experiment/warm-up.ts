/** How long the beginning of every trial is left out: given by the scenario, or found on a pilot. */
import type { ScenarioPoint } from '../scenario/load.ts';
import { rampTime } from '../scenario/workload-schema.ts';
import { type Picoseconds, us } from '../units.ts';
import { runPilot } from './run-trial.ts';
import { mser5 } from './statistics/mser5.ts';

export interface WarmUp {
  readonly length: Picoseconds;
  /** `given` by the scenario, or found on the pilot. */
  readonly how: 'given' | 'mser-5';
  /** Workloads for which MSER-5 put the end of the warm-up into the second half of the pilot. */
  readonly tooLate: readonly string[];
}

/** The shortest warm-up: threads start and halt-polling windows settle. */
const WARM_UP_MIN = us(1000);

/** Halves of a pilot that agree as closely as this show no warm-up worth cutting. */
const LEVEL = 0.02;

/** The means of the two halves agree, the first tenth left out. */
const level = (means: readonly number[]): boolean => {
  const rest = means.slice(Math.floor(means.length / 10));
  const middle = Math.floor(rest.length / 2);
  if (middle === 0) return false;
  const mean = (part: readonly number[]): number => part.reduce((sum, value) => sum + value, 0) / part.length;
  const first = mean(rest.slice(0, middle));
  const second = mean(rest.slice(middle));
  return Math.abs(first - second) <= LEVEL * Math.max(first, second);
};

/** What the scenario says; null where a pilot is to find it. */
export const givenWarmUp = ({ scenario }: ScenarioPoint): WarmUp | null =>
  scenario.run.warmUp === 'auto'
    ? null
    : { length: Math.max(scenario.run.warmUp, rampTime(scenario)) as Picoseconds, how: 'given', tooLate: [] };

/** Runs a pilot and takes the warm-up from it. @throws InvariantError, BudgetError */
export const foundWarmUp = (point: ScenarioPoint, datapath: string): WarmUp => {
  const { run } = point.scenario;
  const pilot = runPilot(point, { datapath, seed: run.seed, replication: 0 });
  // Where MSER-5 finds nothing to cut, a tenth of the window still is: threads start, polling windows settle.
  let length = Math.max(WARM_UP_MIN, Math.floor(run.measure / 10)) as Picoseconds;
  const tooLate: string[] = [];
  for (const [workload, series] of pilot) {
    if (series.means.length === 0) continue;
    const found = mser5(series.means);
    // On a nearly constant series one odd batch late in the run can attract the minimum; no trend, no warm-up.
    if (found.tooLate && level(series.means)) continue;
    if (found.tooLate) tooLate.push(workload);
    const start = Math.ceil(series.startTime(found.index));
    length = Math.max(length, Math.min(start, Math.floor(run.measure / 2))) as Picoseconds;
  }
  return { length: Math.max(length, rampTime(point.scenario)) as Picoseconds, how: 'mser-5', tooLate };
};
