/** What the presence of others does to the p99 of a workload. */
import type { PointResult } from '../run-point.ts';
import { type Interval, interval } from '../statistics/interval.ts';
import { differs, pairedDifference } from '../statistics/paired.ts';
import { verdictOf } from '../summarise.ts';

/** p99 of a workload in one company, ns. */
export interface Cell {
  /** null where there is none: the point saturated, requests were too few, or it was not simulated. */
  readonly p99: Interval | null;
  /** As of a summary row; '' where the point was not simulated. */
  readonly verdict: string;
}

/** What others add to the p99 that a workload has alone. */
export interface Added {
  /** ns; replications are paired: both sides have the same arrivals. */
  readonly difference: Interval;
  /** p99 beside them / p99 alone, of the means. */
  readonly factor: number;
  /** The interval leaves out zero. */
  readonly sure: boolean;
}

/** A workload beside others. */
export interface Beside {
  /** Who is there besides. */
  readonly others: readonly string[];
  readonly cell: Cell;
  readonly added: Added | null;
}

/** One row of the matrix: who suffers. */
export interface Sufferer {
  readonly vm: string;
  readonly workload: string;
  readonly alone: Cell;
  /** Beside each other tenant by itself, in file order. */
  readonly besideOne: readonly Beside[];
  readonly besideAll: Beside;
}

/** One figure of a workload by replication; null where a trial has none. */
export const byReplication = (
  { trials }: PointResult,
  workload: string,
  metric: string,
  statistic: string,
): (number | null)[] =>
  trials.map(({ measured }) => {
    const row = measured.find(
      (each) =>
        each.workload === workload &&
        each.metric === metric &&
        each.statistic === statistic &&
        each.component === '',
    );
    return row?.value ?? null;
  });

/** p99 by replication; null where there is no steady state to take it from, or a trial had too few requests. */
const steadyP99 = (result: PointResult, workload: string): number[] | null => {
  const { vm } = result.point.scenario.workloads[workload];
  if (/^(saturated|unbound)/.test(verdictOf(result, { vm, workload }))) return null;
  const values = byReplication(result, workload, 'latency', 'p99');
  return values.every((value) => value !== null) && values.length > 0 ? values : null;
};

export const cellOf = (result: PointResult | undefined, workload: string): Cell => {
  if (result === undefined) return { p99: null, verdict: '' };
  const { vm } = result.point.scenario.workloads[workload];
  const values = steadyP99(result, workload);
  return { p99: values && interval(values), verdict: verdictOf(result, { vm, workload }) };
};

/** null where one of the two has no p99, or they have fewer than two replications in common. */
export const addedTo = (
  alone: PointResult | undefined,
  beside: PointResult | undefined,
  workload: string,
): Added | null => {
  if (alone === undefined || beside === undefined) return null;
  const [before, after] = [steadyP99(alone, workload), steadyP99(beside, workload)];
  if (before === null || after === null) return null;
  // A precision may ask for more replications of one than of the other.
  const pairs = Math.min(before.length, after.length);
  if (pairs < 2) return null;
  const [a, b] = [after.slice(0, pairs), before.slice(0, pairs)];
  const difference = pairedDifference(a, b);
  return { difference, factor: interval(a).mean / interval(b).mean, sure: differs(difference) };
};
