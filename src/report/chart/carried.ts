/** What each workload carried on each datapath at each point, with its interval and whether that is all it can. */
import type { SummaryRow } from '../rows.ts';
import { type Figure, groupBy, pointKey, whole } from '../select.ts';
import { isSaturated, worst } from '../verdict.ts';

export interface Carried extends Figure {
  readonly row: SummaryRow;
  readonly saturated: boolean;
}

export const carriedLoads = (rows: readonly SummaryRow[]): Carried[] => {
  const groups = groupBy(
    rows.filter((row) => row.workload !== ''),
    (row) => `${row.datapath} ${row.workload} ${pointKey(row.swept)}`,
  );
  return [...groups.values()].flatMap((group) => {
    const figure = whole(group, group[0].workload, 'throughput.requests');
    return figure === null ? [] : [{ ...figure, row: group[0], saturated: isSaturated(worst(group)) }];
  });
};
