/** Stacked horizontal bars with numbered parts: absolute beside shares of the whole, and a key of the numbers. */
import { areas, type Bar, boxesOf, endOf, ends, hatching, numbers, PITCH } from './bar-data.ts';
import { coloured, key, keyWidth, numbered, type Painted, type Part } from './bar-key.ts';
import { rounded } from './scale.ts';
import type { View } from './spec.ts';
import { BOLD, fitted, textWidth, widest } from './text-width.ts';
import { PAGE } from './theme.ts';

export interface BarPanel {
  readonly heading: string;
  readonly bars: readonly Bar[];
}

export interface BarChart {
  readonly panels: readonly BarPanel[];
  readonly parts: readonly Part[];
  /** Title of the absolute axis, with its unit. */
  readonly quantity: string;
  /** What a whole bar is, for the axis of shares. */
  readonly wholeName: string;
}

const GAP = 16;
/** Longest label of a bar, px. */
const LABEL_MAX = 160;

/** The left or the right half of a panel. */
interface Half {
  readonly width: number;
  readonly max: number;
  readonly title: string;
  readonly shares: boolean;
}

export const barChart = ({ panels, parts: plain, quantity, wholeName }: BarChart): View => {
  const bars = panels.flatMap((panel) => panel.bars);
  const parts = coloured(
    plain,
    bars.map((bar) => bar.sizes.map(({ part }) => part)),
  );
  const labels = Math.min(widest(bars.map((bar) => bar.label)), LABEL_MAX) + 8;
  const free = Math.floor(PAGE - 46 - labels - keyWidth(parts) - 2 * GAP);
  const absolute = Math.floor(free * 0.55);
  // Every bar leaves room for what is written at its end.
  const room = (bar: Bar): number => Math.max(absolute - textWidth(bar.note) - 12, absolute / 4);
  const perPixel = Math.max(...bars.map((bar) => endOf(bar) / room(bar))) || 1;
  const halves: Half[] = [
    { width: absolute, max: perPixel * absolute, title: quantity, shares: false },
    { width: free - absolute, max: 100, title: `share of ${wholeName} (%)`, shares: true },
  ];
  const panel = (one: BarPanel, i: number): View[] =>
    halves.map((half) => barPanel(one, parts, half, i === panels.length - 1));
  return {
    hconcat: [
      { concat: panels.flatMap(panel), columns: halves.length, spacing: { row: 10, column: GAP } },
      key(parts),
    ],
    spacing: GAP,
  };
};

const barPanel = (panel: BarPanel, parts: readonly Painted[], half: Half, last: boolean): View => {
  const perPixel = half.max / half.width;
  const boxes = boxesOf(panel.bars, half.shares);
  const finish = half.shares ? [] : ends(panel.bars, half.width, perPixel);
  const { x, y } = axes(panel, half, last);
  const ink = (field: string): View => ({ field, type: 'nominal', scale: null, legend: null });
  const span = { x: x('from'), x2: { field: 'to' }, y: y('top'), y2: { field: 'bottom' } };
  const title =
    panel.heading === '' || half.shares
      ? {}
      : {
          title: { text: fitted(panel.heading, half.width / BOLD), fontSize: 11, offset: 5, frame: 'group' },
        };
  return {
    width: half.width,
    height: panel.bars.length * PITCH,
    ...title,
    layer: [
      {
        data: { values: areas(boxes, parts) },
        mark: { type: 'rect', stroke: 'white', strokeWidth: 0.75 },
        encoding: { ...span, fill: ink('fill') },
      },
      {
        data: { values: hatching(boxes, parts, perPixel) },
        mark: { type: 'rule', strokeWidth: 1 },
        encoding: { ...span, stroke: ink('ink') },
      },
      ...numbered(numbers(boxes, parts, perPixel), { x: x('middle'), y: y('row') }),
      {
        data: { values: finish.filter((end) => end.low < end.end) },
        mark: { type: 'rule', color: 'black', strokeWidth: 1.25 },
        encoding: { x: x('low'), x2: { field: 'end' }, y: y('row') },
      },
      {
        data: { values: finish },
        mark: { type: 'text', align: 'left', dx: 5, fontSize: 11, color: '#222222' },
        encoding: { x: x('end'), y: y('row'), text: { field: 'note' } },
      },
    ],
  };
};

/** Bars lie at whole numbers of a quantitative axis, since hatching needs places between them. */
const axes = ({ bars }: BarPanel, half: Half, last: boolean) => {
  const names = JSON.stringify(bars.map((bar) => fitted(bar.label, LABEL_MAX)));
  const labels = {
    values: bars.map((_, row) => row + 0.5),
    labelExpr: `${names}[floor(datum.value)]`,
    title: null,
    grid: false,
    ticks: false,
    domain: false,
    labelPadding: 6,
  };
  const scaleX = { domain: [0, rounded(half.max)], nice: false };
  const scaleY = { domain: [0, bars.length], reverse: true, nice: false };
  // All panels share one scale, so only the last one spells it out.
  const figures = {
    title: last ? half.title : null,
    labels: last,
    ticks: last,
    tickCount: 5,
    labelExpr: "format(datum.value, '.6~g')",
  };
  return {
    x: (field: string): View => ({ field, type: 'quantitative', scale: scaleX, axis: figures }),
    y: (field: string): View => ({
      field,
      type: 'quantitative',
      scale: scaleY,
      axis: half.shares ? null : labels,
    }),
  };
};
