/** The rows of a whole run. */
import { comparisons } from '../experiment/compare.ts';
import type { PointResult } from '../experiment/run-point.ts';
import { type PointRows, summarise } from '../experiment/summarise.ts';
import type { LoadedScenario } from '../scenario/load.ts';

/** The rows of all points, in the order of the points. */
const joined = (all: readonly PointRows[]): PointRows => ({
  summary: all.flatMap(({ summary }) => summary),
  trials: all.flatMap(({ trials }) => trials),
  costs: all.flatMap(({ costs }) => costs),
  stages: all.flatMap(({ stages }) => stages),
});

/** By the point that they are of, whose labels they share. */
const byLabels = <T>(all: readonly T[], labelsOf: (each: T) => object): Map<object, T[]> => {
  const groups = new Map<object, T[]>();
  for (const each of all) {
    const labels = labelsOf(each);
    const group = groups.get(labels);
    if (group === undefined) groups.set(labels, [each]);
    else group.push(each);
  }
  return groups;
};

/** The rows of every point, with the differences between its datapaths. */
export const allRows = (loaded: LoadedScenario, results: readonly PointResult[]): PointRows => {
  const rows = joined(results.map((result) => summarise(loaded.name, result)));
  const resultsAt = byLabels(results, ({ point }) => point.labels);
  const rowsAt = byLabels(rows.summary, ({ swept }) => swept);
  const compared = loaded.points.flatMap(({ labels }) =>
    comparisons(loaded.name, resultsAt.get(labels) ?? [], rowsAt.get(labels) ?? []),
  );
  return { ...rows, summary: [...rows.summary, ...compared] };
};
