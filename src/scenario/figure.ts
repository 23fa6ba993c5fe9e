/** The figures of expectations: with the unit of their metric (`100 us`, `200 k/s`), bare where it has none. */
import { BIT_RATE, CYCLES, type Dimension, RATE, TIME } from './text/dimensions.ts';
import { parseQuantity, type Reading, withoutUnit } from './text/quantity.ts';

/** As written: a number, or text with a unit. */
export type Figure = number | string;

interface Scale {
  readonly dimension: Dimension;
  /** How many of the dimension's base unit are one of the metric's. */
  readonly base: number;
  /** The metric's unit in a scenario. */
  readonly name: string;
}

/** Metrics in these units are written with a unit; all others are plain numbers. */
const SCALES: Readonly<Record<string, Scale>> = {
  ns: { dimension: TIME, base: 1000, name: 'ns' },
  '1/s': { dimension: RATE, base: 1, name: '/s' },
  'bit/s': { dimension: BIT_RATE, base: 1, name: 'bit/s' },
  'cycles/request': { dimension: CYCLES, base: 1, name: 'cycles' },
};

const PLAIN = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * Reads `written` as a figure in `unit`, the unit of a metric; null for a ratio of two figures.
 * Zero needs no unit. @returns the figure in that unit, or what is wrong with it.
 */
export const readFigure = (written: Figure, unit: string | null): Reading => {
  const scale = unit === null ? undefined : SCALES[unit];
  const text = String(written);
  if (scale === undefined) {
    if (PLAIN.test(text)) return { value: Number(text) };
    return {
      mistake: `"${text}" is not a plain number, which ${unit === null ? 'a ratio' : 'this metric'} is`,
    };
  }
  if (written === 0) return { value: 0 };
  if (typeof written === 'number') return { mistake: withoutUnit(scale.dimension, text) };
  const reading = parseQuantity(scale.dimension, text, { negative: true });
  return 'value' in reading ? { value: reading.value / scale.base } : reading;
};

/** A figure in `unit` as one would write it in a scenario, to six digits. */
export const writeFigure = (value: number, unit: string | null): string => {
  const shown = Number(value.toPrecision(6)).toString();
  const scale = unit === null ? undefined : SCALES[unit];
  return scale === undefined ? shown : `${shown} ${scale.name}`;
};
