/** From one datapath to another: differences that add up to the difference of the whole. */
import { mean } from 'simple-statistics';
import type { PointResult } from '../run-point.ts';
import { pairedDifference } from '../statistics/paired.ts';
import { payments } from './payers.ts';
import { slowest } from './tail.ts';

export interface Bar {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Its paired interval; null where requests of all replications are put together, as in the tail. */
  readonly low: number | null;
  readonly high: number | null;
}

export interface Waterfall {
  /** Sums of the bars' `from` and `to`. */
  readonly from: number;
  readonly to: number;
  /** The largest difference first. */
  readonly bars: readonly Bar[];
}

/** The differences of the bars add up to `to` − `from`, since each is the sum of its parts. */
const waterfall = (bars: readonly Bar[]): Waterfall => ({
  from: bars.reduce((sum, { from }) => sum + from, 0),
  to: bars.reduce((sum, { to }) => sum + to, 0),
  bars: bars
    .filter(({ from, to }) => from !== 0 || to !== 0)
    .sort((a, b) => Math.abs(b.to - b.from) - Math.abs(a.to - a.from)),
});

const bar = (name: string, from: readonly number[], to: readonly number[]): Bar => {
  const pairs = Math.min(from.length, to.length);
  const [a, b] = [from.slice(0, pairs), to.slice(0, pairs)];
  const { low, high } = pairedDifference(b, a);
  return { name, from: mean(a), to: mean(b), low, high };
};

/** Time per request in each stage, ps, by replication. */
const stageMeans = ({ trials }: PointResult, workload: string): Map<string, number[]> => {
  const found = new Map<string, number[]>();
  trials.forEach(({ stages }, trial) => {
    for (const each of stages) {
      if (each.workload !== workload) continue;
      const values = found.get(each.stage) ?? trials.map(() => 0);
      values[trial] = each.mean;
      found.set(each.stage, values);
    }
  });
  return found;
};

const joined = (
  a: ReadonlyMap<string, number[]>,
  b: ReadonlyMap<string, number[]>,
  lengths: readonly [number, number],
): Bar[] =>
  [...new Set([...a.keys(), ...b.keys()])].map((name) =>
    bar(
      name,
      a.get(name) ?? Array<number>(lengths[0]).fill(0),
      b.get(name) ?? Array<number>(lengths[1]).fill(0),
    ),
  );

/** Of the mean latency of a workload, by stage, ps. */
export const meanWaterfall = (from: PointResult, to: PointResult, workload: string): Waterfall =>
  waterfall(
    joined(stageMeans(from, workload), stageMeans(to, workload), [from.trials.length, to.trials.length]),
  );

/** Of the mean latency of the slowest requests of a workload, by stage, ps. */
export const tailWaterfall = (from: PointResult, to: PointResult, workload: string): Waterfall => {
  const tails = [from, to].map((result) => {
    const requests = slowest(result, workload);
    const sums = new Map<string, number>();
    for (const { stages } of requests) {
      for (const [stage, time] of stages) sums.set(stage, (sums.get(stage) ?? 0) + time / requests.length);
    }
    return sums;
  });
  const names = [...new Set(tails.flatMap((sums) => [...sums.keys()]))];
  return waterfall(
    names.map((name) => ({
      name,
      from: tails[0].get(name) ?? 0,
      to: tails[1].get(name) ?? 0,
      low: null,
      high: null,
    })),
  );
};

/** Of the cycles per request, by payer. */
export const cycleWaterfall = (from: PointResult, to: PointResult): Waterfall => {
  const byPayer = (result: PointResult): Map<string, number[]> => {
    const sums = new Map<string, number[]>();
    for (const { payer, values } of payments(result)) {
      const before = sums.get(payer) ?? values.map(() => 0);
      sums.set(
        payer,
        values.map((value, i) => value + before[i]),
      );
    }
    return sums;
  };
  return waterfall(joined(byPayer(from), byPayer(to), [from.trials.length, to.trials.length]));
};
