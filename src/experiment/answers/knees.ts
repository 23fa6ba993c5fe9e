/** The knee of a metric over a sweep, replication by replication, and what it is paid with. */
import { splitMetric } from '../../scenario/metrics.ts';
import type { Measured } from '../measured.ts';
import { type Interval, interval } from '../statistics/interval.ts';
import type { Series } from './groups.ts';
import { kneeOf } from './knee.ts';

export interface Knee {
  readonly datapath: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Null where the curve has none. */
  readonly at: {
    readonly value: string;
    /** Among replications, each with a curve of its own. */
    readonly least: string;
    readonly most: string;
    /** Of what the last value saves against the first, the share that the knee saves. */
    readonly saved: number;
    readonly figures: readonly [first: Interval, knee: Interval, last: Interval];
    readonly prices: readonly [first: Interval | null, knee: Interval | null, last: Interval | null];
  } | null;
}

/** Of the workload, or else of the machine. */
const figureOf = (
  rows: readonly Measured[],
  name: string,
  workload: string | undefined,
): number | undefined => {
  const split = splitMetric(name);
  const mine = rows.filter(
    (row) => row.metric === split?.metric.name && row.statistic === split.statistic && row.component === '',
  );
  const own = mine.find((row) => row.workload !== '' && row.workload === workload);
  return (own ?? mine.find((row) => row.workload === '' && row.vm === ''))?.value;
};

/** By replication; null where one has no such figure. */
const valuesAt = (
  { result }: Series['points'][number],
  name: string,
  workload: string | undefined,
): number[] | null => {
  const values = result.trials.map(({ measured }) => figureOf(measured, name, workload));
  return values.some((value) => value === undefined) ? null : (values as number[]);
};

const saturated = ({ result: { verdicts } }: Series['points'][number]): boolean =>
  [...verdicts.values()].some(({ verdict }) => verdict === 'saturated');

/** @param numberOf reads a swept value */
export const kneeIn = (
  { datapath, labels, points }: Series,
  { metric, price, workload }: { metric: string; price: string; workload?: string | undefined },
  numberOf: (value: string) => number,
): Knee => {
  // A saturated point belongs to no steady curve.
  const steady = points.filter((point) => !saturated(point));
  const curves = steady.map((point) => valuesAt(point, metric, workload));
  const replications = Math.min(...curves.map((values) => values?.length ?? 0));
  const at = (figure: (values: readonly number[]) => number): number | null =>
    kneeOf(steady.map(({ value }, i) => ({ x: numberOf(value), y: figure(curves[i] as number[]) })));
  if (steady.length < 3 || replications === 0) return { datapath, labels, at: null };
  const knee = at((values) => interval(values).mean);
  if (knee === null) return { datapath, labels, at: null };
  const each = Array.from({ length: replications }, (_, r) => at((values) => values[r]) ?? knee);
  const last = steady.length - 1;
  const figures = [0, knee, last].map((i) => interval(curves[i] as number[])) as [
    Interval,
    Interval,
    Interval,
  ];
  const prices = [0, knee, last].map((i) => {
    const values = valuesAt(steady[i], price, workload);
    return values === null ? null : interval(values);
  }) as [Interval | null, Interval | null, Interval | null];
  return {
    datapath,
    labels,
    at: {
      value: steady[knee].value,
      least: steady[Math.min(...each)].value,
      most: steady[Math.max(...each)].value,
      saved: (figures[0].mean - figures[1].mean) / (figures[0].mean - figures[2].mean),
      figures,
      prices,
    },
  };
};
