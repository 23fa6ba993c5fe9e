/** How often each named cost was paid per request: rows for expectations and references, which costs.csv has by payer. */
import type { SummaryRow } from './rows.ts';
import type { PointResult } from './run-point.ts';
import { interval } from './statistics/interval.ts';
import { verdictOf } from './summarise.ts';

/** One row for every price of the machine, 0 where nobody paid it. */
export const occurrences = (scenario: string, result: PointResult): SummaryRow[] => {
  const { point, datapath, trials } = result;
  const at = { scenario, datapath, swept: point.labels, vm: '', workload: '' };
  const verdict = verdictOf(result, at);
  const perTrial = trials.map(({ spending, completed }) => {
    const requests = [...completed.values()].reduce((sum, count) => sum + count, 0);
    const counts = new Map<string, number>();
    for (const { cost, count } of spending) counts.set(cost, (counts.get(cost) ?? 0) + count);
    return { requests, counts };
  });
  if (perTrial.some(({ requests }) => requests === 0)) return [];
  return Object.keys(point.profile.costs).map((cost) => {
    const { mean, low, high } = interval(
      perTrial.map(({ requests, counts }) => (counts.get(cost) ?? 0) / requests),
    );
    const what = { metric: 'occurrences', component: cost, statistic: 'mean', unit: '1/request' };
    const figures = { value: mean, ci_low: low, ci_high: high, replications: trials.length };
    return { ...at, ...what, ...figures, verdict };
  });
};
