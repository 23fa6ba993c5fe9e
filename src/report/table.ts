/** The comparison in the terminal: per workload and point one aligned line for each datapath, always with its interval. */
import { styleText } from 'node:util';
import Table from 'cli-table3';
import { type Axis, axesOf, setting } from './chart/axes.ts';
import { inDatapathOrder } from './datapath-order.ts';
import type { SummaryRow } from './rows.ts';
import { groupBy, pointKey, workloadsOf } from './select.ts';
import { type Line, lineOf } from './table-line.ts';
import { isSaturated, isSettled } from './verdict.ts';

/** Widest line, so that it fits most terminals and a paper's listing. */
const COLUMNS_MAX = 110;
const GAP = 2;
const HEAD = ['', 'p50', 'p99', 'carried', 'cycles', 'CPU', 'exits', 'irqs', 'verdict'];
const LEGEND = 'cycles, exits and interrupts are per request; CPU is in cores';

interface Block {
  readonly heading: string;
  readonly lines: readonly Line[];
}

export interface TableOptions {
  readonly colour?: boolean;
}

export const table = (rows: readonly SummaryRow[], { colour = false }: TableOptions = {}): string => {
  // As many intervals as there is room for; those of the percentiles stay.
  const attempts = [2, 1, 0].map((intervals) => blocksOf(rows, intervals));
  const blocks = attempts.find((some) => excess(widthsOf(some)) <= 0) ?? attempts[2];
  if (blocks.length === 0) return '';
  const paint: Paint = (style, text) =>
    colour && text !== '' ? styleText(style, text, { validateStream: false }) : text;
  const widths = narrowed(widthsOf(blocks));
  return [...blocks.map((block) => draw(block, widths, paint)), paint('dim', LEGEND)].join('\n\n');
};

const blocksOf = (rows: readonly SummaryRow[], intervals: number): Block[] => {
  const axes = axesOf(rows);
  const stepOf = (axis: Axis, [row]: readonly SummaryRow[]): number =>
    axis.steps.findIndex((step) => step.text === row.swept[axis.path]);
  const points = [...groupBy(rows, (row) => pointKey(row.swept)).values()].sort((a, b) =>
    axes.reduce((sign, axis) => sign || stepOf(axis, a) - stepOf(axis, b), 0),
  );
  return workloadsOf(rows).flatMap((workload) =>
    points.flatMap((here) => {
      const own = here.filter((row) => row.workload === workload);
      if (own.length === 0) return [];
      const settings = axes.flatMap((axis) =>
        stepOf(axis, here) < 0 ? [] : [setting(axis, axis.steps[stepOf(axis, here)])],
      );
      const byDatapath = groupBy(here, (row) => row.datapath);
      return [
        {
          heading: [workload, ...settings].join(' · '),
          lines: inDatapathOrder(own.map((row) => row.datapath)).map((datapath) =>
            lineOf(byDatapath.get(datapath)!, { workload, intervals }),
          ),
        },
      ];
    }),
  );
};

/** Common to all blocks, so that they line up. */
const widthsOf = (blocks: readonly Block[]): number[] =>
  HEAD.map((head, column) =>
    blocks
      .flatMap((block) => block.lines)
      // What saturates stands across two columns.
      .filter(({ verdict }) => column !== 1 || !isSaturated(verdict))
      .reduce((width, { cells }) => Math.max(width, cells[column].length), head.length),
  );

const excess = (widths: readonly number[]): number =>
  widths.reduce((all, width) => all + width + GAP, -GAP) - COLUMNS_MAX;

/** Cuts the names if all else is still too wide. */
const narrowed = ([name, ...figures]: readonly number[]): number[] => [
  Math.max(Math.min(name, 12), name - Math.max(0, excess([name, ...figures]))),
  ...figures,
];

type Paint = (style: 'bold' | 'dim' | 'red' | 'yellow', text: string) => string;

const draw = ({ heading, lines }: Block, widths: readonly number[], paint: Paint): string => {
  const last = widths.length - 1;
  const grid = new Table({
    chars: BORDERLESS,
    style: { 'padding-left': 0, 'padding-right': GAP, head: [], border: [] },
    colWidths: widths.map((width) => width + GAP),
    colAligns: widths.map((_, column) => (column === 0 || column === last ? 'left' : 'right')),
  });
  grid.push(HEAD.map((head) => paint('dim', head)));
  for (const { cells, verdict } of lines) {
    const style = isSaturated(verdict) ? 'red' : isSettled(verdict) ? null : 'yellow';
    const painted = cells.map((cell) => (style === null ? cell : paint(style, cell)));
    const [name, first, , ...rest] = painted;
    const across = { content: first, colSpan: 2, hAlign: 'center' } as const;
    grid.push(isSaturated(verdict) ? [name, across, ...rest] : painted);
  }
  const text = grid.toString().split('\n');
  return [paint('bold', heading), ...text.map((line) => line.trimEnd())].join('\n');
};

const SIDES = ['top', 'bottom', 'left', 'right', 'mid'];
const CORNERS = ['top-mid', 'top-left', 'top-right', 'bottom-mid', 'bottom-left', 'bottom-right'];
const INNER = ['left-mid', 'mid-mid', 'right-mid', 'middle'];
const BORDERLESS = Object.fromEntries([...SIDES, ...CORNERS, ...INNER].map((name) => [name, '']));
