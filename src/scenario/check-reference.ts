/** Whether a scenario's reference speaks of something that it runs, in the units of the metrics. */
import { reporter } from './check.ts';
import { type Point, SelectorCheck } from './check-selectors.ts';
import { readFigure } from './figure.ts';
import { splitMetric } from './metrics.ts';
import type { PublishedFigure, Reference, TheoryFigure } from './reference-schema.ts';
import type { Mistake, PathKey } from './text/mistake.ts';
import type { Places } from './text/places.ts';

type Say = (path: readonly PathKey[], message: string) => void;

const checkPublished = (
  entry: PublishedFigure,
  at: readonly PathKey[],
  names: SelectorCheck,
  say: Say,
): void => {
  const { without } = entry;
  for (const key of ['ratioTo', 'differenceTo', 'without'] as const) names.part([...at, key], entry[key]);
  for (const part of entry.plus ?? []) names.part([...at, 'plus'], part);
  const split = splitMetric(entry.metric);
  if (split === null) return;
  const unit = entry.ratioTo === undefined ? split.metric.unit : null;
  for (const [path, figures] of [
    [['measured'], entry.measured],
    [['without', 'value'], without?.value ?? []],
  ] as const) {
    for (const figure of [figures].flat()) {
      const reading = readFigure(figure, unit);
      if ('mistake' in reading) say([...at, ...path], reading.mistake);
    }
  }
  if (entry.as !== undefined && split.metric.name !== 'latency') {
    say([...at, 'as'], 'converts latencies only');
  }
  if (entry.as?.endsWith('two VMs') && !names.datapaths.has('native')) {
    say([...at, 'as'], 'needs the bare-metal path: the scenario does not run "native"');
  }
  if (without === undefined) return;
  const { value, because: _, ...selector } = without;
  if (value === undefined && Object.keys(selector).length === 0) {
    say([...at, 'without'], 'says neither another case or datapath nor a value');
  }
};

const checkTheory = (entry: TheoryFigure, at: readonly PathKey[], say: Say): void => {
  const split = splitMetric(entry.metric);
  if (split !== null && (split.metric.name !== 'latency' || split.statistic !== 'mean')) {
    say([...at, 'metric'], 'a formula gives latency.mean only');
  }
  if ((entry.model === 'M/G/1') !== (entry.variation !== undefined)) {
    say([...at, 'variation'], 'goes with M/G/1, and only with it');
  }
  if ((entry.model === 'M/M/c') !== (entry.servers !== undefined)) {
    say([...at, 'servers'], 'goes with M/M/c, and only with it');
  }
  const load = (entry.arrivals * entry.service) / 1e12 / (entry.servers ?? 1);
  if (load >= 1) say(at, `the load is ${Number(load.toPrecision(3))}: a queue has a mean below 1 only`);
};

/** @param points all points of the scenario. */
export const checkReference = (reference: Reference, points: readonly Point[], places: Places): Mistake[] => {
  const { found, mistake } = reporter(places);
  const names = new SelectorCheck(points, mistake);
  if (reference.kind === 'counted') {
    const at = (key: string): PathKey[] => ['reference', key];
    names.known(at('datapath'), reference.datapath, names.datapaths, 'the scenario does not run');
    for (const name of Object.keys(reference.operations)) {
      names.part([...at('operations'), name], { where: { case: name } });
    }
    return found;
  }
  for (const [i, entry] of reference.figures.entries()) {
    const at = ['reference', 'figures', i];
    names.part(at, entry);
    if ('model' in entry) checkTheory(entry, at, mistake);
    else checkPublished(entry, at, names, mistake);
  }
  return found;
};
