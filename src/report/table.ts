/** The comparison in the terminal: per workload and point one aligned line for each datapath, always with its interval. */
import { styleText } from 'node:util';
import { type Axis, axesOf, setting } from './chart/axes.ts';
import { inDatapathOrder } from './datapath-order.ts';
import type { SummaryRow } from './rows.ts';
import { groupBy, pointKey, workloadsOf } from './select.ts';
import { type Line, lineOf } from './table-line.ts';
import { hasNoPercentiles, isSaturated, isSettled } from './verdict.ts';

/** Widest line, so that it fits most terminals and a paper's listing. */
const COLUMNS_MAX = 110;
const GAP = 2;
/** Longest name of a saturated station. */
const ACROSS_MAX = 36;
const HEAD = ['', 'p50', 'p99', 'carried', 'cycles', 'CPU', 'exits', 'irqs', 'verdict'];
const LEGEND =
  'per request: cycles of the whole machine, exits and interrupts of the guest; CPU: cores of the machine';

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
const widthsOf = (blocks: readonly Block[]): number[] => {
  const lines = blocks.flatMap((block) => block.lines);
  const widths = HEAD.map((head, column) =>
    lines
      .filter(({ verdict }) => column !== 1 || !hasNoPercentiles(verdict))
      .reduce((width, { cells }) => Math.max(width, cells[column].length), head.length),
  );
  // What saturates, or has no driver, stands across the columns of both percentiles.
  const across = lines
    .filter(({ verdict }) => hasNoPercentiles(verdict))
    .reduce((width, { cells }) => Math.max(width, Math.min(cells[1].length, ACROSS_MAX)), 0);
  widths[2] = Math.max(widths[2], across - widths[1] - GAP);
  return widths;
};

const excess = (widths: readonly number[]): number =>
  widths.reduce((all, width) => all + width + GAP, -GAP) - COLUMNS_MAX;

/** Cuts the names if all else is still too wide. */
const narrowed = ([name, ...figures]: readonly number[]): number[] => [
  Math.max(Math.min(name, 12), name - Math.max(0, excess([name, ...figures]))),
  ...figures,
];

type Paint = (style: 'bold' | 'dim' | 'red' | 'yellow', text: string) => string;

const draw = ({ heading, lines }: Block, widths: readonly number[], paint: Paint): string => {
  const head = paint('dim', joined(HEAD.map((name, column) => padded(name, column, widths[column]))));
  const body = lines.map(({ cells, verdict }) => {
    const style = isSaturated(verdict) ? 'red' : isSettled(verdict) ? null : 'yellow';
    const texts = cells.map((cell, column) => padded(cell, column, widths[column]));
    if (hasNoPercentiles(verdict))
      texts.splice(1, 2, cut(cells[1], acrossOf(widths)).padStart(acrossOf(widths)));
    return style === null ? joined(texts) : paint(style, joined(texts));
  });
  return [paint('bold', heading), head, ...body].join('\n');
};

const acrossOf = (widths: readonly number[]): number => widths[1] + GAP + widths[2];

const joined = (texts: readonly string[]): string => texts.join(' '.repeat(GAP)).trimEnd();

const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, width - 1)}…`;

/** Words to the left, figures to the right. */
const padded = (text: string, column: number, width: number): string =>
  column === 0 || column === HEAD.length - 1 ? cut(text, width).padEnd(width) : text.padStart(width);
