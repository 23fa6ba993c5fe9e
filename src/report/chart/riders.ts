/**
 * Parameters that differ only along with another one: those that go in step with it (`zip`), and those that were drawn with it
 * (`sample`). A chart has no axis for them, and says so.
 */
import type { Point, Results } from '../rows.ts';
import { type Axis, axesOf, loadAxis } from './axes.ts';

/** Each value of `leader` has one value of `other` beside it. */
const leads = (rows: readonly Point[], leader: Axis, other: Axis): boolean => {
  const beside = new Map<string, string>();
  for (const { swept } of rows) {
    const value = swept[leader.path];
    const known = beside.get(value);
    if (known !== undefined && known !== swept[other.path]) return false;
    beside.set(value, swept[other.path]);
  }
  return true;
};

interface Rider {
  readonly axis: Axis;
  readonly leader: Axis;
}

const ridersOf = (rows: readonly Point[]): Rider[] => {
  const axes = axesOf(rows);
  const load = loadAxis(axes);
  const leaders: Axis[] = [];
  const riders: Rider[] = [];
  for (const axis of [...(load === null ? [] : [load]), ...axes.filter((each) => each !== load)]) {
    const leader = leaders.find((other) => leads(rows, other, axis));
    if (leader === undefined) leaders.push(axis);
    else riders.push({ axis, leader });
  }
  return riders;
};

const without = <Row extends Point>(rows: readonly Row[], paths: ReadonlySet<string>): Row[] =>
  rows.map((row) => ({
    ...row,
    swept: Object.fromEntries(Object.entries(row.swept).filter(([path]) => !paths.has(path))),
  }));

/** The rows without riders, and what to say of them; '' where there are none. */
export const withoutRiders = (results: Results): { readonly results: Results; readonly note: string } => {
  const riders = ridersOf(results.summary);
  if (riders.length === 0) return { results, note: '' };
  const paths = new Set(riders.map(({ axis }) => axis.path));
  const { summary, costs, stages } = results;
  return {
    results: {
      summary: without(summary, paths),
      costs: without(costs, paths),
      stages: without(stages, paths),
    },
    note: riders.map(({ axis, leader }) => `${axis.name} differs with ${leader.name}`).join(' · '),
  };
};
