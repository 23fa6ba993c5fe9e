/** The prices that validation cases rest on, for a terminal: those that a case gives itself, and how many its profile gives. */
import type { PriceRow } from '../validation/rows.ts';
import { across, bareTable, type Cell, type Column, folded } from './bare-table.ts';
import { quantity } from './format.ts';
import { groupBy } from './select.ts';

const COLUMNS: readonly Column[] = [
  { head: 'cost', width: 24, align: 'left' },
  { head: 'price', width: 15, align: 'right' },
  { head: 'a request', width: 12, align: 'right' },
  { head: 'who says so', width: 49, align: 'left' },
];

/** By case: one line for each price of its own that differs, and one for each machine profile. */
export const priceTable = (rows: readonly PriceRow[]): string =>
  bareTable(
    COLUMNS,
    [...groupBy(rows, ({ scenario }) => scenario)].flatMap(([name, own]) => [
      across(COLUMNS, name),
      ...given(own),
      ...profiles(own).map((text) => across(COLUMNS, text)),
    ]),
  );

const price = ({ cycles, ns }: PriceRow): string =>
  [...(cycles === null ? [] : [`${cycles} cycles`]), ...(ns === null ? [] : [`${ns} ns`])].join(' + ');

const given = (rows: readonly PriceRow[]): Cell[][] => {
  const own = rows.filter(({ given_by: giver }) => giver === 'case');
  const different = groupBy(own, (row) => [row.cost, price(row), row.source].join('\u0000'));
  return [...different.values()].map(([row]) => [
    `  ${row.cost}`,
    price(row),
    quantity(row.per_request, ''),
    folded(row.source === '' ? row.kind : row.source, COLUMNS[3].width - 2, 0),
  ]);
};

const profiles = (rows: readonly PriceRow[]): string[] =>
  [...groupBy(rows, ({ given_by: giver }) => giver)]
    .filter(([giver]) => giver !== 'case')
    .map(([giver, own]) => {
      const costs = [...groupBy(own, ({ cost }) => cost).values()].map(([row]) => row);
      const kinds = [...groupBy(costs, ({ kind }) => kind)].map(([kind, some]) => `${some.length} ${kind}`);
      return `  ${giver}: ${kinds.join(', ')} (prices.csv)`;
    });
