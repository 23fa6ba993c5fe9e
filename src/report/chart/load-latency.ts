/** Latency against delivered load: the median and the tail as load grows, and the load at which each path is full. */

import { inDatapathOrder } from '../datapath-order.ts';
import { curves } from '../drawing/marks.ts';
import { linearAxis, logAxis, rounded, wantsLog } from '../drawing/scale.ts';
import type { ChartSpec, View } from '../drawing/spec.ts';
import { byDatapath, CONFIG } from '../drawing/theme.ts';
import { displayForAll } from '../format.ts';
import type { SummaryRow } from '../rows.ts';
import { groupBy, latency, pointKey, workloadsOf } from '../select.ts';
import { isSaturated, worst } from '../verdict.ts';
import { type Axis, loadAxis } from './axes.ts';
import { carriedLoads } from './carried.ts';
import { hasInterval, heading, INTERVALS, type Question, verdictNotes } from './heading.ts';
import { byLabel, inPanels, type Sheet, sheets } from './sheet.ts';

const STATISTICS = ['p50', 'p99'];

interface Place {
  readonly row: SummaryRow;
  readonly rows: readonly SummaryRow[];
  /** Delivered load of the workload whose load is swept. */
  readonly load: number;
  readonly order: number;
  readonly saturated: boolean;
}

export const loadLatencyCharts = (
  rows: readonly SummaryRow[],
  axes: readonly Axis[],
  asked: Question,
): ChartSpec[] => {
  const across = loadAxis(axes);
  if (across === null) return [];
  const places = placesOf(rows, across);
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

const placesOf = (rows: readonly SummaryRow[], across: Axis): Place[] => {
  const keyOf = (datapath: string, workload: string, row: SummaryRow): string =>
    `${datapath} ${workload} ${pointKey(row.swept)}`;
  const carried = new Map(
    carriedLoads(rows).map((one) => [keyOf(one.row.datapath, one.row.workload, one.row), one.value]),
  );
  const groups = groupBy(
    rows.filter((row) => row.workload !== ''),
    (row) => keyOf(row.datapath, row.workload, row),
  );
  const timed = new Set(rows.filter((row) => row.metric === 'latency').map((row) => row.workload));
  return [...groups.values()].flatMap((group) => {
    const [row] = group;
    const load = carried.get(keyOf(row.datapath, across.workload ?? row.workload, row));
    const order = across.steps.findIndex((step) => step.text === row.swept[across.path]);
    if (load === undefined || order < 0 || !timed.has(row.workload)) return [];
    return [{ row, rows: group, load, order, saturated: isSaturated(worst(group)) }];
  });
};

const loadLatencyChart = (
  places: readonly Place[],
  across: Axis,
  axes: readonly Axis[],
  { sheet, asked }: { sheet: Sheet; asked: Question },
): View | null => {
  const figures = places.flatMap((place) =>
    STATISTICS.flatMap((statistic) => {
      const figure = place.saturated ? null : latency(place.rows, place.row.workload, statistic);
      return figure === null || figure.value <= 0 ? [] : [{ ...place, statistic, figure }];
    }),
  );
  if (figures.length === 0) return null;
  const time = displayForAll(
    figures.map(({ figure }) => figure.value),
    figures[0].figure.unit,
  );
  const loads = places.map(({ load }) => load);
  const rate = displayForAll(loads, '/s');
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
  const y = logAxis(
    values.flatMap((one) => [one.low, one.high]),
    `latency (${time.unit})`,
  );
  const of = across.workload === null ? '' : ` of ${across.workload}`;
  const axis = wantsLog(loads) ? logAxis : linearAxis;
  const scaled = axis(
    loads.map((load) => load * rate.per),
    `delivered load${of} (${rate.unit})`,
  );
  const walls = wallsOf(places, sheet).map((wall) => ({
    ...wall,
    load: rounded(wall.load * rate.per),
    bottom: y.span[0],
    top: y.span[1],
  }));
  const names = inDatapathOrder(places.map(({ row }) => row.datapath));
  const { colour, dash, shape } = byDatapath(names);
  const x = { field: 'load', type: 'quantitative', scale: scaled.scale, axis: scaled.axis };
  const vertical = (field: string): View => ({ field, type: 'quantitative', scale: y.scale, axis: y.axis });
  const layer: View[] = [
    {
      transform: [{ filter: 'isValid(datum.top)' }],
      mark: { type: 'rule', strokeWidth: 1.25, opacity: 0.55 },
      encoding: { x, y: vertical('bottom'), y2: { field: 'top' }, color: colour, strokeDash: dash },
    },
    {
      transform: [{ filter: 'isValid(datum.top)' }],
      mark: { type: 'point', filled: false, fill: 'white', opacity: 1, size: 44, strokeWidth: 1.5 },
      encoding: { x, y: vertical('top'), color: colour, shape },
    },
    ...curves({
      names,
      x,
      y: vertical,
      field: 'latency',
      filter: 'isValid(datum.latency)',
      order: 'order',
    }),
  ];
  const notes = [
    ...sheet.fixed,
    ...(values.some(hasInterval) ? [INTERVALS] : []),
    ...(walls.length > 0 ? ['upright line, hollow on top: what is carried once saturated'] : []),
  ];
  return {
    title: heading(`Latency against delivered load${of}: median and tail`, asked, [
      notes.join(' · '),
      ...verdictNotes(
        places.flatMap((place) => place.rows),
        axes,
      ),
    ]),
    config: CONFIG,
    ...inPanels(layer, [...values, ...walls], { names, columns: byLabel(STATISTICS), rows: sheet.rows }),
  };
};

/** Where each datapath's load stops growing: the most it carries at a saturated point, in each panel. */
const wallsOf = (places: readonly Place[], sheet: Sheet) =>
  [
    ...groupBy(
      places.filter((place) => place.saturated),
      ({ row }) => `${row.datapath} ${sheet.place(row.workload, row.swept)!.row}`,
    ).values(),
  ].flatMap((group) =>
    STATISTICS.map((column) => ({
      column,
      row: sheet.place(group[0].row.workload, group[0].row.swept)!.row,
      datapath: group[0].row.datapath,
      load: Math.max(...group.map(({ load }) => load)),
    })),
  );
