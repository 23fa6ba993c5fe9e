/** Paired differences in the terminal: each datapath against the first one, on the same arrivals. */
import { measured } from './format.ts';
import type { SummaryRow } from './rows.ts';
import { groupBy, pointKey } from './select.ts';

/** What is printed; the other compared figures are in summary.csv. */
const PRINTED = /^(p50|p99) vs (.+)$/;

/** A difference that may be zero is no difference. */
const signed = (row: SummaryRow): string => {
  const { value, ci_low: low, ci_high: high, unit } = row;
  if (value === null || low === null || high === null) return '–';
  if (low <= 0 && high >= 0 && high > low) return 'no difference seen';
  const text = measured(
    Math.abs(value),
    Math.abs(value) - (high - low) / 2,
    Math.abs(value) + (high - low) / 2,
    unit,
  );
  return `${value < 0 ? '−' : '+'}${text}`;
};

/** One line per workload, point and percentile; '' where a scenario has one datapath only. */
export const differences = (rows: readonly SummaryRow[]): string => {
  const printed = rows.filter((row) => row.metric === 'latency' && PRINTED.test(row.statistic));
  if (printed.length === 0) return '';
  const lines = [
    ...groupBy(printed, (row) => `${row.workload} ${pointKey(row.swept)} ${row.statistic}`).values(),
  ].map((group) => {
    const [first] = group;
    const [, percentile, baseline] = PRINTED.exec(first.statistic) as RegExpExecArray;
    const at = Object.values(first.swept).join(', ');
    const each = group.map((row) => `${row.datapath} ${signed(row)}`).join('   ');
    return `${first.workload}${at === '' ? '' : ` (${at})`}: ${percentile} beside ${baseline}: ${each}`;
  });
  return ['paired differences, 95 % intervals', ...lines.map((line) => `  ${line}`)].join('\n');
};
