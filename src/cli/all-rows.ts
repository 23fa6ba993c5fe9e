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

/** The rows of every point, with the differences between its datapaths. */
export const allRows = (loaded: LoadedScenario, results: readonly PointResult[]): PointRows => {
  const rows = joined(results.map((result) => summarise(loaded.name, result)));
  const compared = loaded.points.flatMap(({ labels }) => {
    const here = results.filter(({ point }) => point.labels === labels);
    const mine = rows.summary.filter(({ swept }) => swept === labels);
    return comparisons(loaded.name, here, mine);
  });
  return { ...rows, summary: [...rows.summary, ...compared] };
};
