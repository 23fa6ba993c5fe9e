/** From the axes of a scenario to its points: cases, axes that go in step, axes whose product is taken, and points drawn at random. */
import { type Axis, POINTS_MAX, type Setting, valuesOf } from './axis.ts';
import { pointsOf, type Sample } from './sample.ts';

/** A point of the grid, before it is validated: what to set, and how its rows are labelled. */
export interface GridPoint {
  readonly settings: readonly Setting[];
  readonly labels: Readonly<Record<string, string>>;
}

/** What a scenario says of its points. */
interface Axes {
  readonly cases?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  readonly sweep?: Readonly<Record<string, Axis>> | undefined;
  readonly zip?: readonly Readonly<Record<string, Axis>>[] | undefined;
  readonly sample?: Sample | undefined;
}

/** Each point with each of these settings. */
const times = (points: readonly GridPoint[], choices: readonly (readonly Setting[])[]): GridPoint[] => {
  if (points.length * choices.length > POINTS_MAX) throw new RangeError(`more than ${POINTS_MAX} points`);
  return points.flatMap(({ settings, labels }) =>
    choices.map((chosen) => ({
      settings: [...settings, ...chosen],
      labels: {
        ...labels,
        ...Object.fromEntries(chosen.map(({ path, value }) => [path, String(value)])),
      },
    })),
  );
};

/** The values of several axes side by side. @throws RangeError where they are not equally many. */
const inStep = (group: Readonly<Record<string, Axis>>): Setting[][] => {
  const axes = Object.entries(group).map(([path, axis]) => ({ path, values: valuesOf(axis) }));
  const [first] = axes;
  const other = axes.find(({ values }) => values.length !== first.values.length);
  if (other !== undefined) {
    throw new RangeError(
      `zip: ${first.path} has ${first.values.length} values and ${other.path} has ${other.values.length}`,
    );
  }
  return first.values.map((_, i) => axes.map(({ path, values }) => ({ path, value: values[i] })));
};

/** A parameter that is set twice would be labelled by the second alone. */
const refuseTwice = ({ sweep = {}, zip = [], sample }: Axes): void => {
  const paths = [...zip.flatMap(Object.keys), ...Object.keys(sweep), ...Object.keys(sample?.over ?? {})];
  const twice = paths.find((path, i) => paths.indexOf(path) < i);
  if (twice !== undefined) throw new RangeError(`${twice} is varied twice`);
};

/** All points, cases outermost, then what goes in step, then the product, its last axis fastest, then what is drawn. */
export const grid = (scenario: Axes): GridPoint[] => {
  refuseTwice(scenario);
  let points: GridPoint[] = [{ settings: [], labels: {} }];
  if (scenario.cases !== undefined) {
    points = Object.entries(scenario.cases).map(([name, values]) => ({
      settings: Object.entries(values).map(([path, value]) => ({ path, value })),
      labels: { case: name },
    }));
  }
  for (const group of scenario.zip ?? []) points = times(points, inStep(group));
  for (const [path, axis] of Object.entries(scenario.sweep ?? {})) {
    points = times(
      points,
      valuesOf(axis).map((value) => [{ path, value }]),
    );
  }
  return scenario.sample === undefined ? points : times(points, pointsOf(scenario.sample));
};
