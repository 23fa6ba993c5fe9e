/** The values of an axis: as they are listed, in so many steps, or in steps of such a size. */
import { z } from 'zod';
import { exp, log } from '../../kernel/elementary.ts';
import { BIT_RATE, COUNT, type Dimension, FREQUENCY, RATE, SHARE, SIZE, TIME } from '../text/dimensions.ts';
import { formatQuantity, parseQuantity } from '../text/quantity.ts';

/** One thing that differs between points. */
export interface Setting {
  readonly path: string;
  readonly value: unknown;
}

const value = z.union([z.string(), z.number(), z.boolean()]);
const end = z.union([z.string(), z.number()]);
const scale = z.enum(['linear', 'log']).default('linear');

export const listSchema = z.array(value).min(1);
export const rangeSchema = z.strictObject({ from: end, to: end, scale });

export const axisSchema = z.union([
  listSchema,
  z.strictObject({
    ...rangeSchema.shape,
    steps: z.int().min(2).max(1000).describe('values, both ends included'),
  }),
  z.strictObject({
    ...rangeSchema.shape,
    by: end.describe('from one value to the next, up to `to`: the difference, or the factor on a log scale'),
  }),
]);

export type Axis = z.output<typeof axisSchema>;
export type Range = z.output<typeof rangeSchema>;

export const DIMENSIONS: readonly Dimension[] = [TIME, RATE, BIT_RATE, SIZE, FREQUENCY, SHARE, COUNT];
/** Points of one scenario: more is a slip of the pen. */
export const POINTS_MAX = 10_000;

export interface Quantity {
  readonly value: number;
  /** Null: a bare number. */
  readonly dimension: Dimension | null;
}

const read = (text: string | number): Quantity => {
  if (typeof text === 'number') return { value: text, dimension: null };
  for (const dimension of DIMENSIONS) {
    const reading = parseQuantity(dimension, text, {});
    if ('value' in reading) return { value: reading.value, dimension };
  }
  throw new RangeError(`"${text}" is no quantity that can be stepped through`);
};

/** Falling or rising, never level. */
const inOrder = (values: readonly number[]): boolean => {
  if (values.length === 1) return true;
  const rises = values[0] < values[values.length - 1];
  return values.every((value, i) => i === 0 || (value !== values[i - 1] && value > values[i - 1] === rises));
};

/** Three significant digits read well; more where neighbours would fall together. The ends are exact. */
const rounded = (exact: readonly number[], dimension: Dimension | null): readonly number[] => {
  const last = exact.length - 1;
  for (let digits = 3; digits <= 15; digits++) {
    const values = exact.map((value, i) => {
      if (i === 0 || i === last) return value;
      const short = Number(value.toPrecision(digits));
      return dimension?.split === undefined ? short : Math.round(short);
    });
    if (inOrder(values)) return values;
  }
  throw new RangeError(`${exact.length} steps do not fit between the ends`);
};

/** The values of an axis, as a scenario would write them. @throws RangeError on ends of different dimensions. */
export const valuesOf = (axis: Axis): readonly (string | number | boolean)[] => {
  if (Array.isArray(axis)) {
    const twice = axis.find((value, i) => axis.findIndex((other) => String(other) === String(value)) < i);
    if (twice !== undefined) throw new RangeError(`${twice} stands twice in one axis`);
    return axis;
  }
  const ends = endsOf(axis);
  const values =
    'steps' in axis ? rounded(inSteps(ends, axis.steps), ends.dimension) : bySteps(ends, axis.by);
  return values.map((each) => written(each, ends.dimension));
};

/** As a scenario would write it. */
export const written = (value: number, dimension: Dimension | null): string | number =>
  dimension === null ? value : formatQuantity(dimension, value);

export interface Ends {
  readonly from: number;
  readonly to: number;
  readonly scale: Range['scale'];
  readonly dimension: Dimension | null;
}

/** @throws RangeError on ends of different dimensions, and on a log scale that is not positive. */
export const endsOf = (range: Range): Ends => {
  const from = read(range.from);
  const to = read(range.to);
  if (from.dimension !== to.dimension) throw new RangeError('from and to have different units');
  const { scale } = range;
  if (scale === 'log' && !(from.value > 0 && to.value > 0))
    throw new RangeError('a log axis needs positive ends');
  return { from: from.value, to: to.value, scale, dimension: from.dimension };
};

/** What lies at `share` of the way between the ends, from 0 to 1. */
export const between = ({ from, to, scale }: Ends, share: number): number =>
  scale === 'linear' ? from + (to - from) * share : exp(log(from) + (log(to) - log(from)) * share);

const inSteps = (ends: Ends, steps: number): number[] =>
  Array.from({ length: steps }, (_, i) => {
    const share = i / (steps - 1);
    if (share === 0 || share === 1) return share === 0 ? ends.from : ends.to;
    return between(ends, share);
  });

/** Steps of binary fractions do not miss the last one, and are written as they are meant. */
const SLACK = 1e-9;
const DIGITS = 12;

const bySteps = ({ from, to, scale, dimension }: Ends, by: string | number): number[] => {
  const step = read(by);
  const factor = scale === 'log';
  if (factor && !(step.dimension === null && step.value > 1))
    throw new RangeError('on a log scale by is a factor above 1, without a unit');
  if (!factor && step.dimension !== dimension) throw new RangeError('by has another unit than from and to');
  if (!factor && !(step.value > 0)) throw new RangeError('by must be positive');
  const rises = from <= to;
  const next = (value: number): number => {
    if (factor) return rises ? value * step.value : value / step.value;
    return rises ? value + step.value : value - step.value;
  };
  const within = (value: number): boolean =>
    rises ? value <= to + SLACK * Math.abs(to) : value >= to - SLACK * Math.abs(to);
  const values: number[] = [];
  for (let value = from; within(value); value = next(value)) {
    if (values.length === POINTS_MAX) throw new RangeError(`more than ${POINTS_MAX} steps`);
    const short = Number(value.toPrecision(DIGITS));
    values.push(dimension?.split === undefined ? short : Math.round(short));
  }
  if (!inOrder(values)) throw new RangeError('some steps fall together when they are written');
  return values;
};
