/** What a figure is on the plausible machines, by datapath, and how often a decision comes out there. */
import type { DatapathAnswer, Sensitivity } from '../../experiment/sensitivity/sensitivity.ts';
import type { Share } from '../../experiment/statistics/wilson.ts';
import { bareTable, type Column } from '../bare-table.ts';
import { plain, quantity } from '../format.ts';

/** In the unit of a figure; null is a share. */
export const amount = (value: number | null, unit: string | null): string => {
  if (value === null) return '-';
  if (!Number.isFinite(value)) return 'saturated';
  return unit === null ? `${plain(value * 100)} %` : quantity(value, unit);
};

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** `64 of 64 (94 % to 100 %)`: machines, and Wilson's interval. */
export const shareText = (share: Share | null, noun = ''): string => {
  if (share === null) return '-';
  const { count, of, low, high } = share;
  return `${count} of ${of}${noun} (${percent(low)} to ${percent(high)})`;
};

const HEADS = { objective: 'held on', best: '', order: '' } as const;

/** The word of the decision: `lowest on`. */
const shareHead = ({ decision: { kind, text } }: Sensitivity): string =>
  kind === 'best' ? `${text.split(' ')[0]} on` : HEADS[kind];

const columnsOf = (sensitivity: Sensitivity): Column[] => [
  { head: 'datapath', width: 18, align: 'left' },
  { head: 'as written', width: 14, align: 'right' },
  { head: 'median', width: 14, align: 'right' },
  { head: '5 % to 95 % of machines', width: 28, align: 'right' },
  { head: shareHead(sensitivity), width: 28, align: 'left' },
];

const middle = ({ spread: { p5, p95 } }: DatapathAnswer, unit: string | null): string => {
  const [low, high] = [amount(p5, unit), amount(p95, unit)];
  return low === high ? low : `${low} to ${high}`;
};

export const spreadTable = (sensitivity: Sensitivity): string => {
  const { datapaths, unit, decision } = sensitivity;
  const lines = datapaths.map((answer) => [
    answer.datapath,
    amount(answer.spread.asWritten, unit),
    amount(answer.spread.median, unit),
    middle(answer, unit),
    decision.kind === 'order' ? '' : shareText(answer.share),
  ]);
  return bareTable(columnsOf(sensitivity), lines);
};
