/** Latency percentiles by datapath: the tail on an axis of nines, a panel per workload and swept value. */

import { inDatapathOrder } from '../datapath-order.ts';
import { curves } from '../drawing/marks.ts';
import { logAxis, rounded } from '../drawing/scale.ts';
import type { ChartSpec, View } from '../drawing/spec.ts';
import { CONFIG } from '../drawing/theme.ts';
import { displayForAll } from '../format.ts';
import type { SummaryRow } from '../rows.ts';
import { figureOf, workloadsOf } from '../select.ts';
import { isSaturated } from '../verdict.ts';
import type { Axis } from './axes.ts';
import { hasInterval, heading, INTERVALS, type Question, verdictNotes } from './heading.ts';
import { inPanels, type Sheet, sheets } from './sheet.ts';

/** The nines that are drawn; `1/(1-p)` spaces them evenly on a log axis. */
const PERCENTILES = ['p50', 'p90', 'p99', 'p99.9', 'p99.99'];
const nines = (statistic: string): number => rounded(1 / (1 - Number(statistic.slice(1)) / 100));

export const latencyCharts = (
  rows: readonly SummaryRow[],
  axes: readonly Axis[],
  asked: Question,
): ChartSpec[] => {
  const workloads = workloadsOf(rows.filter((row) => row.metric === 'latency'));
  return sheets(axes, workloads, { columns: 4, rows: 3 }).flatMap((sheet) => {
    const spec = latencyChart(rows, sheet, axes, asked);
    return spec === null ? [] : [{ name: `latency${sheet.suffix}`, spec }];
  });
};

const latencyChart = (
  rows: readonly SummaryRow[],
  sheet: Sheet,
  axes: readonly Axis[],
  asked: Question,
): View | null => {
  const shown = rows.filter((row) => sheet.place(row.workload, row.swept) !== null);
  const drawn = shown.filter(
    (row) =>
      row.metric === 'latency' &&
      row.component === '' &&
      PERCENTILES.includes(row.statistic) &&
      row.value !== null &&
      row.value > 0 &&
      !isSaturated(row.verdict),
  );
  if (drawn.length === 0) return null;
  const display = displayForAll(
    drawn.map((row) => row.value!),
    drawn[0].unit,
  );
  const values = drawn.map((row) => {
    const { value, low, high } = figureOf(row)!;
    return {
      ...sheet.place(row.workload, row.swept),
      datapath: row.datapath,
      percentile: row.statistic,
      nines: nines(row.statistic),
      latency: rounded(value * display.per),
      // A log axis has no zero: an interval that reaches it is cut far below the point.
      low: rounded(Math.max(low ?? value, value / 100) * display.per),
      high: rounded((high ?? value) * display.per),
    };
  });
  const y = logAxis(
    values.flatMap((one) => [one.low, one.high]),
    `latency (${display.unit})`,
  );
  // A short run has no p99.99: its place is not left empty.
  const used = PERCENTILES.filter((name) => values.some((one) => one.percentile === name));
  const x = {
    field: 'nines',
    type: 'quantitative',
    scale: { type: 'log', domain: [1.5, 1.8 * nines(used[used.length - 1])], nice: false },
    axis: {
      title: 'percentile (%)',
      values: used.map(nines),
      labelExpr: "format(100 - 100 / datum.value, '.6~r')",
      labelFlush: false,
    },
  };
  const names = inDatapathOrder(drawn.map((row) => row.datapath));
  const layer = curves({
    names,
    x,
    y: (field) => ({ field, type: 'quantitative', scale: y.scale, axis: y.axis }),
    field: 'latency',
  });
  return {
    title: heading('Request latency by percentile and datapath', asked, [
      [...sheet.fixed, ...(values.some(hasInterval) ? [INTERVALS] : [])].join(' · '),
      ...verdictNotes(shown, axes),
    ]),
    config: CONFIG,
    ...inPanels(layer, values, { names, columns: sheet.columns, rows: sheet.rows }),
  };
};
