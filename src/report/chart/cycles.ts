/** Who pays: cycles per request by payer, guest side first, a bar per datapath. */

import type { Bar } from '../drawing/bar-data.ts';
import type { Part } from '../drawing/bar-key.ts';
import { barChart } from '../drawing/bars.ts';
import type { ChartSpec } from '../drawing/spec.ts';
import { CONFIG } from '../drawing/theme.ts';
import { displayForAll, measured, quantity } from '../format.ts';
import type { CostRow, SummaryRow } from '../rows.ts';
import { groupBy, pointKey } from '../select.ts';
import { isSaturated, isUnbound, reason, worst } from '../verdict.ts';
import type { Axis } from './axes.ts';
import { barPanels } from './bar-panels.ts';
import { heading, type Question } from './heading.ts';
import { type Sheet, sheets } from './sheet.ts';

export const cycleCharts = (
  costs: readonly CostRow[],
  summary: readonly SummaryRow[],
  axes: readonly Axis[],
  asked: Question,
): ChartSpec[] =>
  sheets(axes, [''], { columns: axes.length > 1 ? 2 : 4, rows: 2 }).flatMap((sheet) => {
    const spec = cycleChart(costs, summary, sheet, asked);
    return spec === null ? [] : [{ name: 'cycles', spec }];
  });

const cycleChart = (
  costs: readonly CostRow[],
  summary: readonly SummaryRow[],
  sheet: Sheet,
  asked: Question,
): ChartSpec['spec'] | null => {
  const shown = costs.filter((row) => sheet.place('', row.swept) !== null);
  if (shown.length === 0) return null;
  const bars = groupBy(shown, barKey);
  const parts = partsOf(shown);
  const totals = new Map([...bars].map(([key, rows]) => [key, totalOf(rows)]));
  const display = displayForAll([...totals.values()], '');
  const points = groupBy(summary, barKey);

  const barOf = (rows: readonly CostRow[]): Bar => {
    const key = barKey(rows[0]);
    const total = totals.get(key)!;
    const here = points.get(key) ?? [];
    const sizes = parts.map((part, at) => ({
      part: at,
      size: totalOf(rows.filter((row) => row.payer === part.name)) * display.per,
    }));
    const interval = intervalOf(here, total);
    const figure = interval === null ? quantity(total, '') : measured(total, interval[0], interval[1], '');
    return {
      label: rows[0].datapath,
      sizes: sizes.filter(({ size }) => size > 0),
      note: isSaturated(worst(here)) ? `${figure}, saturated` : figure,
      interval: interval === null ? null : [interval[0] * display.per, interval[1] * display.per],
    };
  };

  // Where no driver took the card nothing was spent: the reason stands in the bar's place.
  const idle = [...points].filter(([key, rows]) => !bars.has(key) && isUnbound(worst(rows)));
  const reasonOf = (rows: readonly SummaryRow[]): Bar => ({
    label: rows[0].datapath,
    sizes: [],
    note: reason(worst(rows)),
    interval: null,
  });
  const panels = barPanels<readonly CostRow[] | readonly SummaryRow[]>(
    sheet,
    [...bars.values(), ...idle.map(([, rows]) => rows)],
    {
      placeOf: ([first]) => sheet.place('', first.swept),
      barOf: (rows) => (isCosts(rows) ? barOf(rows) : reasonOf(rows)),
    },
  );
  return {
    title: heading('Who pays: processor cycles per request by payer', asked, [
      ['solid: host', 'hatched: guest', ...sheet.fixed].join(' · '),
    ]),
    config: CONFIG,
    ...barChart({
      panels,
      parts,
      quantity:
        display.unit === ''
          ? 'cycles per request'
          : `cycles per request (${display.unit === 'k' ? 'thousands' : 'millions'})`,
      wholeName: 'all cycles',
    }),
  };
};

const isCosts = (rows: readonly CostRow[] | readonly SummaryRow[]): rows is readonly CostRow[] =>
  'payer' in rows[0];

const barKey = (row: CostRow | SummaryRow): string => `${row.datapath} ${pointKey(row.swept)}`;

const totalOf = (rows: readonly CostRow[]): number =>
  rows.reduce((sum, row) => sum + row.cycles_per_request, 0);

/** The summary's interval of all cycles, if it is about the same total. */
const intervalOf = (rows: readonly SummaryRow[], total: number): [number, number] | null => {
  const found = rows.find(
    (row) =>
      row.metric === 'cycles' &&
      row.component === '' &&
      row.value !== null &&
      Math.abs(row.value - total) <= 1e-6 * Math.abs(total),
  );
  if (found === undefined || found.ci_low === null || found.ci_high === null) return null;
  return [found.ci_low, found.ci_high];
};

/** Guest payers before host payers, within each the dearest first. */
const partsOf = (rows: readonly CostRow[]): Part[] => {
  const payers = [...groupBy(rows, (row) => row.payer)].map(([name, some]) => ({
    name,
    guest: some[0].side === 'guest',
    cycles: totalOf(some),
  }));
  payers.sort(
    (a, b) => Number(b.guest) - Number(a.guest) || b.cycles - a.cycles || (a.name < b.name ? -1 : 1),
  );
  return payers.map(({ name, guest }, i) => ({ name, number: String(i + 1), striped: guest }));
};
