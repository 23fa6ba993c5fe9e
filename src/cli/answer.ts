/** Answers the question of a scenario from its results, as far as it says how. */
import { seriesOver } from '../experiment/answers/groups.ts';
import { holdsOf } from '../experiment/answers/holds.ts';
import { kneeIn } from '../experiment/answers/knees.ts';
import { NoFigureError } from '../experiment/capacity/requirements.ts';
import type { PointResult } from '../experiment/run-point.ts';
import { answersText, holdsText, kneeText } from '../report/answer-text.ts';
import { parseQuantity } from '../report/format.ts';
import type { HoldsAnswer, KneeAnswer } from '../scenario/answer-schema.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { splitMetric } from '../scenario/metrics.ts';
import { type Objective, readObjective } from '../scenario/objective.ts';

const unitOf = (metric: string): string => splitMetric(metric)?.metric.unit ?? '';

const holds = ({ over, slo }: HoldsAnswer, results: readonly PointResult[], alone: boolean): string[] => {
  // Read before, when the scenario was checked.
  const objectives = slo.map((text) => readObjective(text) as Objective);
  return seriesOver(results, over).map((series) =>
    holdsText(
      holdsOf(series, objectives),
      objectives.map(({ text }) => text),
      over,
      alone,
    ),
  );
};

const knees = (asked: KneeAnswer, results: readonly PointResult[], alone: boolean): string[] => {
  const words = {
    over: asked.over,
    metric: asked.metric,
    metricUnit: unitOf(asked.metric),
    price: asked.price,
    priceUnit: unitOf(asked.price),
  };
  const number = (value: string): number => parseQuantity(value)?.value ?? Number.NaN;
  return seriesOver(results, asked.over).map((series) =>
    kneeText(kneeIn(series, asked, number), words, alone),
  );
};

/** The question and its answers; '' where the scenario does not say how. */
export const answer = ({ base, points }: LoadedScenario, results: readonly PointResult[]): string => {
  if (base.answer.length === 0) return '';
  const alone = new Set(points.flatMap(({ scenario }) => scenario.datapaths)).size === 1;
  const sentences = base.answer.flatMap((each) => {
    try {
      return each.kind === 'holds' ? holds(each, results, alone) : knees(each, results, alone);
    } catch (error) {
      if (error instanceof NoFigureError) return [error.message];
      throw error;
    }
  });
  return answersText(base.question, sentences);
};
