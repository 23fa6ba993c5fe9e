/** Which costs move a figure most, with where each figure of them comes from. */
import type { UncertainCost } from '../../experiment/sensitivity/plausible.ts';
import type { CostEffect, Ranking } from '../../experiment/sensitivity/sensitivity.ts';
import { across, bareTable, type Cell, type Column } from '../bare-table.ts';
import { measured, plain } from '../format.ts';
import { amount } from './spread-table.ts';

/** Columns of the source; with the others a line has 110. */
const SOURCE = 26;
const COLUMNS: readonly Column[] = [
  { head: 'cost', width: 23, align: 'left' },
  { head: 'range', width: 23, align: 'right' },
  { head: 'kind', width: 11, align: 'left' },
  { head: 'moves it by', width: 19, align: 'right' },
  { head: 'sigma', width: 10, align: 'right' },
  { head: 'source', width: SOURCE + 1, align: 'left' },
];

export const rangeText = ({ low, high, unit }: UncertainCost): string =>
  `${plain(low)} to ${plain(high)} ${unit}`;

/** A spread below this share of the effect is rounding to picoseconds. */
const ROUNDING = 1e-4;

/** Mean size of the effect over the range, with its interval over trajectories. */
export const effectText = ({ muStar }: CostEffect, unit: string | null): string => {
  const { mean, low, high, halfWidth, replications } = muStar;
  const scale = unit === null ? 100 : 1;
  const ends = halfWidth < ROUNDING * mean ? [null, null] : [low * scale, high * scale];
  const text = measured(mean * scale, ends[0], ends[1], unit ?? '%');
  return replications > 1 ? text : `${text} (once)`;
};

const sigmaText = ({ sigma, muStar: { mean } }: CostEffect, unit: string | null): string =>
  amount(sigma < ROUNDING * mean ? 0 : sigma, unit);

/** The first clause, without the kind that some sources repeat. */
const shortened = (source: string): string => {
  const clean = source.replace(/^(assumed|measured|published): /, '');
  return clean.length <= SOURCE ? clean : `${clean.slice(0, SOURCE - 1).trimEnd()}…`;
};

/** `vhost-net`, or `vhost-net − sriov`. */
export const nameOf = ({ datapaths }: Ranking): string => datapaths.join(' − ');

const headOf = (ranking: Ranking): string => {
  const { leftOut } = ranking;
  const without = leftOut === 0 ? '' : ` (${Math.round(leftOut * 100)} % of the steps without a figure)`;
  return `${nameOf(ranking)}${without}`;
};

const lineOf = (effect: CostEffect, unit: string | null): Cell[] => {
  const { of } = effect;
  return [
    `  ${of.cost}`,
    rangeText(of),
    of.kind,
    effectText(effect, unit),
    sigmaText(effect, unit),
    shortened(of.source),
  ];
};

/** @param most rows of each ranking */
export const rankingTable = (rankings: readonly Ranking[], unit: string | null, most: number): string =>
  bareTable(
    COLUMNS,
    rankings.flatMap((ranking) => [
      across(COLUMNS, headOf(ranking)),
      ...(ranking.effects.length === 0
        ? [across(COLUMNS, '  no cost is seen to move it')]
        : ranking.effects.slice(0, most).map((effect) => lineOf(effect, unit))),
    ]),
  );
