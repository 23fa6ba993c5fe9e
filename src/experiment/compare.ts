/** Datapaths against the first one of a point, replication by replication: all see the same arrivals. */
import type { SummaryRow } from './rows.ts';
import type { PointResult } from './run-point.ts';
import { pairedDifference } from './statistics/paired.ts';

/** What is compared: enough to say which datapath is better, and by how much. */
const COMPARED: readonly (readonly [metric: string, statistic: string])[] = [
  ['latency', 'mean'],
  ['latency', 'p50'],
  ['latency', 'p99'],
  ['throughput.requests', 'rate'],
  ['cycles', 'mean'],
];

const valuesOf = (result: PointResult, metric: string, statistic: string, workload: string): number[] =>
  result.trials.flatMap(({ measured }) =>
    measured
      .filter(
        (row) =>
          row.metric === metric &&
          row.statistic === statistic &&
          row.workload === workload &&
          row.component === '' &&
          (workload !== '' || row.vm === ''),
      )
      .map(({ value }) => value),
  );

/** Rows `<statistic> vs <datapath>`: the mean paired difference with its own interval. */
export const comparisons = (
  scenario: string,
  results: readonly PointResult[],
  rows: readonly SummaryRow[],
): SummaryRow[] => {
  const [baseline, ...others] = results;
  if (baseline === undefined) return [];
  return others.flatMap((result) =>
    rows
      .filter(
        (row) =>
          row.datapath === result.datapath &&
          row.component === '' &&
          row.value !== null &&
          COMPARED.some(([metric, statistic]) => row.metric === metric && row.statistic === statistic),
      )
      .flatMap((row) => {
        const mine = valuesOf(result, row.metric, row.statistic, row.workload);
        const theirs = valuesOf(baseline, row.metric, row.statistic, row.workload);
        const reference = rows.find(
          (other) =>
            other.datapath === baseline.datapath &&
            other.metric === row.metric &&
            other.statistic === row.statistic &&
            other.workload === row.workload &&
            other.component === '',
        );
        // Only replications that both ran can be paired, and only steady figures can be compared.
        const pairs = Math.min(mine.length, theirs.length);
        if (pairs < 2 || reference?.value == null) return [];
        const { mean, low, high } = pairedDifference(mine.slice(0, pairs), theirs.slice(0, pairs));
        return [
          {
            ...row,
            scenario,
            statistic: `${row.statistic} vs ${baseline.datapath}`,
            value: mean,
            ci_low: low,
            ci_high: high,
            replications: pairs,
          },
        ];
      }),
  );
};
