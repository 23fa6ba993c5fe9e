/** How often a decision comes out which way on the plausible machines. */
import type { Decision } from '../../scenario/decision.ts';
import { type Share, wilson } from '../statistics/wilson.ts';
import type { Reading } from './reading.ts';

/** What a figure is on the plausible machines. */
export interface Spread {
  /** As the scenario says, without any range; Infinity: no steady state; null: no such figure. */
  readonly asWritten: number | null;
  /** Of the machines, by rank: Infinity where there is no steady state. Null without any machine. */
  readonly p5: number | null;
  readonly median: number | null;
  readonly p95: number | null;
}

/** By machine; null where its trial failed or shows no such figure. */
export type Readings = ReadonlyMap<string, readonly (Reading | null)[]>;

const figureOf = (reading: Reading | null): number | null => reading?.value ?? null;

/** The least of `sorted` that `share` of them do not exceed. */
const ranked = (sorted: readonly number[], share: number): number | null =>
  sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];

export const spreadOf = (asWritten: Reading, machines: readonly (Reading | null)[]): Spread => {
  const sorted = machines.flatMap((reading) => figureOf(reading) ?? []).sort((a, b) => a - b);
  const [p5, median, p95] = [0.05, 0.5, 0.95].map((share) => ranked(sorted, share));
  return { asWritten: asWritten.value, p5, median, p95 };
};

const share = (cases: readonly boolean[]): Share | null =>
  cases.length === 0 ? null : wilson(cases.filter(Boolean).length, cases.length);

/** The values of one machine, by datapath; null where any of them is missing. */
const together = (datapaths: readonly string[], readings: Readings): number[][] => {
  const columns = datapaths.map((datapath) => readings.get(datapath) ?? []);
  return columns[0].flatMap((_, machine) => {
    const values = columns.map((column) => figureOf(column[machine]));
    return values.includes(null) ? [] : [values as number[]];
  });
};

const holds = ({ subject }: Extract<Decision, { kind: 'objective' }>, { value, saturated }: Reading) =>
  !saturated && value !== null && (subject.below ? value <= subject.limit : value >= subject.limit);

/** On which share of the machines each datapath holds an objective, or is the best of all; ties have no best. */
export const sharesOf = (
  decision: Exclude<Decision, { kind: 'order' }>,
  readings: Readings,
): ReadonlyMap<string, Share | null> => {
  const datapaths = [...readings.keys()];
  if (decision.kind === 'objective') {
    return new Map(
      datapaths.map((datapath) => {
        const known = (readings.get(datapath) ?? []).filter((each) => each !== null && each.value !== null);
        return [datapath, share(known.map((each) => holds(decision, each as Reading)))];
      }),
    );
  }
  const sign = decision.wanted === 'lowest' ? 1 : -1;
  const machines = together(datapaths, readings);
  return new Map(
    datapaths.map((datapath, own) => [
      datapath,
      share(
        machines.map((values) => values.every((value, i) => i === own || sign * values[own] < sign * value)),
      ),
    ]),
  );
};

/** On which share of the machines the figures rise from each datapath to the next. */
export const orderShare = (datapaths: readonly string[], readings: Readings): Share | null =>
  share(
    together(datapaths, readings).map((values) =>
      values.every((value, i) => i === 0 || values[i - 1] < value),
    ),
  );

const countOf = (found: Share | null | undefined): number => found?.count ?? 0;

/** The two whose difference decides: those that are best most often, or those of an order that keep it most seldom; null with an objective. */
export const rivals = (decision: Decision, readings: Readings): readonly [string, string] | null => {
  if (decision.kind === 'objective') return null;
  if (decision.kind === 'order') {
    const pairs = decision.datapaths.slice(1).map((name, i) => [decision.datapaths[i], name] as const);
    const counts = pairs.map((pair) => countOf(orderShare(pair, readings)));
    return pairs[counts.indexOf(Math.min(...counts))];
  }
  const sign = decision.wanted === 'lowest' ? 1 : -1;
  const shares = sharesOf(decision, readings);
  const middle = (name: string): number => {
    const { median } = spreadOf({ value: null, saturated: false }, readings.get(name) ?? []);
    return median ?? sign * Number.POSITIVE_INFINITY;
  };
  // Of equals the better median, and the order of the scenario.
  const better = (a: string, b: string): number =>
    countOf(shares.get(b)) - countOf(shares.get(a)) ||
    (middle(a) === middle(b) ? 0 : sign * (middle(a) - middle(b)));
  const [best, second] = [...readings.keys()].sort(better);
  return second === undefined ? null : [best, second];
};
