/**
 * The price of isolation: what it takes to give each tenant cores of its own, as many as it runs on when it is alone, instead of those that
 * all run on together. What it would buy is the p99 that each has alone. That is a bound: alone a tenant has NIC, disk and the core of the
 * host's interrupts to itself as well.
 */
import type { Spending } from '../../accounting/ledger.ts';
import { BACKGROUND_WORK } from '../../accounting/unpriced.ts';
import { threadOf } from '../measure-machine.ts';
import type { PointResult } from '../run-point.ts';
import { type Interval, interval } from '../statistics/interval.ts';
import { pairedDifference } from '../statistics/paired.ts';

/** In cores; of CPU, work and polling of the whole machine without background load. */
export interface Isolation {
  /** Cores that the threads of all tenants run on together. */
  readonly coresShared: number;
  /** Sum of the cores that each runs on alone. */
  readonly coresOwn: number;
  readonly cpuShared: Interval;
  /** Sum over tenants of what each uses alone. */
  readonly cpuOwn: Interval;
  /** cpuOwn − cpuShared, paired by replication. */
  readonly cpuDifference: Interval;
}

/** The host's own contexts: a core that takes interrupts is nobody's. */
const OF_HOST = /^core\d+ (softirq|irq|ksoftirqd)$/;

const spent = ({ cost }: Spending): boolean => cost !== BACKGROUND_WORK;

/** Cores that threads ran on in any replication, but no more than there are threads: one that moves about needs one core. */
export const coresOf = ({ trials }: PointResult): number => {
  const lines = trials.flatMap(({ spending }) => spending.filter(spent));
  const own = lines.filter(({ payer, busy }) => busy > 0 && !OF_HOST.test(payer));
  const cores = new Set(own.map(({ core }) => core));
  const threads = new Set(own.map(({ payer }) => threadOf(payer)));
  return Math.min(cores.size, threads.size);
};

/** By replication. */
const cpuOf = ({ trials, point }: PointResult): number[] =>
  trials.map(
    ({ spending }) =>
      spending.filter(spent).reduce((sum, { busy }) => sum + busy, 0) / point.scenario.run.measure,
  );

/** null where a result is missing. */
export const isolationOf = (
  alone: readonly (PointResult | undefined)[],
  all: PointResult | undefined,
): Isolation | null => {
  const each = alone.filter((result) => result !== undefined);
  if (each.length < alone.length || all === undefined) return null;
  const pairs = Math.min(...[all, ...each].map(({ trials }) => trials.length));
  const shared = cpuOf(all).slice(0, pairs);
  const own = each.map(cpuOf);
  const sums = shared.map((_, i) => own.reduce((sum, values) => sum + values[i], 0));
  return {
    coresShared: coresOf(all),
    coresOwn: each.reduce((sum, result) => sum + coresOf(result), 0),
    cpuShared: interval(shared),
    cpuOwn: interval(sums),
    cpuDifference: pairedDifference(sums, shared),
  };
};
