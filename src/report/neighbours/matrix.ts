/** The matrix of p99s in the terminal: a row for each workload that suffers, a column for each company that it is in. */
import type { Cell, Sufferer } from '../../experiment/neighbours/interference.ts';
import type { Neighbourhood } from '../../experiment/neighbours/neighbourhood.ts';
import { bareTable, type Column } from '../bare-table.ts';
import { measured, quantity } from '../format.ts';
import { isSaturated, isSettled, isUnbound } from '../verdict.ts';

const GAP = 2;
/** Nobody is a neighbour of itself. */
const SELF = '·';
const NONE = '–';

const NOTES = {
  '*': '* the run is too short for this figure to be believed',
  [NONE]: `${NONE} fewer than 500 requests in a replication, or not simulated`,
};

const cellText = ({ p99, verdict }: Cell, intervals: boolean): string => {
  if (isSaturated(verdict)) return 'saturated';
  if (isUnbound(verdict)) return 'unbound';
  if (p99 === null) return NONE;
  const { mean, low, high } = p99;
  const figure = intervals ? measured(mean, low, high, 'ns') : quantity(mean, 'ns');
  return isSettled(verdict) ? figure : `${figure} *`;
};

export const nameOf = ({ vm, workload }: Sufferer): string => `${vm}: ${workload}`;

/** Head and cells of each column but the first. */
const columnsOf = ({ tenants, sufferers }: Neighbourhood, intervals: boolean): string[][] => {
  const text = (cell: Cell): string => cellText(cell, intervals);
  const beside = tenants.map((tenant) => [
    `with ${tenant}`,
    ...sufferers.map(({ vm, besideOne }) => {
      const one = besideOne.find(({ others }) => others[0] === tenant);
      return vm === tenant || one === undefined ? SELF : text(one.cell);
    }),
  ]);
  const alone = ['alone', ...sufferers.map((sufferer) => text(sufferer.alone))];
  // Of two, each other is all.
  const all =
    tenants.length > 2 ? [['with all', ...sufferers.map(({ besideAll }) => text(besideAll.cell))]] : [];
  return [alone, ...beside, ...all];
};

const widthOf = (column: readonly string[]): number => Math.max(...column.map(({ length }) => length)) + GAP;

/** Columns in groups that fit beside the names, at least one in each. */
const pages = (columns: readonly string[][], room: number): string[][][] => {
  const found: string[][][] = [];
  let left = 0;
  for (const column of columns) {
    const width = widthOf(column);
    if (found.length === 0 || width > left) {
      found.push([]);
      left = room;
    }
    found[found.length - 1].push(column);
    left -= width;
  }
  return found;
};

/** @param width of the terminal; intervals go before columns are put below each other. */
export const matrixText = (neighbourhood: Neighbourhood, width: number): string => {
  const names = ['p99', ...neighbourhood.sufferers.map(nameOf)];
  // The gap behind the last column is not printed.
  const room = width + GAP - widthOf(names);
  const [full, bare] = [true, false].map((intervals) => pages(columnsOf(neighbourhood, intervals), room));
  const chosen = full.length === 1 ? full : bare;
  const tables = chosen.map((columns) => {
    const all = [names, ...columns];
    const heads: Column[] = all.map((column, i) => ({
      head: column[0],
      width: widthOf(column),
      align: i === 0 ? 'left' : 'right',
    }));
    return bareTable(
      heads,
      names.slice(1).map((_, row) => all.map((column) => column[row + 1])),
    );
  });
  const texts = chosen.flat(2);
  const notes = [
    ...(texts.some((text) => text.endsWith(' *')) ? [NOTES['*']] : []),
    ...(texts.includes(NONE) ? [NOTES[NONE]] : []),
  ];
  return [...tables, ...notes].join('\n');
};
