/** What would be if something took no time, half, or twice its time: the same random numbers, replication by replication. */
import { workloadGroups } from '../../scenario/copies.ts';
import type { ScenarioPoint } from '../../scenario/load.ts';
import { type PointResult, PointRunner } from '../run-point.ts';
import type { TrialResult } from '../run-trial.ts';
import { type Interval, interval } from '../statistics/interval.ts';
import { type Lever, withProfile } from './levers.ts';

/** Of its price. */
export const FACTORS = [0, 0.5, 2] as const;

export interface Change {
  /** '' of the machine as a whole. */
  readonly workload: string;
  readonly metric: 'p99' | 'throughput' | 'capacity';
  /** ns, or 1/s; means over replications. */
  readonly before: number;
  /** After less before, paired; null where the changed point has no such figure, because it saturates. */
  readonly change: Interval | null;
}

export interface WhatIf {
  readonly lever: string;
  readonly factor: number;
  readonly changes: readonly Change[];
}

/** The point with a lever scaled: as many replications as `base` had, behind the same warm-up. */
export const variantOf = (base: PointResult, { scale }: Lever, factor: number): PointRunner => {
  const { point, datapath, trials, warmUp } = base;
  const { precision: _, ...run } = point.scenario.run;
  const fixed = { ...run, warmUp: warmUp.length, replications: trials.length };
  const same: ScenarioPoint = { ...point, scenario: { ...point.scenario, run: fixed } };
  return new PointRunner(withProfile(same, scale(point.profile, factor)), datapath);
};

const p99 = ({ measured }: TrialResult, workload: string): number | undefined =>
  measured.find((row) => row.workload === workload && row.metric === 'latency' && row.statistic === 'p99')
    ?.value;

const throughput = ({ measured }: TrialResult, workload: string): number =>
  measured.find((row) => row.workload === workload && row.metric === 'throughput.requests')?.value ?? 0;

/**
 * Requests per second at which the busiest resource would be busy all the time, by the utilisation law: what is carried over its
 * utilisation. A bound for the cost that a request has now; batching under load may carry more.
 */
const capacity = ({ outcomes, loads }: TrialResult): number | undefined => {
  const carried = [...outcomes.values()].reduce((sum, each) => sum + each.carried, 0);
  const most = Math.max(...loads.map(({ busy }) => busy));
  return carried > 0 && most > 0 ? carried / most : undefined;
};

const saturated = ({ verdicts }: PointResult, workload: string): boolean =>
  verdicts.get(workload)?.verdict === 'saturated';

/** Paired by replication; null where some trial has no such figure. */
const changeOf = (
  base: PointResult,
  variant: PointResult,
  figure: (trial: TrialResult) => number | undefined,
): { before: number; change: Interval } | null => {
  const before = base.trials.map(figure);
  if (before.some((value) => value === undefined)) return null;
  const known = before as number[];
  const mean = interval(known).mean;
  const after = variant.trials.map(figure);
  if (after.some((value) => value === undefined)) return null;
  return { before: mean, change: interval(after.map((value, i) => (value as number) - known[i])) };
};

export const compared = (base: PointResult, variant: PointResult, lever: string, factor: number): WhatIf => {
  const { scenario, copies } = base.point;
  const changes = workloadGroups(scenario, copies).flatMap(([workload, members]): Change[] => {
    const overloaded = (result: PointResult): boolean => members.some((member) => saturated(result, member));
    const of = (trial: TrialResult): number | undefined => p99(trial, workload);
    // Against itself: whether there is a figure to begin with, and which.
    const before = overloaded(base) ? null : changeOf(base, base, of);
    const tail = overloaded(variant)
      ? before && { ...before, change: null }
      : before && changeOf(base, variant, of);
    const rate = changeOf(base, variant, (trial) => throughput(trial, workload));
    return [
      ...(tail === null ? [] : [{ workload, metric: 'p99' as const, ...tail }]),
      ...(rate === null ? [] : [{ workload, metric: 'throughput' as const, ...rate }]),
    ];
  });
  const most = changeOf(base, variant, capacity);
  return {
    lever,
    factor,
    changes: [...changes, ...(most === null ? [] : [{ workload: '', metric: 'capacity' as const, ...most }])],
  };
};
