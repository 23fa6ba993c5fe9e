/** Carried requests per second: bars by datapath, or lines along a swept parameter beside what was offered. */
import { displayForAll, measured } from '../format.ts';
import type { SummaryRow } from '../rows.ts';
import { type Figure, groupBy, pointKey, whole, workloadsOf } from '../select.ts';
import { isSaturated, worst } from '../verdict.ts';
import { type Axis, axisTitle, loadAxis } from './axes.ts';
import { heading, type Question } from './heading.ts';
import { linearAxis, logAxis, rounded, wantsLog } from './scale.ts';
import { inPanels, type Sheet, sheets } from './sheet.ts';
import type { ChartSpec, View } from './spec.ts';
import { byDatapath, CONFIG, inDatapathOrder, PAGE } from './theme.ts';

const METRIC = 'throughput.requests';

/** What one workload carried on one datapath at one point. */
export interface Carried extends Figure {
  readonly row: SummaryRow;
  readonly saturated: boolean;
}

export const carriedLoads = (rows: readonly SummaryRow[]): Carried[] => {
  const groups = groupBy(
    rows.filter((row) => row.workload !== ''),
    (row) => `${row.datapath} ${row.workload} ${pointKey(row.swept)}`,
  );
  return [...groups.values()].flatMap((group) => {
    const figure = whole(group, group[0].workload, METRIC);
    return figure === null ? [] : [{ ...figure, row: group[0], saturated: isSaturated(worst(group)) }];
  });
};

export const throughputCharts = (
  rows: readonly SummaryRow[],
  axes: readonly Axis[],
  asked: Question,
): ChartSpec[] => {
  const carried = carriedLoads(rows);
  if (carried.length === 0) return [];
  const across = loadAxis(axes) ?? [...axes].sort((a, b) => b.steps.length - a.steps.length)[0];
  if (across === undefined)
    return [{ name: 'throughput', spec: throughputBars(carried, workloadsOf(rows), asked) }];
  const others = axes.filter((axis) => axis !== across);
  return sheets(others, workloadsOf(rows), { columns: 3, rows: 2 }).flatMap((sheet) => {
    const shown = carried.filter(({ row }) => sheet.place(row.workload, row.swept) !== null);
    if (shown.length === 0) return [];
    return [{ name: `throughput${sheet.suffix}`, spec: throughputLines(shown, across, sheet, asked) }];
  });
};

const throughputLines = (carried: readonly Carried[], across: Axis, sheet: Sheet, asked: Question): View => {
  const display = displayForAll(
    carried.map(({ value }) => value),
    carried[0].unit,
  );
  const step = new Map(across.steps.map((one) => [one.text, one]));
  const sizes = across.steps.map(({ size }) => size ?? 0);
  const { title, per } = axisTitle(across);
  const values = carried.map(({ row, value, low, high, saturated }) => ({
    ...sheet.place(row.workload, row.swept),
    datapath: row.datapath,
    at: across.offered
      ? rounded(step.get(row.swept[across.path])!.size! * per)
      : step.get(row.swept[across.path])!.label,
    carried: rounded(value * display.per),
    low: rounded((low ?? value) * display.per),
    high: rounded((high ?? value) * display.per),
    saturated,
  }));
  const log = across.offered && wantsLog(sizes);
  const bounds = values.flatMap((one) => [one.low, one.high]);
  const name = `carried load (${display.unit})`;
  const scaledY = log ? logAxis(bounds, name) : linearAxis(bounds, name);
  const scaledX = log
    ? logAxis(
        sizes.map((size) => size * per),
        `offered load: ${title}`,
      )
    : linearAxis(
        sizes.map((size) => size * per),
        `offered load: ${title}`,
      );
  const x = across.offered
    ? { field: 'at', type: 'quantitative', scale: scaledX.scale, axis: scaledX.axis }
    : {
        field: 'at',
        type: 'ordinal',
        sort: across.steps.map(({ label }) => label),
        axis: { title: across.name, labelAngle: 0, labelOverlap: true },
      };
  const y = { field: 'carried', type: 'quantitative', scale: scaledY.scale, axis: scaledY.axis };
  const names = inDatapathOrder(values.map((one) => one.datapath));
  const { colour, dash, shape } = byDatapath(names);
  const [first, last] = [scaledX.span[0], scaledX.span[1]].map((at) => rounded((at / per) * display.per));
  // Where offered and carried are equal: only for the workload whose load is swept.
  const ideal =
    across.offered &&
    across.unit !== '' &&
    sheet.workloads.some((w) => across.workload === null || w === across.workload);
  const within = (at: number): number => Math.min(Math.max(at, scaledY.span[0]), scaledY.span[1]);
  const idealLayer = {
    data: {
      values: [
        {
          x: rounded((within(first) / display.per) * per),
          y: within(first),
          x2: rounded((within(last) / display.per) * per),
          y2: within(last),
        },
      ],
    },
    mark: { type: 'rule', color: '#999999', strokeWidth: 4, opacity: 0.35 },
    encoding: { x: { ...x, field: 'x' }, x2: { field: 'x2' }, y: { ...y, field: 'y' }, y2: { field: 'y2' } },
  };
  const layer: View[] = [
    ...(ideal ? [idealLayer] : []),
    { mark: { type: 'line', strokeWidth: 1.75 }, encoding: { x, y, color: colour, strokeDash: dash } },
    {
      mark: { type: 'rule', strokeWidth: 1.25 },
      encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color: colour },
    },
    { mark: { type: 'point', filled: true, opacity: 1, size: 40 }, encoding: { x, y, color: colour, shape } },
    {
      transform: [{ filter: 'datum.saturated' }],
      mark: { type: 'point', filled: true, color: 'white', opacity: 1, size: 12 },
      encoding: { x, y, shape },
    },
  ];
  const notes = [
    ...sheet.fixed,
    ...(ideal ? ['grey band: carried = offered'] : []),
    ...(values.some((one) => one.saturated) ? ['hollow: saturated'] : []),
  ];
  return {
    title: heading(
      across.offered ? 'Carried against offered load' : `Carried load by ${across.name}`,
      asked,
      [notes.join(' · ')],
    ),
    config: CONFIG,
    ...inPanels(layer, values, { names, columns: sheet.columns, rows: sheet.rows }),
  };
};

/** Most bars that keep their labels apart on one page. */
const BAR = 24;

const throughputBars = (carried: readonly Carried[], workloads: readonly string[], asked: Question): View => {
  const names = inDatapathOrder(carried.map(({ row }) => row.datapath));
  const { colour } = byDatapath(names);
  const panels = workloads.map((workload) => {
    const here = carried.filter(({ row }) => row.workload === workload);
    const display = displayForAll(
      here.map(({ value }) => value),
      here[0]?.unit ?? '/s',
    );
    const values = here.map(({ row, value, low, high, unit, saturated }) => ({
      datapath: row.datapath,
      carried: rounded(value * display.per),
      low: rounded((low ?? value) * display.per),
      high: rounded((high ?? value) * display.per),
      label: measured(value, low, high, unit) + (saturated ? ', saturated' : ''),
    }));
    const longest = Math.max(...values.map((one) => one.high), 0) || 1;
    const x = {
      field: 'carried',
      type: 'quantitative',
      scale: { domain: [0, rounded(longest * 1.5)], nice: false }, // room for the labels
      axis: { title: `carried load (${display.unit})`, tickCount: 5 },
    };
    const y = {
      field: 'datapath',
      type: 'nominal',
      sort: names,
      axis: { title: null, grid: false, ticks: false, labelPadding: 6 },
    };
    return {
      title: { text: workload, fontSize: 11, offset: 5 },
      width: Math.min(420, Math.floor((PAGE - 40) / Math.min(workloads.length, 2)) - 110),
      height: { step: BAR },
      data: { values },
      layer: [
        {
          mark: { type: 'bar', stroke: '#444444', strokeWidth: 0.5 },
          encoding: { x, y, color: colour },
        },
        {
          mark: { type: 'rule', strokeWidth: 1.5, color: '#666666' },
          encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y },
        },
        {
          mark: { type: 'text', align: 'left', dx: 5, fontSize: 11, color: '#222222' },
          encoding: { x: { ...x, field: 'high' }, y, text: { field: 'label' } },
        },
      ],
    };
  });
  return {
    title: heading('Carried load by datapath', asked, []),
    config: CONFIG,
    columns: 2,
    concat: panels,
    spacing: 24,
  };
};
