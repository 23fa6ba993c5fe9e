/** Stacked horizontal bars with numbered parts: absolute beside shares of the whole, and a key of the numbers. */
import { coloured, key, keyWidth, type Painted, type Part } from './bar-key.ts';
import { rounded } from './scale.ts';
import type { Sheet } from './sheet.ts';
import type { View } from './spec.ts';
import { stripes } from './stripes.ts';
import { fitted, textWidth, widest } from './text-width.ts';
import { inDatapathOrder, PAGE } from './theme.ts';

export interface Bar {
  readonly label: string;
  /** Sizes by index of the part, in stacking order. */
  readonly sizes: readonly { readonly part: number; readonly size: number }[];
  /** Written at the end of the bar: its total, or why it is not there. */
  readonly note: string;
  /** Confidence interval of the total. */
  readonly interval: readonly [low: number, high: number] | null;
}

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

/** From bar to bar, and the bar's share of it, px. */
const PITCH = 22;
const THICK = 0.74;
const GAP = 16;
/** Longest label of a bar, px. */
const LABEL_MAX = 160;

interface Side {
  readonly width: number;
  readonly max: number;
  readonly title: string;
  readonly shares: boolean;
}

/** One panel per place of the sheet that has bars, each with its datapaths in order. */
export const barPanels = <Rows>(
  sheet: Sheet,
  groups: readonly Rows[],
  { placeOf, barOf }: { placeOf: (rows: Rows) => ReturnType<Sheet['place']>; barOf: (rows: Rows) => Bar },
): BarPanel[] => {
  const panels = (sheet.rows?.labels ?? ['']).flatMap((row) =>
    (sheet.columns?.labels ?? ['']).map((column) => {
      const bars = groups
        .filter((rows) => placeOf(rows)?.row === row && placeOf(rows)?.column === column)
        .map(barOf);
      const order = inDatapathOrder(bars.map((bar) => bar.label));
      return {
        heading: [row, column].filter((text) => text !== '').join(' · '),
        bars: order.flatMap((label) => bars.filter((bar) => bar.label === label)),
      };
    }),
  );
  return panels.filter((panel) => panel.bars.length > 0);
};

const totalOf = (bar: Bar): number => bar.sizes.reduce((sum, { size }) => sum + size, 0);

const endOf = (bar: Bar): number => Math.max(totalOf(bar), bar.interval?.[1] ?? 0);

export const barChart = ({ panels, parts: plain, quantity, wholeName }: BarChart): View => {
  const stacks = panels.flatMap((panel) => panel.bars.map((bar) => bar.sizes.map(({ part }) => part)));
  const parts = coloured(plain, stacks);
  const bars = panels.flatMap((panel) => panel.bars);
  const labels = Math.min(widest(bars.map((bar) => bar.label)), LABEL_MAX) + 8;
  const free = PAGE - 30 - labels - keyWidth(parts) - 2 * GAP;
  const absolute = Math.floor(free * 0.55);
  // Every bar leaves room for what is written at its end.
  const perPixel =
    Math.max(
      ...bars.map((bar) => endOf(bar) / Math.max(absolute - textWidth(bar.note) - 12, absolute / 4)),
    ) || 1;
  const sides: Side[] = [
    { width: absolute, max: perPixel * absolute, title: quantity, shares: false },
    { width: Math.floor(free) - absolute, max: 100, title: `share of ${wholeName} (%)`, shares: true },
  ];
  return {
    hconcat: [
      {
        concat: panels.flatMap((panel, i) =>
          sides.map((side) => barPanel(panel, parts, side, i === panels.length - 1)),
        ),
        columns: sides.length,
        spacing: { row: 10, column: GAP },
      },
      key(parts),
    ],
    spacing: GAP,
  };
};

const barPanel = (panel: BarPanel, parts: readonly Painted[], side: Side, last: boolean): View => {
  const height = panel.bars.length * PITCH;
  const perPixel = side.max / side.width;
  const boxes = panel.bars.flatMap((bar, row) => {
    const total = totalOf(bar);
    let from = 0;
    return bar.sizes.map(({ part, size }) => {
      const to = from + (side.shares ? (100 * size) / total : size);
      const box = { row, part, from, to, label: bar.label };
      from = to;
      return box;
    });
  });
  const top = (row: number): number => row + (1 - THICK) / 2;
  const rects = boxes.map(({ row, part, from, to, label }) => ({
    datapath: label,
    part: parts[part].name,
    from: rounded(from),
    to: rounded(to),
    top: rounded(top(row)),
    bottom: rounded(top(row) + THICK),
    fill: parts[part].fill,
  }));
  const lines = boxes
    .filter(({ part }) => parts[part].striped)
    .flatMap(({ row, part, from, to }) => {
      const box = {
        left: from / perPixel,
        right: to / perPixel,
        top: top(row) * PITCH,
        bottom: (top(row) + THICK) * PITCH,
      };
      return stripes(box).map(({ x, y, x2, y2 }) => ({
        from: rounded(x * perPixel),
        to: rounded(x2 * perPixel),
        top: rounded(y / PITCH),
        bottom: rounded(y2 / PITCH),
        ink: parts[part].ink,
      }));
    });
  const numbers = boxes
    .map((box) => ({ ...box, number: parts[box.part].number }))
    .filter(({ from, to, number }) => (to - from) / perPixel >= 6 * number.length + 3)
    .map(({ row, part, from, to, number }) => ({
      middle: rounded((from + to) / 2),
      row: row + 0.5,
      number,
      text: parts[part].text,
    }));
  const ends = side.shares
    ? []
    : panel.bars.map((bar, row) => ({
        end: rounded(endOf(bar)),
        low: rounded(bar.interval?.[0] ?? totalOf(bar)),
        row: row + 0.5,
        note: fitted(bar.note, side.width - endOf(bar) / perPixel - 10),
      }));
  const scaleX = { domain: [0, rounded(side.max)], nice: false };
  const scaleY = { domain: [0, panel.bars.length], reverse: true, nice: false };
  const names = JSON.stringify(panel.bars.map((bar) => fitted(bar.label, LABEL_MAX)));
  // All panels share one scale, so only the last one spells it out.
  const axisX = {
    title: last ? side.title : null,
    labels: last,
    ticks: last,
    tickCount: 5,
    labelExpr: "format(datum.value, '.6~g')",
  };
  const axisY = side.shares
    ? null
    : {
        values: panel.bars.map((_, row) => row + 0.5),
        labelExpr: `${names}[floor(datum.value)]`,
        title: null,
        grid: false,
        ticks: false,
        domain: false,
        labelPadding: 6,
      };
  const x = (field: string): View => ({ field, type: 'quantitative', scale: scaleX, axis: axisX });
  const y = (field: string): View => ({ field, type: 'quantitative', scale: scaleY, axis: axisY });
  const ink = (field: string): View => ({ field, type: 'nominal', scale: null, legend: null });
  const span = { x: x('from'), x2: { field: 'to' }, y: y('top'), y2: { field: 'bottom' } };
  return {
    width: side.width,
    height,
    ...(panel.heading === '' || side.shares
      ? {}
      : { title: { text: panel.heading, fontSize: 11, offset: 5, frame: 'group' } }),
    layer: [
      {
        data: { values: rects },
        mark: { type: 'rect', stroke: 'white', strokeWidth: 0.75 },
        encoding: { ...span, fill: ink('fill') },
      },
      {
        data: { values: lines },
        mark: { type: 'rule', strokeWidth: 1 },
        encoding: { ...span, stroke: ink('ink') },
      },
      {
        data: { values: numbers.filter((one) => one.text === 'halo') },
        mark: { type: 'text', fontSize: 9, fontWeight: 'bold', stroke: 'white', strokeWidth: 3.5 },
        encoding: { x: x('middle'), y: y('row'), text: { field: 'number' } },
      },
      {
        data: {
          values: numbers.map((one) => ({ ...one, text: one.text === 'halo' ? 'black' : one.text })),
        },
        mark: { type: 'text', fontSize: 9, fontWeight: 'bold' },
        encoding: { x: x('middle'), y: y('row'), text: { field: 'number' }, color: ink('text') },
      },
      {
        data: { values: ends.filter((end) => end.low < end.end) },
        mark: { type: 'rule', color: 'black', strokeWidth: 1.25 },
        encoding: { x: x('low'), x2: { field: 'end' }, y: y('row') },
      },
      {
        data: { values: ends },
        mark: { type: 'text', align: 'left', dx: 5, fontSize: 11, color: '#222222' },
        encoding: { x: x('end'), y: y('row'), text: { field: 'note' } },
      },
    ],
  };
};
