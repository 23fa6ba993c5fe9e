/** A table of aligned columns without lines, for a terminal of 100 columns. */
import Table from 'cli-table3';

export type Cell = string | { readonly content: string; readonly colSpan: number; readonly hAlign?: 'left' };

export interface Column {
  readonly head: string;
  readonly width: number;
  readonly align: 'left' | 'right';
}

const GAP = 2;
const LINES = ['top', 'bottom', 'mid', 'left', 'right'].flatMap((side) =>
  ['', '-mid', '-left', '-right'].map((part) => `${side}${part}`),
);
const CHARS = Object.fromEntries([...LINES, 'middle'].map((name) => [name, '']));

/** Words of `text` in lines of at most `width`, each after the first indented by `indent` spaces. */
export const folded = (text: string, width: number, indent: number): string => {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    const fits = last === '' || last.length + 1 + word.length <= width - (lines.length > 1 ? indent : 0);
    if (fits) lines[lines.length - 1] = lines.length === 1 && last === '' ? word : `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, i) => (i === 0 ? line : `${' '.repeat(indent)}${line.trimStart()}`)).join('\n');
};

/** A cell of the whole width. */
export const across = (columns: readonly Column[], text: string): Cell[] => [
  { content: text, colSpan: columns.length, hAlign: 'left' },
];

export const totalWidth = (columns: readonly Column[]): number =>
  columns.reduce((sum, { width }) => sum + width, 0);

/** @param lines rows of cells, each at most as wide as its column. */
export const bareTable = (columns: readonly Column[], lines: readonly (readonly Cell[])[]): string => {
  const table = new Table({
    head: columns.map(({ head }) => head),
    chars: CHARS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    colWidths: columns.map(({ width }) => width),
    colAligns: columns.map(({ align }) => align),
  });
  table.push(...lines.map((cells) => [...cells]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
};
