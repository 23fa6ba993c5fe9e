/** The key of a stacked bar chart: number, swatch and name of each part; numbers say in grey what colours say. */
import type { View } from './spec.ts';
import { stripes } from './stripes.ts';
import { fitted, widest } from './text-width.ts';

export interface Part {
  readonly name: string;
  /** As in the bars; '' for what is lumped together. */
  readonly number: string;
  /** Hatched instead of solid. */
  readonly striped: boolean;
}

/** Okabe and Ito's, ordered so that neighbours differ in grey too. */
const FILLS = ['#0072B2', '#F0E442', '#009E73', '#E69F00', '#CC79A7', '#56B4E9', '#D55E00', '#BBBBBB'];
const LIGHT_TEXT = new Set(['#0072B2', '#009E73', '#D55E00']);
/** Text colour: black on a white edge. */
const HALO = 'halo';
const LUMPED = '#DDDDDD';

const mixed = (colour: string, towards: number, part: number): string =>
  `#${[1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
    .map((level) => Math.round(level + (towards - level) * part))
    .map((level) => level.toString(16).padStart(2, '0'))
    .join('')}`;

/** A part with its colours: area, hatching, and number (`halo`: black on a white edge). */
export interface Painted extends Part {
  readonly fill: string;
  readonly ink: string;
  readonly text: string;
}

/** @param stacks parts by index, as they lie side by side in each bar: neighbours never share a colour. */
export const coloured = (parts: readonly Part[], stacks: readonly (readonly number[])[]): Painted[] => {
  const beside = parts.map(() => new Set<number>());
  for (const stack of stacks) {
    for (let i = 1; i < stack.length; i += 1) {
      beside[stack[i]].add(stack[i - 1]);
      beside[stack[i - 1]].add(stack[i]);
    }
  }
  const hues: number[] = [];
  for (const at of parts.keys()) {
    const taken = new Set([...beside[at]].map((other) => hues[other]));
    const wish = FILLS.map((_, i) => (at + i) % FILLS.length);
    hues.push(wish.find((hue) => !taken.has(hue)) ?? at % FILLS.length);
  }
  return parts.map((part, at) => paint(part, FILLS[hues[at]]));
};

const paint = (part: Part, hue: string): Painted => {
  const colour = part.number === '' ? LUMPED : hue;
  if (part.striped)
    return { ...part, fill: mixed(colour, 255, 0.78), ink: mixed(colour, 0, 0.3), text: HALO };
  return { ...part, fill: colour, ink: colour, text: LIGHT_TEXT.has(colour) ? 'white' : 'black' };
};

const ROW = 17;
const SWATCH = 26;
/** Longest name, px. */
const NAME_MAX = 220;

export const keyWidth = (parts: readonly Part[]): number =>
  Math.ceil(SWATCH + 8 + widest(parts.map((part) => fitted(part.name, NAME_MAX))));

/** Numbers on the parts; on hatching they stand on a white edge, or the lines would cross them. */
export const numbered = (values: readonly { number: string; text: string }[], place: View): View[] => {
  const bold = { type: 'text', fontSize: 9, fontWeight: 'bold' };
  const encoding = { ...place, text: { field: 'number' } };
  const colour = { field: 'text', type: 'nominal', scale: null, legend: null };
  return [
    {
      data: { values: values.filter(({ text }) => text === HALO) },
      mark: { ...bold, stroke: 'white', strokeWidth: 3.5 },
      encoding,
    },
    {
      data: { values: values.map((one) => ({ ...one, text: one.text === HALO ? 'black' : one.text })) },
      mark: bold,
      encoding: { ...encoding, color: colour },
    },
  ];
};

export const key = (parts: readonly Painted[]): View => {
  const width = keyWidth(parts);
  const height = parts.length * ROW;
  const boxes = parts.map((part, at) => ({
    left: 0,
    right: SWATCH,
    top: at * ROW + 1.5,
    bottom: (at + 1) * ROW - 1.5,
    middle: (at + 0.5) * ROW,
    number: part.number,
    name: fitted(part.name, NAME_MAX),
    fill: part.fill,
    ink: part.ink,
    text: part.text,
  }));
  const lines = parts.flatMap((part, at) =>
    part.striped ? stripes(boxes[at]).map((line) => ({ ...line, ink: boxes[at].ink })) : [],
  );
  const x = (value: View): View => ({
    type: 'quantitative',
    scale: { domain: [0, width] },
    axis: null,
    ...value,
  });
  const y = (field: string): View => ({
    field,
    type: 'quantitative',
    scale: { domain: [0, height], reverse: true, nice: false },
    axis: null,
  });
  const ink = (field: string): View => ({ field, type: 'nominal', scale: null, legend: null });
  return {
    width,
    height,
    view: { stroke: null },
    layer: [
      {
        data: { values: boxes },
        mark: { type: 'rect' },
        encoding: {
          x: x({ field: 'left' }),
          x2: { field: 'right' },
          y: y('top'),
          y2: { field: 'bottom' },
          fill: ink('fill'),
        },
      },
      {
        data: { values: lines },
        mark: { type: 'rule', strokeWidth: 1 },
        encoding: {
          x: x({ field: 'x' }),
          x2: { field: 'x2' },
          y: y('y'),
          y2: { field: 'y2' },
          stroke: ink('ink'),
        },
      },
      ...numbered(boxes, { x: x({ datum: SWATCH / 2 }), y: y('middle') }),
      {
        data: { values: boxes },
        mark: { type: 'text', align: 'left', fontSize: 11, color: '#222222' },
        encoding: { x: x({ datum: SWATCH + 6 }), y: y('middle'), text: { field: 'name' } },
      },
    ],
  };
};
