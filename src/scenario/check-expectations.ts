/** Whether each expectation speaks of something that the scenario runs. */

import { reporter } from './check.ts';
import type { Expectation, Selector } from './expectation-schema.ts';
import { readFigure } from './figure.ts';
import { METRICS, splitMetric } from './metrics.ts';
import type { Scenario } from './schema.ts';
import { didYouMean, type Mistake } from './text/mistake.ts';
import { nearest } from './text/nearest.ts';
import type { Places } from './text/places.ts';

interface Point {
  readonly scenario: Scenario;
  readonly labels: Readonly<Record<string, string>>;
}

const NAMES = METRICS.map(({ name }) => name);

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
  const datapaths = new Set(points.flatMap(({ scenario }) => scenario.datapaths));
  const workloads = new Set(points.flatMap(({ scenario }) => Object.keys(scenario.workloads)));
  const labels = new Map<string, Set<string>>();
  for (const point of points) {
    for (const [path, value] of Object.entries(point.labels)) {
      labels.set(path, (labels.get(path) ?? new Set()).add(value));
    }
  }
  const unknown = (
    i: number,
    key: string,
    name: string | undefined,
    known: Iterable<string>,
    what: string,
  ): void => {
    const names = [...known];
    if (name === undefined || names.includes(name)) return;
    mistake(['expect', i, key], `${what} "${name}"${didYouMean(nearest(name, names))}`);
  };
  base.expect.forEach((entry, i) => {
    for (const part of [entry, entry.ratioTo, entry.differenceTo] as (Selector | undefined)[]) {
      unknown(i, 'workload', part?.workload, workloads, 'there is no workload');
      unknown(i, 'datapath', part?.datapath, datapaths, 'the scenario does not run');
      if (part?.metric !== undefined && splitMetric(part.metric) === null) {
        const near = nearest(part.metric, NAMES) ?? nearest(part.metric.replace(/\.[^.]*$/, ''), NAMES);
        mistake(['expect', i, 'metric'], `there is no metric "${part.metric}"${didYouMean(near)}`);
      }
      for (const [path, value] of Object.entries(part?.where ?? {})) {
        unknown(i, 'where', path, labels.keys(), 'the scenario does not sweep');
        unknown(i, 'where', String(value), labels.get(path) ?? [String(value)], `${path} is never`);
      }
    }
    for (const name of entry.order ?? []) {
      unknown(i, 'order', name, datapaths, 'the scenario does not run');
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
