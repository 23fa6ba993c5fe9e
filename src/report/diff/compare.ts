/**
 * Two runs of the same scenario side by side, replication by replication: which figures differ, by how much, and how sure that is. Where
 * both have the same seed, what their random numbers do alike cancels.
 */
import { differs, pairedDifference, ratioOfMeans } from '../../experiment/statistics/paired.ts';
import type { TrialRow } from '../rows.ts';
import { groupBy, pointKey } from '../select.ts';

/** One figure in both runs. */
export interface Compared {
  readonly row: TrialRow;
  readonly before: number;
  readonly after: number;
  /** after / before − 1, with its 95 % interval; Infinity where there was nothing before. */
  readonly change: number;
  readonly low: number;
  readonly high: number;
  /** The interval of the difference leaves out zero. */
  readonly sure: boolean;
}

/** What a figure is, whichever run it is of. */
const figureKey = (row: TrialRow): string =>
  JSON.stringify([
    row.datapath,
    pointKey(row.swept),
    row.vm,
    row.workload,
    row.metric,
    row.component,
    row.statistic,
  ]);

/** What a point on a datapath is. */
export const placeKey = ({ datapath, swept }: TrialRow): string =>
  JSON.stringify([datapath, pointKey(swept)]);

const byReplication = (rows: readonly TrialRow[]): Map<number, number> =>
  new Map(rows.flatMap(({ replication, value }) => (value === null ? [] : [[replication, value] as const])));

const mean = (values: readonly number[]): number =>
  values.reduce((sum, each) => sum + each, 0) / values.length;

const compared = (before: readonly TrialRow[], after: readonly TrialRow[]): Compared | null => {
  const [earlier, later] = [byReplication(before), byReplication(after)];
  const both = [...earlier.keys()].filter((each) => later.has(each)).sort((a, b) => a - b);
  if (both.length === 0) return null;
  const a = both.map((each) => earlier.get(each) as number);
  const b = both.map((each) => later.get(each) as number);
  const difference = pairedDifference(b, a);
  const same = difference.low === 0 && difference.high === 0;
  // Exact counts do not vary: any difference of theirs is sure.
  const sure = differs(difference);
  const figure = { row: after[0], before: mean(a), after: mean(b), sure };
  if (same) return { ...figure, change: 0, low: 0, high: 0 };
  if (mean(a) === 0)
    return { ...figure, change: Number.POSITIVE_INFINITY, low: 0, high: Number.POSITIVE_INFINITY };
  const { ratio, low, high } = ratioOfMeans(b, a);
  return { ...figure, change: ratio - 1, low: low - 1, high: high - 1 };
};

export interface Comparison {
  /** Figures that both have. */
  readonly figures: readonly Compared[];
  /** Points on datapaths that one of them has alone: `datapath, path value`. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
}

export const placeText = ({ datapath, swept }: Pick<TrialRow, 'datapath' | 'swept'>): string =>
  [datapath, ...Object.entries(swept).map(([path, value]) => `${path} ${value}`)].join(', ');

const placesOf = (rows: readonly TrialRow[]): Map<string, string> =>
  new Map(rows.map((row) => [placeKey(row), placeText(row)]));

export const compare = (before: readonly TrialRow[], after: readonly TrialRow[]): Comparison => {
  const earlier = groupBy(before, figureKey);
  const later = groupBy(after, figureKey);
  const figures = [...later].flatMap(([key, rows]) => {
    const counterpart = earlier.get(key);
    const figure = counterpart === undefined ? null : compared(counterpart, rows);
    return figure === null ? [] : [figure];
  });
  const [places, others] = [placesOf(before), placesOf(after)];
  const only = (mine: Map<string, string>, theirs: Map<string, string>): string[] =>
    [...mine].filter(([key]) => !theirs.has(key)).map(([, text]) => text);
  return { figures, onlyBefore: only(places, others), onlyAfter: only(others, places) };
};
