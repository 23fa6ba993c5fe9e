/** The points of a load sweep: for each datapath and workload the load that was delivered and how it went. */
import type { SummaryRow } from '../rows.ts';
import { groupBy, pointKey } from '../select.ts';
import { isSaturated, worst } from '../verdict.ts';
import type { Axis } from './axes.ts';
import { carriedLoads } from './carried.ts';

export interface LoadPlace {
  readonly row: SummaryRow;
  readonly rows: readonly SummaryRow[];
  /** Delivered load of the workload whose load is swept. */
  readonly load: number;
  readonly unit: string;
  readonly order: number;
  readonly saturated: boolean;
}

export const loadPlaces = (rows: readonly SummaryRow[], across: Axis): LoadPlace[] => {
  const keyOf = (datapath: string, workload: string, row: SummaryRow): string =>
    `${datapath} ${workload} ${pointKey(row.swept)}`;
  const carried = new Map(
    carriedLoads(rows).map((one) => [keyOf(one.row.datapath, one.row.workload, one.row), one]),
  );
  const groups = groupBy(
    rows.filter((row) => row.workload !== ''),
    (row) => keyOf(row.datapath, row.workload, row),
  );
  const timed = new Set(rows.filter((row) => row.metric === 'latency').map((row) => row.workload));
  return [...groups.values()].flatMap((group) => {
    const [row] = group;
    const delivered = carried.get(keyOf(row.datapath, across.workload ?? row.workload, row));
    const order = across.steps.findIndex((step) => step.text === row.swept[across.path]);
    if (delivered === undefined || order < 0 || !timed.has(row.workload)) return [];
    return [
      {
        row,
        rows: group,
        load: delivered.value,
        unit: delivered.unit,
        order,
        saturated: isSaturated(worst(group)),
      },
    ];
  });
};
