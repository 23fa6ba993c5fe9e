/** What `vmio validate` found, for a terminal: case by case, each figure beside its reference and the simpler model. */
import { styleText } from 'node:util';
import type { ValidationRow } from '../validation/rows.ts';
import { across, bareTable, type Cell, type Column, folded, totalWidth } from './bare-table.ts';
import { measured } from './format.ts';
import { groupBy } from './select.ts';

const COLUMNS: readonly Column[] = [
  { head: 'figure', width: 37, align: 'left' },
  { head: 'simulated', width: 18, align: 'right' },
  { head: 'reference', width: 13, align: 'right' },
  { head: 'error', width: 10, align: 'right' },
  { head: 'without it', width: 12, align: 'right' },
  { head: 'error', width: 10, align: 'right' },
];
const NONE = '–';
const LEGEND =
  'without it: what a model without the mechanism says. structural counts are the same in every repeat; timed ones depend on the speed of the counted guest, which was emulated';

type Paint = (style: 'bold' | 'dim' | 'red', text: string) => string;

export interface ValidationTableOptions {
  readonly colour: boolean;
}

/** @param titles by case. */
export const validationTable = (
  rows: readonly ValidationRow[],
  titles: ReadonlyMap<string, string>,
  { colour }: ValidationTableOptions,
): string => {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
  const cases = [...groupBy(rows, ({ scenario }) => scenario)].flatMap(([name, own]) => [
    across(COLUMNS, ''),
    across(COLUMNS, paint('bold', `${name} · ${titles.get(name) ?? ''}`)),
    aside(`${own[0].kind}: ${own[0].source}`, 0, paint),
    ...(own[0].kind === 'counted' ? countedLines(own, paint) : lines(own, paint)),
  ]);
  const columns = COLUMNS.map(({ head, ...column }) => ({ ...column, head: paint('dim', head) }));
  return bareTable(columns, [...cases, across(COLUMNS, ''), aside(LEGEND, 0, paint)]);
};

/** Words beside the figures, in as many lines as they take. */
const aside = (text: string, indent: number, paint: Paint): Cell[] => {
  const width = totalWidth(COLUMNS) - 2 - indent;
  const blank = ' '.repeat(indent);
  return across(
    COLUMNS,
    folded(text, width, 2)
      .split('\n')
      .map((line) => paint('dim', `${blank}${line}`))
      .join('\n'),
  );
};

/** Each figure; a remark stands below the last of those that share it. */
const lines = (rows: readonly ValidationRow[], paint: Paint): Cell[][] =>
  rows.flatMap((row, i) => {
    const { remark } = row;
    const isLast = remark !== rows[i + 1]?.remark;
    return isLast && remark !== '' ? [line(row, paint), aside(remark, 4, paint)] : [line(row, paint)];
  });

const line = (row: ValidationRow, paint: Paint): Cell[] => {
  const { figure, unit, simulated, ci_low, ci_high, judgement, without } = row;
  const cells = [
    `  ${folded(figure, COLUMNS[0].width - 4, 4)}`,
    simulated === null ? NONE : shown(simulated, unit, [ci_low, ci_high]),
    reference(row),
    judgement === 'given' ? 'input' : percent(row.error),
    without === null ? NONE : shown(without, unit),
    without === null ? NONE : percent(row.without_error),
  ];
  return judgement === 'failed' ? cells.map((cell) => paint('red', cell)) : cells;
};

/** What is counted stands in the figure's name; cycles are compared to the last one. */
const COUNTS = new Set(['1', '1/request', 'customers', 'packets']);

const shown = (
  value: number,
  unit: string,
  [low, high]: readonly (number | null)[] = [null, null],
): string => {
  if (unit === 'cycles/request') return `${Number(value.toPrecision(4))} cycles`;
  return measured(value, low, high, COUNTS.has(unit) ? '' : unit);
};

const reference = ({ reference_low: low, reference_high: high, unit }: ValidationRow): string =>
  low === high ? shown(low, unit) : `${shown(low, unit)}–${shown(high, unit)}`;

/** `+6.1 %`, `×12` from ten times on; a dash where there is none. */
export const percent = (share: number | null): string => {
  if (share === null) return NONE;
  if (share >= 9) return `×${Math.round(share + 1)}`;
  const text = (Math.abs(share) * 100).toFixed(1);
  return `${text === '0.0' ? '' : share < 0 ? '−' : '+'}${text} %`;
};

/** By operation how many counts lie in their range; those that fail one by one. */
const countedLines = (rows: readonly ValidationRow[], paint: Paint): Cell[][] =>
  [...groupBy(rows, ({ swept }) => Object.values(swept).join(', '))].flatMap(([operation, own]) => {
    const structural = own.filter(({ judgement }) => judgement === 'held' || judgement === 'failed');
    const failed = structural.filter(({ judgement }) => judgement === 'failed');
    const timed = own.filter(({ judgement }) => judgement === 'shown');
    const unknown = own.length - structural.length - timed.length;
    const inRange = timed.filter(({ error }) => error === 0).length;
    const said = [
      `in range: ${structural.length - failed.length} of ${structural.length} structural`,
      ...(timed.length === 0 ? [] : [`${inRange} of ${timed.length} timed`]),
      ...(unknown === 0 ? [] : [`${unknown} not counted by vmio`]),
    ].join(', ');
    return [
      [`  ${operation}`, { content: said, colSpan: COLUMNS.length - 1, hAlign: 'left' }],
      ...failed.map((row) => line(row, paint)),
    ];
  });

/** What counts as near in the last line. */
const NEAR = 0.1;

/** The whole in a line for each kind. */
export const validationSummary = (rows: readonly ValidationRow[]): string[] => {
  const count = (kind: string, judgement: string): number =>
    rows.filter((row) => row.kind === kind && row.judgement === judgement).length;
  const judged = (['theory', 'counted'] as const).flatMap((kind) => {
    const [held, failed] = [count(kind, 'held'), count(kind, 'failed')];
    const what = kind === 'theory' ? 'figures' : 'structural counts';
    return held + failed === 0 ? [] : [`${kind.padEnd(9)}  ${held} ${what} held, ${failed} failed`];
  });
  const published = rows.filter(({ kind, judgement }) => kind === 'published' && judgement !== 'given');
  if (published.length === 0) return judged;
  const near = (key: 'error' | 'without_error'): number =>
    published.filter(({ [key]: error }) => error !== null && Math.abs(error) <= NEAR).length;
  const [own, simpler] = [near('error'), near('without_error')];
  return [
    ...judged,
    `published  ${own} of ${published.length} figures within 10 %, without the mechanism ${simpler}`,
  ];
};
