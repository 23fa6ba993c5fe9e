/** Where a request spends its time: its mean latency cut into working and waiting stages, a bar per datapath. */

import type { Bar } from '../drawing/bar-data.ts';
import type { Part } from '../drawing/bar-key.ts';
import { barChart } from '../drawing/bars.ts';
import type { ChartSpec } from '../drawing/spec.ts';
import { CONFIG } from '../drawing/theme.ts';
import { displayForAll, quantity } from '../format.ts';
import type { StageRow, SummaryRow } from '../rows.ts';
import { groupBy, pointKey, unique } from '../select.ts';
import { isSaturated, reason, worst } from '../verdict.ts';
import type { Axis } from './axes.ts';
import { barPanels } from './bar-panels.ts';
import { heading, type Question, verdictNotes } from './heading.ts';
import { type Sheet, sheets } from './sheet.ts';

/** Stages below this share of every bar shown are lumped together. */
const SMALL = 0.015;
const PARTS_MAX = 28;
/** Panels lie below each other here, and the page ends. */
const ROOM = { columns: 2, rows: 2 };
const OTHER = 'other, smaller';

/** One order that keeps that of each bar: a new stage goes behind the one it follows. */
export const mergedOrder = (lists: readonly (readonly string[])[]): string[] => {
  const order: string[] = [];
  for (const list of lists) {
    let behind = -1;
    for (const name of list) {
      const known = order.indexOf(name);
      if (known < 0) order.splice(++behind, 0, name);
      else behind = Math.max(behind, known);
    }
  }
  return order;
};

export const stageCharts = (
  stages: readonly StageRow[],
  summary: readonly SummaryRow[],
  axes: readonly Axis[],
  asked: Question,
): ChartSpec[] =>
  sheets(axes, unique(stages.map((row) => row.workload)), ROOM).flatMap((sheet) => {
    const spec = stageChart(stages, summary, sheet, axes, asked);
    return spec === null ? [] : [{ name: `stages${sheet.suffix}`, spec }];
  });

const stageChart = (
  stages: readonly StageRow[],
  summary: readonly SummaryRow[],
  sheet: Sheet,
  axes: readonly Axis[],
  asked: Question,
): ChartSpec['spec'] | null => {
  const judged = summary.filter(
    (row) => row.workload !== '' && sheet.place(row.workload, row.swept) !== null,
  );
  const verdicts = groupBy(judged, (row) => barKey(row));
  const verdictOf = (key: string): string => worst(verdicts.get(key) ?? []);
  const shown = stages.filter((row) => sheet.place(row.workload, row.swept) !== null);
  const bars = groupBy(shown, barKey);
  const steady = [...bars].filter(([key]) => !isSaturated(verdictOf(key))).map(([, rows]) => rows);
  if (steady.length === 0) return null;
  for (const rows of bars.values()) rows.sort((a, b) => a.position - b.position);

  const parts = partsOf(steady);
  const display = displayForAll(steady.map(totalOf), 'ns');
  const partAt = new Map(parts.map((part, at) => [part.name, at]));
  const other = partAt.get(OTHER) ?? -1;

  const barOf = (rows: readonly StageRow[]): Bar => {
    const [{ datapath }] = rows;
    const verdict = verdictOf(barKey(rows[0]));
    if (isSaturated(verdict)) {
      const station = reason(verdict);
      return {
        label: datapath,
        sizes: [],
        note: `saturated${station === '' ? '' : ` (${station})`}`,
        interval: null,
      };
    }
    const sizes = parts.map((_, part) => ({ part, size: 0 }));
    for (const row of rows) sizes[partAt.get(row.stage) ?? other].size += row.mean_ns * display.per;
    return {
      label: datapath,
      sizes: sizes.filter(({ size }) => size > 0),
      note: quantity(totalOf(rows), 'ns'),
      interval: null,
    };
  };

  const panels = barPanels(sheet, [...bars.values()], {
    placeOf: ([first]) => sheet.place(first.workload, first.swept),
    barOf,
  });
  return {
    title: heading('Where a request spends its time: mean latency by stage', asked, [
      ['solid: working', 'hatched: waiting', ...sheet.fixed].join(' · '),
      ...verdictNotes(judged, axes),
    ]),
    config: CONFIG,
    ...barChart({
      panels,
      parts,
      quantity: `mean latency (${display.unit})`,
      wholeName: 'mean latency',
    }),
  };
};

const barKey = (row: StageRow | SummaryRow): string =>
  `${row.datapath} ${row.workload} ${pointKey(row.swept)}`;

const totalOf = (rows: readonly StageRow[]): number => rows.reduce((sum, row) => sum + row.mean_ns, 0);

/** The stages that get a number, in the order of a request's life, then the lump of small ones if any. */
const partsOf = (bars: readonly (readonly StageRow[])[]): Part[] => {
  const largest = new Map<string, number>();
  const striped = new Set<string>();
  for (const rows of bars) {
    const total = totalOf(rows);
    for (const row of rows) {
      largest.set(row.stage, Math.max(largest.get(row.stage) ?? 0, row.mean_ns / total));
      if (row.kind === 'waiting') striped.add(row.stage);
    }
  }
  const ranked = [...largest].filter(([, share]) => share >= SMALL).sort((a, b) => b[1] - a[1]);
  const named = new Set(ranked.slice(0, PARTS_MAX).map(([name]) => name));
  const order = mergedOrder(bars.map((rows) => rows.map((row) => row.stage))).filter((name) =>
    named.has(name),
  );
  const parts = order.map((name, i) => ({ name, number: String(i + 1), striped: striped.has(name) }));
  return named.size === largest.size ? parts : [...parts, { name: OTHER, number: '', striped: false }];
};
