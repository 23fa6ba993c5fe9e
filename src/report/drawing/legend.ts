/** The legend of the line charts: each datapath's line with its dash and its symbol, in a row above the panels. */
import type { View } from './spec.ts';
import { fitted, textWidth } from './text-width.ts';
import { PAGE, stylesOf } from './theme.ts';

const LINE = 34;
const GAP = 20;
/** Longest name, px. */
const NAME_MAX = 300;
const ROW = 18;

export const legend = (names: readonly string[]): View => {
  const styles = stylesOf(names);
  let x = 0;
  let row = 0;
  const entries = names.map((name, i) => {
    const datapath = fitted(name, NAME_MAX);
    const width = LINE + 6 + textWidth(datapath);
    if (x > 0 && x + width > PAGE - 40) {
      x = 0;
      row += 1;
    }
    const entry = {
      datapath,
      from: x,
      middle: x + LINE / 2,
      to: x + LINE,
      name: x + LINE + 6,
      row: row + 0.5,
      colour: styles[i].colour,
    };
    x += width + GAP;
    return { entry, style: styles[i], right: entry.from + width };
  });
  const width = Math.ceil(Math.max(...entries.map(({ right }) => right)));
  const at = (field: string): View => ({
    field,
    type: 'quantitative',
    scale: { domain: [0, width], nice: false },
    axis: null,
  });
  const y: View = {
    field: 'row',
    type: 'quantitative',
    scale: { domain: [0, row + 1], reverse: true, nice: false },
    axis: null,
  };
  const colour: View = { field: 'colour', type: 'nominal', scale: null, legend: null };
  // A layer per entry and mark: dash and symbol have then no scale that the panels would share.
  const lines = entries.map(({ entry, style }) => ({
    data: { values: [entry] },
    mark: { type: 'rule', strokeWidth: 1.75, strokeDash: style.dash },
    encoding: { x: at('from'), x2: { field: 'to' }, y, color: colour },
  }));
  const symbols = entries.map(({ entry, style }) => ({
    data: { values: [entry] },
    mark: { type: 'point', filled: true, opacity: 1, size: 44, shape: style.shape },
    encoding: { x: at('middle'), y, color: colour },
  }));
  const text = {
    data: { values: entries.map(({ entry }) => entry) },
    mark: { type: 'text', align: 'left', fontSize: 11, color: '#222222' },
    encoding: { x: at('name'), y, text: { field: 'datapath' } },
  };
  return { width, height: (row + 1) * ROW, view: { stroke: null }, layer: [...lines, ...symbols, text] };
};
