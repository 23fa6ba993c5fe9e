/** Whether what a scenario says of its capacity and its answer can be read. */
import { reporter } from './check.ts';
import type { Point } from './check-selectors.ts';
import { METRICS, splitMetric } from './metrics.ts';
import { readObjective } from './objective.ts';
import type { Scenario } from './schema.ts';
import { didYouMean, type Mistake, type PathKey } from './text/mistake.ts';
import { nearest } from './text/nearest.ts';
import type { Places } from './text/places.ts';

export const checkAnswers = (
  { capacity, answer }: Scenario,
  points: readonly Point[],
  places: Places,
): Mistake[] => {
  const { found, mistake } = reporter(places);
  const names = new Set(
    points.flatMap(({ scenario, copies }) =>
      [scenario.workloads, scenario.vms, copies.workloads, copies.vms].flatMap((all) => Object.keys(all)),
    ),
  );
  const objectives = (texts: readonly string[], at: readonly PathKey[]): void => {
    texts.forEach((text, i) => {
      const read = readObjective(text);
      if ('mistake' in read) mistake([...at, i], read.mistake);
      else if (read.workload !== null && !names.has(read.workload))
        mistake([...at, i], `there is no workload or VM "${read.workload}"`);
    });
  };
  const metric = (name: string, at: readonly PathKey[]): void => {
    if (splitMetric(name) !== null) return;
    const near = nearest(
      name,
      METRICS.map(({ name: known }) => known),
    );
    mistake(at, `there is no metric "${name}"${didYouMean(near)}`);
  };
  const swept = new Set(points.flatMap(({ labels }) => Object.keys(labels)));
  if (capacity !== undefined) objectives(capacity.slo, ['capacity', 'slo']);
  answer.forEach((each, i) => {
    if (!swept.has(each.over)) mistake(['answer', i, 'over'], `the scenario does not sweep "${each.over}"`);
    if (each.kind === 'holds') objectives(each.slo, ['answer', i, 'slo']);
    else {
      metric(each.metric, ['answer', i, 'metric']);
      metric(each.price, ['answer', i, 'price']);
    }
  });
  return found;
};
