/** From the axes of a scenario to its points: cases and one or two swept parameters make a grid. */
import { exp, log } from '../kernel/elementary.ts';
import type { Scenario } from './schema.ts';
import { BIT_RATE, COUNT, type Dimension, FREQUENCY, RATE, SHARE, SIZE, TIME } from './text/dimensions.ts';
import { formatQuantity, parseQuantity } from './text/quantity.ts';

/** One thing that differs between points. */
export interface Setting {
  readonly path: string;
  readonly value: unknown;
}

/** A point of the grid, before it is validated: what to set, and how its rows are labelled. */
export interface GridPoint {
  readonly settings: readonly Setting[];
  readonly labels: Readonly<Record<string, string>>;
}

type Axis = NonNullable<Scenario['sweep']>[string];

const DIMENSIONS: readonly Dimension[] = [TIME, RATE, BIT_RATE, SIZE, FREQUENCY, SHARE, COUNT];
/** Points of one scenario: more is a slip of the pen. */
export const POINTS_MAX = 10_000;

const read = (text: string | number): { value: number; dimension: Dimension | null } => {
  if (typeof text === 'number') return { value: text, dimension: null };
  for (const dimension of DIMENSIONS) {
    const reading = parseQuantity(dimension, text, {});
    if ('value' in reading) return { value: reading.value, dimension };
  }
  throw new RangeError(`"${text}" is no quantity that can be stepped through`);
};

/** Falling or rising, never level. */
const inOrder = (values: readonly number[]): boolean => {
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
  const from = read(axis.from);
  const to = read(axis.to);
  if (from.dimension !== to.dimension) throw new RangeError('from and to have different units');
  const { steps, scale } = axis;
  if (scale === 'log' && !(from.value > 0 && to.value > 0))
    throw new RangeError('a log axis needs positive ends');
  const exact = Array.from({ length: steps }, (_, i) => {
    const share = i / (steps - 1);
    if (share === 0 || share === 1) return share === 0 ? from.value : to.value;
    return scale === 'linear'
      ? from.value + (to.value - from.value) * share
      : exp(log(from.value) + (log(to.value) - log(from.value)) * share);
  });
  const { dimension } = from;
  return rounded(exact, dimension).map((value) =>
    dimension === null ? value : formatQuantity(dimension, value),
  );
};

/** All points, cases outermost, the last axis fastest. */
export const grid = (scenario: Pick<Scenario, 'cases' | 'sweep'>): GridPoint[] => {
  let points: GridPoint[] = [{ settings: [], labels: {} }];
  if (scenario.cases !== undefined) {
    points = Object.entries(scenario.cases).map(([name, values]) => ({
      settings: Object.entries(values).map(([path, value]) => ({ path, value })),
      labels: { case: name },
    }));
  }
  for (const [path, axis] of Object.entries(scenario.sweep ?? {})) {
    const values = valuesOf(axis);
    if (points.length * values.length > POINTS_MAX) throw new RangeError(`more than ${POINTS_MAX} points`);
    points = points.flatMap(({ settings, labels }) =>
      values.map((value) => ({
        settings: [...settings, { path, value }],
        labels: { ...labels, [path]: String(value) },
      })),
    );
  }
  return points;
};
