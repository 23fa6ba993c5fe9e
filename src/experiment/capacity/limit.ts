/** What keeps a capacity from being larger: read off the nearest value that no longer holds. */
import { inNanoseconds, type Picoseconds } from '../../units.ts';
import { loadName, meanLoads } from '../bottleneck.ts';
import type { PointResult } from '../run-point.ts';
import { interval } from '../statistics/interval.ts';
import type { Probe } from './probe.ts';

export interface Limit {
  /** The requirement that is furthest beyond what is allowed. */
  readonly requirement: string;
  /** Its figure as a share of what is allowed. */
  readonly margin: number;
  /** What overflows; null in a steady state. */
  readonly saturated: string | null;
  /** What overflows, or the busiest core or shared device, with its main user; and its share of time. */
  readonly resource: string;
  readonly busy: number;
  /** The longest wait of a request, ns on average; null where none waits. */
  readonly wait: { readonly stage: string; readonly workload: string; readonly mean: number } | null;
}

/** @param owner workload of the requirement; '' for all */
const longestWait = ({ trials }: PointResult, owner: string): Limit['wait'] => {
  const sums = new Map<string, { stage: string; workload: string; mean: number }>();
  for (const { stages } of trials) {
    for (const { workload, stage, kind, mean } of stages) {
      if (kind !== 'waiting' || (owner !== '' && workload !== owner)) continue;
      const key = `${workload}\u0000${stage}`;
      const before = sums.get(key)?.mean ?? 0;
      sums.set(key, { stage, workload, mean: before + inNanoseconds(mean as Picoseconds) / trials.length });
    }
  }
  const waits = [...sums.values()];
  return waits.length === 0 ? null : waits.reduce((a, b) => (b.mean > a.mean ? b : a));
};

export const limitOf = (result: PointResult, { findings, saturated }: Probe): Limit => {
  const margins = findings.map(({ margins: all, ...finding }) => ({
    ...finding,
    margin: interval(all).mean,
  }));
  const { requirement, owner, margin } = margins.reduce((a, b) => (b.margin > a.margin ? b : a));
  const loads = meanLoads(result.trials).map((load) => ({ name: loadName(load), busy: load.busy }));
  const most = loads.reduce((a, b) => (b.busy > a.busy ? b : a));
  const { name, busy } = loads.find((load) => load.name === saturated) ?? most;
  const pool = Object.entries(result.point.copies.workloads).find(([, members]) => members.includes(owner));
  return {
    requirement,
    margin,
    saturated,
    resource: name,
    busy,
    wait: longestWait(result, pool?.[0] ?? owner),
  };
};
