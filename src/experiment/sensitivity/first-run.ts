/** What machines are varied around: each datapath once as the scenario says, to see which costs it charges and how long it warms up. */
import type { ScenarioPoint } from '../../scenario/load.ts';
import { type PointResult, PointRunner } from '../run-point.ts';

/** One replication is enough: machines are told apart by the same random numbers. */
const once = (point: ScenarioPoint): ScenarioPoint => {
  const { precision: _, ...run } = point.scenario.run;
  return { ...point, scenario: { ...point.scenario, run: { ...run, replications: 1 } } };
};

export const firstRunner = (point: ScenarioPoint, datapath: string): PointRunner =>
  new PointRunner(once(point), datapath);

/** Costs that were charged after the warm-up. */
export const chargedIn = ({ trials: [trial] }: PointResult): ReadonlySet<string> =>
  new Set(trial.spending.filter(({ count }) => count > 0).map(({ cost }) => cost));
