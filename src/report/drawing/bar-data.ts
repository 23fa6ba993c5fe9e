/** What a panel of stacked bars draws, as rows: the parts, their hatching, their numbers, and what ends a bar. */
import type { Painted } from './bar-key.ts';
import { rounded } from './scale.ts';
import { stripes } from './stripes.ts';
import { fitted } from './text-width.ts';

export interface Bar {
  readonly label: string;
  /** Sizes by index of the part, in stacking order. */
  readonly sizes: readonly { readonly part: number; readonly size: number }[];
  /** Written at the end of the bar: its total, or why it is not there. */
  readonly note: string;
  /** Confidence interval of the total. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** From bar to bar, px, and how much of that the bar is. */
export const PITCH = 22;
const THICK = 0.74;
const top = (row: number): number => row + (1 - THICK) / 2;

export const totalOf = (bar: Bar): number => bar.sizes.reduce((sum, { size }) => sum + size, 0);
export const endOf = (bar: Bar): number => Math.max(totalOf(bar), bar.interval?.[1] ?? 0);

/** One part of one bar, between two values of the horizontal axis. */
export interface Box {
  readonly row: number;
  readonly part: number;
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

/** @param shares makes every bar a whole of 100. */
export const boxesOf = (bars: readonly Bar[], shares: boolean): Box[] =>
  bars.flatMap((bar, row) => {
    const total = totalOf(bar);
    let from = 0;
    return bar.sizes.map(({ part, size }) => {
      const to = from + (shares ? (100 * size) / total : size);
      const box = { row, part, from, to, label: bar.label };
      from = to;
      return box;
    });
  });

export const areas = (boxes: readonly Box[], parts: readonly Painted[]) =>
  boxes.map(({ row, part, from, to, label }) => ({
    datapath: label,
    part: parts[part].name,
    from: rounded(from),
    to: rounded(to),
    top: rounded(top(row)),
    bottom: rounded(top(row) + THICK),
    fill: parts[part].fill,
  }));

/** @param perPixel of the horizontal axis: hatching is laid out in pixels, where its slant is 45°. */
export const hatching = (boxes: readonly Box[], parts: readonly Painted[], perPixel: number) =>
  boxes
    .filter(({ part }) => parts[part].striped)
    .flatMap(({ row, part, from, to }) =>
      stripes({
        left: from / perPixel,
        right: to / perPixel,
        top: top(row) * PITCH,
        bottom: (top(row) + THICK) * PITCH,
      }).map(({ x, y, x2, y2 }) => ({
        from: rounded(x * perPixel),
        to: rounded(x2 * perPixel),
        top: rounded(y / PITCH),
        bottom: rounded(y2 / PITCH),
        ink: parts[part].ink,
      })),
    );

/** The numbers of the parts that are wide enough to hold them. */
export const numbers = (boxes: readonly Box[], parts: readonly Painted[], perPixel: number) =>
  boxes
    .map((box) => ({ ...box, ...parts[box.part] }))
    .filter(({ from, to, number }) => (to - from) / perPixel >= 6 * number.length + 3)
    .map(({ row, from, to, number, text }) => ({
      middle: rounded((from + to) / 2),
      row: row + 0.5,
      number,
      text,
    }));

export const ends = (bars: readonly Bar[], width: number, perPixel: number) =>
  bars.map((bar, row) => ({
    end: rounded(endOf(bar)),
    low: rounded(bar.interval?.[0] ?? totalOf(bar)),
    row: row + 0.5,
    note: fitted(bar.note, width - endOf(bar) / perPixel - 10),
  }));
