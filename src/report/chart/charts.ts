/** Every picture of a run, made from the rows of its CSV files alone. */

import type { ChartSpec } from '../drawing/spec.ts';
import type { Results } from '../rows.ts';
import { axesOf } from './axes.ts';
import { cycleCharts } from './cycles.ts';
import type { Question } from './heading.ts';
import { latencyCharts } from './latency.ts';
import { loadLatencyCharts } from './load-latency.ts';
import { stageCharts } from './stages.ts';
import { throughputCharts } from './throughput.ts';

/** @param asked the scenario's own title and question, written under each chart's title. */
export const charts = ({ summary, costs, stages }: Results, asked: Question = {}): ChartSpec[] => {
  const axes = axesOf(summary);
  return [
    ...latencyCharts(summary, axes, asked),
    ...loadLatencyCharts(summary, axes, asked),
    ...throughputCharts(summary, axes, asked),
    ...cycleCharts(costs, summary, axes, asked),
    ...stageCharts(stages, summary, axes, asked),
  ];
};
