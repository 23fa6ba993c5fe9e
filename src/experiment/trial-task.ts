/** One piece of work that can be done anywhere: the pilot of a point, or one replication. Plain data both ways. */
import type { ScenarioPoint } from '../scenario/load.ts';
import type { Picoseconds } from '../units.ts';
import { runTrial, type TrialResult } from './run-trial.ts';
import { foundWarmUp, type WarmUp } from './warm-up.ts';

interface Pilot {
  readonly kind: 'pilot';
  readonly point: ScenarioPoint;
  readonly datapath: string;
}

interface Replication {
  readonly kind: 'trial';
  readonly point: ScenarioPoint;
  readonly datapath: string;
  /** From 1. */
  readonly replication: number;
  readonly warmUp: Picoseconds;
}

export type TrialTask = Pilot | Replication;

export type TrialAnswer =
  | { readonly kind: 'pilot'; readonly warmUp: WarmUp }
  | { readonly kind: 'trial'; readonly replication: number; readonly result: TrialResult };

/** The number of a task's trial, as `vmio replay` takes it; the pilot is 0. */
export const replicationOf = (task: TrialTask): number => (task.kind === 'pilot' ? 0 : task.replication);

/** Does the work here and now. @throws InvariantError, BudgetError */
export const runTask = (task: TrialTask): TrialAnswer => {
  const { point, datapath } = task;
  if (task.kind === 'pilot') return { kind: 'pilot', warmUp: foundWarmUp(point, datapath) };
  const { replication, warmUp } = task;
  const run = { datapath, seed: point.scenario.run.seed, replication };
  return { kind: 'trial', replication, result: runTrial(point, run, warmUp) };
};
