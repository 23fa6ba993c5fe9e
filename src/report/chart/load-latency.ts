/** Latency against delivered load: the median and the tail as load grows, and the load at which each path is full. */

import { inDatapathOrder } from '../datapath-order.ts';
import { type Curves, curves } from '../drawing/marks.ts';
import { linearAxis, logAxis, rounded, wantsLog } from '../drawing/scale.ts';
import type { ChartSpec, View } from '../drawing/spec.ts';
import { byDatapath, CONFIG } from '../drawing/theme.ts';
import { type Display, displayForAll } from '../format.ts';
import type { SummaryRow } from '../rows.ts';
import { groupBy, latency, workloadsOf } from '../select.ts';
import { type Axis, loadAxis } from './axes.ts';
import { hasInterval, heading, INTERVALS, type Question, verdictNotes } from './heading.ts';
import { type LoadPlace, loadPlaces } from './load-places.ts';
import { byLabel, inPanels, type Sheet, sheets } from './sheet.ts';

const STATISTICS = ['p50', 'p99'];

export const loadLatencyCharts = (
  rows: readonly SummaryRow[],
  axes: readonly Axis[],
  asked: Question,
): ChartSpec[] => {
  const across = loadAxis(axes);
  if (across === null) return [];
  const places = loadPlaces(rows, across);
  const workloads = workloadsOf(rows).filter((workload) =>
    places.some(({ row }) => row.workload === workload),
  );
  const others = axes.filter((axis) => axis !== across);
  return sheets(others, workloads, { columns: 0, rows: 3 }).flatMap((sheet) => {
    const shown = places.filter(({ row }) => sheet.place(row.workload, row.swept) !== null);
    const spec = loadLatencyChart(shown, across, axes, { sheet, asked });
    return spec === null ? [] : [{ name: `load-latency${sheet.suffix}`, spec }];
  });
};

const loadLatencyChart = (
  places: readonly LoadPlace[],
  across: Axis,
  axes: readonly Axis[],
  { sheet, asked }: { sheet: Sheet; asked: Question },
): View | null => {
  const rate = displayForAll(
    places.map(({ load }) => load),
    places[0]?.unit ?? '/s',
  );
  const { values, unit } = pointsOf(places, sheet, rate);
  if (values.length === 0) return null;
  const y = logAxis(
    values.flatMap((one) => [one.low, one.high]),
    `latency (${unit})`,
  );
  const of = across.workload === null ? '' : ` of ${across.workload}`;
  const loads = places.map(({ load }) => load * rate.per);
  const x = (wantsLog(loads) ? logAxis : linearAxis)(loads, `delivered load${of} (${rate.unit})`);
  const walls = wallsOf(places, sheet).map((wall) => ({
    ...wall,
    load: rounded(wall.load * rate.per),
    bottom: y.span[0],
    top: y.span[1],
  }));
  const names = inDatapathOrder(places.map(({ row }) => row.datapath));
  const drawn: Curves = {
    names,
    x: { field: 'load', type: 'quantitative', scale: x.scale, axis: x.axis },
    y: (field) => ({ field, type: 'quantitative', scale: y.scale, axis: y.axis }),
    field: 'latency',
    filter: 'isValid(datum.latency)',
    order: 'order',
  };
  const notes = [
    ...sheet.fixed,
    ...(values.some(hasInterval) ? [INTERVALS] : []),
    ...(walls.length > 0 ? ['upright line, hollow on top: what the first saturated point carries'] : []),
  ];
  const rows = places.flatMap((place) => place.rows);
  return {
    title: heading(`Latency against delivered load${of}: median and tail`, asked, [
      notes.join(' · '),
      ...verdictNotes(rows, axes),
    ]),
    config: CONFIG,
    ...inPanels([...uprights(drawn), ...curves(drawn)], [...values, ...walls], {
      names,
      columns: byLabel(STATISTICS),
      rows: sheet.rows,
    }),
  };
};

/** The steady points of each statistic, in display units. */
const pointsOf = (places: readonly LoadPlace[], sheet: Sheet, rate: Display) => {
  const figures = places.flatMap((place) =>
    STATISTICS.flatMap((statistic) => {
      const figure = place.saturated ? null : latency(place.rows, place.row.workload, statistic);
      return figure === null || figure.value <= 0 ? [] : [{ ...place, statistic, figure }];
    }),
  );
  const time = displayForAll(
    figures.map(({ figure }) => figure.value),
    figures[0]?.figure.unit ?? 'ns',
  );
  const values = figures.map(({ row, load, order, statistic, figure }) => ({
    column: statistic,
    row: sheet.place(row.workload, row.swept)!.row,
    datapath: row.datapath,
    order,
    load: rounded(load * rate.per),
    latency: rounded(figure.value * time.per),
    low: rounded(Math.max(figure.low ?? figure.value, figure.value / 100) * time.per),
    high: rounded((figure.high ?? figure.value) * time.per),
  }));
  return { values, unit: time.unit };
};

/** Where each datapath's load stops growing: the most it carries at a saturated point, in each panel. */
const wallsOf = (places: readonly LoadPlace[], sheet: Sheet) => {
  const rowOf = ({ row }: LoadPlace): string => sheet.place(row.workload, row.swept)!.row;
  const groups = groupBy(
    places.filter((place) => place.saturated),
    (place) => `${place.row.datapath} ${rowOf(place)}`,
  );
  return [...groups.values()].flatMap((group) =>
    STATISTICS.map((column) => ({
      column,
      row: rowOf(group[0]),
      datapath: group[0].row.datapath,
      load: Math.max(...group.map(({ load }) => load)),
    })),
  );
};

const uprights = ({ names, x, y }: Curves): View[] => {
  const { colour, dash, shape } = byDatapath(names);
  const transform = [{ filter: 'isValid(datum.top)' }];
  return [
    {
      transform,
      mark: { type: 'rule', strokeWidth: 1.25, opacity: 0.55 },
      encoding: { x, y: y('bottom'), y2: { field: 'top' }, color: colour, strokeDash: dash },
    },
    {
      transform,
      mark: { type: 'point', filled: false, fill: 'white', opacity: 1, size: 44, strokeWidth: 1.5 },
      encoding: { x, y: y('top'), color: colour, shape },
    },
  ];
};
