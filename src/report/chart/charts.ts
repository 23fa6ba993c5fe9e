/** Every picture of a run, made from the rows of its CSV files alone. */

import type { ChartSpec } from '../drawing/spec.ts';
import type { Results } from '../rows.ts';
import { withoutCopies } from '../select.ts';
import { axesOf } from './axes.ts';
import { countCharts } from './counts.ts';
import { cycleCharts } from './cycles.ts';
import type { Question } from './heading.ts';
import { latencyCharts } from './latency.ts';
import { loadLatencyCharts } from './load-latency.ts';
import { withoutRiders } from './riders.ts';
import { stageCharts } from './stages.ts';
import { throughputCharts } from './throughput.ts';

/** Kinds of pictures, as a scenario and the files name them, in the order in which they are drawn. */
export const CHART_KINDS = ['latency', 'load-latency', 'throughput', 'cycles', 'stages', 'counts'] as const;
export type ChartKind = (typeof CHART_KINDS)[number];
/** What is drawn where nobody says: `counts` answers a question of its own. */
const UNASKED = CHART_KINDS.filter((kind) => kind !== 'counts');

/**
 * @param scenario its own title and question, written under each chart's title.
 * @param kinds those that are wanted; results that do not allow one yield none of it.
 */
export const charts = (
  all: Results,
  scenario: Question = {},
  kinds: readonly ChartKind[] = UNASKED,
): ChartSpec[] => {
  const { results, note } = withoutRiders({ ...all, summary: withoutCopies(all.summary) });
  const { summary, costs, stages } = results;
  const asked = note === '' ? scenario : { ...scenario, riders: note };
  const axes = axesOf(summary);
  const drawn: Record<ChartKind, () => ChartSpec[]> = {
    latency: () => latencyCharts(summary, axes, asked),
    'load-latency': () => loadLatencyCharts(summary, axes, asked),
    throughput: () => throughputCharts(summary, axes, asked),
    cycles: () => cycleCharts(costs, summary, axes, asked),
    stages: () => stageCharts(stages, summary, axes, asked),
    counts: () => countCharts(summary, axes, asked),
  };
  return CHART_KINDS.filter((kind) => kinds.includes(kind)).flatMap((kind) => drawn[kind]());
};
