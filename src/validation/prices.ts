/** Which prices a case rests on: those that somebody paid, how often, and who says so. */
import { occurrences } from '../experiment/occurrences.ts';
import type { PointResult } from '../experiment/run-point.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import type { PriceRow } from './rows.ts';

/** Prices that were paid or that the case names itself, free ones left out. */
export const pricesOf = (loaded: LoadedScenario, result: PointResult): PriceRow[] => {
  const { point, datapath } = result;
  const own = point.scenario.costs;
  const machine = point.scenario.machine.replace(/^.*\//, '');
  return occurrences(loaded.name, result).flatMap(({ component: cost, value }) => {
    const { cycles, ns, kind, source = '' } = point.profile.costs[cost];
    const isFree = (cycles ?? 0) === 0 && (ns ?? 0) === 0;
    if (value === null || isFree || value === 0) return [];
    return [
      {
        scenario: loaded.name,
        datapath,
        swept: point.labels,
        cost,
        cycles: cycles ?? null,
        ns: ns ?? null,
        per_request: value,
        kind,
        given_by: Object.hasOwn(own, cost) ? 'case' : machine,
        source,
      },
    ];
  });
};
