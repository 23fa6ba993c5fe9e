/** Answers from a sweep, in words. */
import type { Holds } from '../experiment/answers/holds.ts';
import type { Knee } from '../experiment/answers/knees.ts';
import type { Interval } from '../experiment/statistics/interval.ts';
import { folded } from './bare-table.ts';
import { measured, sweptLabel } from './format.ts';

const WIDTH = 100;

const named = ({ datapath, labels }: Pick<Holds, 'datapath' | 'labels'>, alone: boolean): string => {
  const at = Object.entries(labels).map(([path, value]) =>
    path === 'case' ? value : `${lastOf(path)} ${value}`,
  );
  return (alone && at.length > 0 ? at : [datapath, ...at]).join(', ');
};

const lastOf = (path: string): string => path.split('.').slice(-2).join('.');

/** @param alone there is one datapath, which need not be named */
export const holdsText = (
  holds: Holds,
  objectives: readonly string[],
  over: string,
  alone: boolean,
): string => {
  const { upTo, next } = holds;
  const what = objectives.join(' and ');
  const values = (text: string): string => `${lastOf(over)} ${sweptLabel(text)}`;
  const first =
    upTo === null
      ? `${named(holds, alone)}: ${what} does not hold`
      : `${named(holds, alone)}: ${what} holds up to ${values(upTo)}`;
  if (next === null) return `${first}, the last that was asked about`;
  const { value, decision, requirement, saturated } = next;
  const why =
    saturated !== null
      ? `saturates (${saturated})`
      : decision === 'close'
        ? `cannot be told from its limit (${requirement})`
        : `is beyond it (${requirement})`;
  return `${first}${upTo === null ? `: ${values(value)} ${why}` : `; ${values(value)} ${why}`}`;
};

export interface KneeWords {
  readonly over: string;
  /** What falls and what it is paid with, as the scenario calls them, and their units. */
  readonly metric: string;
  readonly metricUnit: string;
  readonly price: string;
  readonly priceUnit: string;
}

const figure = (found: Interval | null, unit: string): string =>
  found === null ? 'unknown' : measured(found.mean, found.low, found.high, unit);

export const kneeText = (knee: Knee, words: KneeWords, alone: boolean): string => {
  const { over, metric, metricUnit, price, priceUnit } = words;
  if (knee.at === null) return `${named(knee, alone)}: ${metric} has no knee over ${lastOf(over)}`;
  const { value, least, most, saved, figures, prices } = knee.at;
  const range =
    least === most ? 'in every replication' : `${sweptLabel(least)} to ${sweptLabel(most)} by replication`;
  return `${named(knee, alone)}: the knee is at ${lastOf(over)} ${sweptLabel(value)} (${range}). It saves ${Math.round(saved * 100)} % of the ${metric} that the greatest value saves (${figure(figures[0], metricUnit)} → ${figure(figures[1], metricUnit)} → ${figure(figures[2], metricUnit)}), with ${price} of ${figure(prices[1], priceUnit)} instead of ${figure(prices[0], priceUnit)} first and ${figure(prices[2], priceUnit)} last`;
};

export const answersText = (question: string, sentences: readonly string[]): string =>
  [
    question,
    ...sentences.map((sentence) => `  ${folded(sentence, WIDTH - 2, 4).replaceAll('\n', '\n  ')}`),
  ].join('\n');
