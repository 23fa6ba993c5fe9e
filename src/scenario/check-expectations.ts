/** Whether each expectation speaks of something that the scenario runs. */

import { reporter } from './check.ts';
import { type Point, SelectorCheck } from './check-selectors.ts';
import type { Expectation } from './expectation-schema.ts';
import { readFigure } from './figure.ts';
import { splitMetric } from './metrics.ts';
import type { Scenario } from './schema.ts';
import type { Mistake } from './text/mistake.ts';
import type { Places } from './text/places.ts';

/** Figures whose unit is not that of the metric, by key. */
const wrongFigures = (entry: Expectation): [key: string, message: string][] => {
  const split = splitMetric(entry.metric ?? '');
  if (split === null) return [];
  const unit = entry.ratioTo === undefined ? split.metric.unit : null;
  const figures = (['equals', 'below', 'above', 'between'] as const).flatMap((key) =>
    [entry[key] ?? []].flat().map((figure) => [key, readFigure(figure, unit)] as const),
  );
  return figures.flatMap(([key, reading]) => ('mistake' in reading ? [[key, reading.mistake]] : []));
};

/** @param points all points of the scenario: a case may have datapaths and workloads of its own. */
export const checkExpectations = (base: Scenario, points: readonly Point[], places: Places): Mistake[] => {
  const { found, mistake } = reporter(places);
  const names = new SelectorCheck(points, mistake);
  base.expect.forEach((entry, i) => {
    for (const part of [entry, entry.ratioTo, entry.differenceTo]) names.part(['expect', i], part);
    for (const name of entry.order ?? []) {
      names.known(['expect', i, 'order'], name, names.datapaths, 'the scenario does not run');
    }
    for (const [key, message] of wrongFigures(entry)) mistake(['expect', i, key], message);
    const { equals, below, above, between, order, saturates, metric } = entry;
    if ([equals, below, above, between, order, saturates].every((test) => test === undefined)) {
      mistake(['expect', i], 'says nothing to hold: equals, below, above, between, order or saturates');
    }
    if (metric === undefined && saturates === undefined) mistake(['expect', i], 'missing key "metric"');
  });
  return found;
};
