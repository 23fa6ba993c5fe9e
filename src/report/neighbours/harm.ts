/** Who hurts whom most, in words. */
import type { Beside, Cell, Sufferer } from '../../experiment/neighbours/interference.ts';
import type { Interval } from '../../experiment/statistics/interval.ts';
import { measured, plain } from '../format.ts';
import { isSaturated, isUnbound } from '../verdict.ts';
import { nameOf } from './matrix.ts';

/** Smaller changes of a p99 are not worth a line. */
const NOTABLE = 0.01;

/** Length of a difference, with its interval. */
export const sizeOf = ({ mean, halfWidth }: Interval): string => {
  const size = Math.abs(mean);
  return measured(size, size - halfWidth, size + halfWidth, 'ns');
};

export const isNotable = ({ added }: Beside): boolean =>
  added?.sure === true && Math.abs(added.factor - 1) >= NOTABLE;

interface Line {
  readonly text: string;
  /** Gravest first. */
  readonly weight: number;
}

const changeLine = (sufferer: Sufferer, { others, added }: Beside): Line[] => {
  if (added === null) return [];
  const { difference, factor } = added;
  const whose = `the p99 of ${nameOf(sufferer)} (× ${plain(factor)})`;
  const text =
    difference.mean > 0
      ? `${others[0]} adds ${sizeOf(difference)} to ${whose}`
      : `${others[0]} takes ${sizeOf(difference)} off ${whose}`;
  return [{ text, weight: factor }];
};

/** Why a workload has no p99 alone. */
const whyNot = ({ verdict }: Cell): string => {
  if (verdict === '') return 'was not simulated alone';
  if (isUnbound(verdict)) return 'has no network';
  return isSaturated(verdict)
    ? 'saturates even alone'
    : 'has too few requests alone for a p99: raise run.measure';
};

/** The neighbour that adds most and the one that takes most off, or who saturates it. */
const linesOf = (sufferer: Sufferer): Line[] => {
  const name = nameOf(sufferer);
  const { alone, besideOne, besideAll } = sufferer;
  if (alone.p99 === null) return [{ text: `${name} ${whyNot(alone)}`, weight: 0 }];
  const saturating = besideOne.filter(({ cell }) => isSaturated(cell.verdict));
  const notable = besideOne.filter(isNotable);
  const by = (beside: Beside): number => beside.added?.difference.mean ?? 0;
  const [worst] = notable.filter((each) => by(each) > 0).sort((a, b) => by(b) - by(a));
  const [best] = notable.filter((each) => by(each) < 0).sort((a, b) => by(a) - by(b));
  const lines = [
    ...saturating.map(({ others }) => ({
      text: `${others[0]} saturates ${name}`,
      weight: Number.POSITIVE_INFINITY,
    })),
    ...(worst === undefined ? [] : changeLine(sufferer, worst)),
    ...(best === undefined ? [] : changeLine(sufferer, best)),
  ];
  if (saturating.length === 0 && isSaturated(besideAll.cell.verdict))
    lines.push({ text: `only all others together saturate ${name}`, weight: Number.POSITIVE_INFINITY });
  if (lines.length > 0) return lines;
  const who = besideOne.some(({ added }) => added === null)
    ? 'no neighbour beside which it is known'
    : 'no neighbour';
  return [{ text: `${who} is seen to change the p99 of ${name} by 1 % or more`, weight: 0 }];
};

/** A line each, gravest first. */
export const harmLines = (sufferers: readonly Sufferer[]): string[] =>
  sufferers
    .flatMap(linesOf)
    .sort((a, b) => (a.weight === b.weight ? 0 : b.weight - a.weight))
    .map(({ text }) => text);
