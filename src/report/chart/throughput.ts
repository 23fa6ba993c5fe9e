/** Carried requests per second: bars by datapath, or curves along a swept parameter. */
import type { ChartSpec } from '../drawing/spec.ts';
import type { SummaryRow } from '../rows.ts';
import { workloadsOf } from '../select.ts';
import { type Axis, loadAxis } from './axes.ts';
import { carriedLoads } from './carried.ts';
import type { Question } from './heading.ts';
import { sheets } from './sheet.ts';
import { throughputBars } from './throughput-bars.ts';
import { throughputCurves } from './throughput-curves.ts';

export const throughputCharts = (
  rows: readonly SummaryRow[],
  axes: readonly Axis[],
  asked: Question,
): ChartSpec[] => {
  const carried = carriedLoads(rows);
  if (carried.length === 0) return [];
  const workloads = workloadsOf(carried.map(({ row }) => row));
  const across = loadAxis(axes) ?? [...axes].sort((a, b) => b.steps.length - a.steps.length)[0];
  if (across === undefined) {
    return [{ name: 'throughput', spec: throughputBars(carried, workloads, asked) }];
  }
  const others = axes.filter((axis) => axis !== across);
  return sheets(others, workloads, { columns: 3, rows: 2 }).flatMap((sheet) => {
    const shown = carried.filter(({ row }) => sheet.place(row.workload, row.swept) !== null);
    if (shown.length === 0) return [];
    return [{ name: `throughput${sheet.suffix}`, spec: throughputCurves(shown, across, { sheet, asked }) }];
  });
};
