/** How evenly tenants lose throughput to each other. */
import type { PointResult } from '../run-point.ts';
import { type Interval, interval } from '../statistics/interval.ts';
import { byReplication } from './interference.ts';
import { jainIndex } from './jain.ts';

export interface Fairness {
  /** By tenant: requests carried with all there / carried alone, the mean of its workloads' ratios. */
  readonly normalised: ReadonlyMap<string, Interval>;
  /** Jain's index of these, taken in each replication. */
  readonly jain: Interval;
}

interface Sides {
  readonly alone: PointResult;
  readonly all: PointResult;
}

/** In one replication; null where a workload carried nothing even alone. */
const normalisedIn = ({ alone, all }: Sides, replication: number): number | null => {
  const ratios = Object.keys(alone.point.scenario.workloads).map((workload) => {
    const [before, after] = [alone, all].map(
      (result) => byReplication(result, workload, 'throughput.requests', 'rate')[replication],
    );
    return before === null || after === null || before === 0 ? null : after / before;
  });
  return ratios.every((ratio) => ratio !== null)
    ? ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length
    : null;
};

/**
 * Throughput is normalised by what each carries alone, so that tenants of different kinds can be compared, and saturated points count: what
 * they carry is known. null where a result is missing, or some workload carries nothing alone.
 */
export const fairnessOf = (
  tenants: readonly string[],
  aloneOf: (tenant: string) => PointResult | undefined,
  all: PointResult | undefined,
): Fairness | null => {
  const sides = tenants.flatMap((tenant) => {
    const alone = aloneOf(tenant);
    return alone === undefined || all === undefined ? [] : [{ alone, all }];
  });
  if (sides.length < tenants.length || all === undefined) return null;
  const replications = Math.min(all.trials.length, ...sides.map(({ alone }) => alone.trials.length));
  const shares = Array.from({ length: replications }, (_, i) => sides.map((side) => normalisedIn(side, i)));
  const known = shares.filter((row): row is number[] => row.every((share) => share !== null));
  if (known.length < replications || replications === 0) return null;
  const normalised = tenants.map((tenant, i) => [tenant, interval(known.map((row) => row[i]))] as const);
  return { normalised: new Map(normalised), jain: interval(known.map(jainIndex)) };
};
