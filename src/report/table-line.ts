/** One line of the comparison: what a datapath did for a workload at a point, as short texts. */
import { measured, quantity } from './format.ts';
import type { SummaryRow } from './rows.ts';
import { type Figure, latency, whole } from './select.ts';
import { isSaturated, isUnbound, reason, worst } from './verdict.ts';

export interface Line {
  readonly cells: readonly string[];
  readonly verdict: string;
}

const NONE = '–';

/**
 * @param rows of one datapath at one point, all workloads.
 * @param options.intervals how many of (cycles, carried load) show theirs, beside the percentiles.
 */
export const lineOf = (
  rows: readonly SummaryRow[],
  { workload, intervals }: { workload: string; intervals: number },
): Line => {
  const verdict = worst(rows.filter((row) => row.workload === workload));
  const saturated = isSaturated(verdict);
  const figure = (metric: string): Figure | null => whole(rows, workload, metric);
  const percentile = (name: string): string => shown(latency(rows, workload, name), true);
  const station = reason(verdict);
  // A saturated point has no steady-state percentile: what is full says more.
  const percentiles = saturated
    ? [station === '' ? 'saturated' : station.startsWith('stopped') ? station : `full: ${station}`, '']
    : isUnbound(verdict)
      ? [station, '']
      : [percentile('p50'), percentile('p99')];
  return {
    verdict,
    cells: [
      rows[0].datapath,
      ...percentiles,
      isUnbound(verdict) ? NONE : shown(figure('throughput.requests'), intervals > 1),
      shown(figure('cycles'), intervals > 0),
      cores(figure('cpu')),
      together(figure('exits.device'), figure('exits.other')),
      together(figure('interrupts.taken')),
      verdict === '' ? NONE : verdict.split(/[:( ]/)[0],
    ],
  };
};

const shown = (figure: Figure | null, interval: boolean): string => {
  if (figure === null) return NONE;
  const { value, low, high, unit } = figure;
  return interval ? measured(value, low, high, unit) : quantity(value, unit);
};

const cores = (figure: Figure | null): string => {
  if (figure === null) return NONE;
  return (figure.unit === '%' ? figure.value / 100 : figure.value).toFixed(2);
};

const together = (...figures: readonly (Figure | null)[]): string => {
  const known = figures.filter((figure) => figure !== null);
  if (known.length === 0) return NONE;
  return quantity(
    known.reduce((all, { value }) => all + value, 0),
    '',
  );
};
