/** How often: kicks, interrupts and exits per request, a row of panels per point, a bar per datapath. */

import { inDatapathOrder } from '../datapath-order.ts';
import { rounded } from '../drawing/scale.ts';
import type { ChartSpec, View } from '../drawing/spec.ts';
import { textWidth } from '../drawing/text-width.ts';
import { byDatapath, CONFIG, PAGE } from '../drawing/theme.ts';
import { quantity } from '../format.ts';
import type { SummaryRow } from '../rows.ts';
import { groupBy, pointKey } from '../select.ts';
import { type Axis, setting } from './axes.ts';
import { heading, type Question } from './heading.ts';

/** What is counted, and the words for it. */
const COUNTED: Readonly<Record<string, string>> = {
  kicks: 'kicks',
  'interrupts.raised': 'interrupts raised',
  'exits.device': 'exits to a device',
};
const IN_WORDS = new Intl.ListFormat('en');
/** Most rows of panels; points beyond it are not drawn. */
const ROWS = 12;
const PITCH = 18;
/** Labels of the datapaths and the gap between two panels, px. */
const BESIDE = 100;

interface Drawn {
  readonly metric: string;
  readonly width: number;
  /** Where the axis ends. */
  readonly end: number;
  readonly names: readonly string[];
}

export const countCharts = (
  summary: readonly SummaryRow[],
  axes: readonly Axis[],
  asked: Question,
): ChartSpec[] => {
  const counts = summary.filter(
    ({ metric, component, value, workload }) =>
      Object.hasOwn(COUNTED, metric) && component === '' && value !== null && workload === '',
  );
  const byMetric = groupBy(counts, ({ metric }) => metric);
  const figuresOf = (metric: string): string =>
    JSON.stringify(
      byMetric.get(metric)?.map(({ datapath, swept, value }) => [datapath, pointKey(swept), value]),
    );
  // What says the same as another, such as exits where each is a kick, is left out; so is what never happens.
  const metrics = Object.keys(COUNTED).filter(
    (metric, i, all) =>
      byMetric.get(metric)?.some(({ value }) => (value ?? 0) > 0) &&
      all.slice(0, i).every((other) => figuresOf(other) !== figuresOf(metric)),
  );
  if (metrics.length === 0) return [];
  const names = inDatapathOrder(counts.map(({ datapath }) => datapath));
  const width = Math.min(300, Math.floor((PAGE - 20) / metrics.length) - BESIDE);
  const points = [...groupBy(counts, ({ swept }) => pointKey(swept)).values()];
  const left = points.length > ROWS ? [`${ROWS} of ${points.length} points are drawn`] : [];
  const spec: View = {
    title: heading(
      `How often per request: ${IN_WORDS.format(metrics.map((metric) => COUNTED[metric]))}`,
      asked,
      left,
    ),
    config: CONFIG,
    spacing: 10,
    vconcat: points.slice(0, ROWS).map((rows, at) => ({
      title: { text: titleOf(rows[0], axes), fontSize: 11, offset: 4, frame: 'group', anchor: 'start' },
      spacing: 24,
      hconcat: metrics.map((metric) =>
        panel(
          rows.filter((row) => row.metric === metric),
          { metric, width, names, end: endOf(byMetric.get(metric) ?? [], width) },
          at === Math.min(points.length, ROWS) - 1,
        ),
      ),
    })),
  };
  return [{ name: 'counts', spec }];
};

/** One scale for all rows: the longest bar leaves room for the longest label. */
const endOf = (rows: readonly SummaryRow[], width: number): number => {
  const labels = rows.map(({ value }) => textWidth(quantity(value ?? 0, '')));
  const most = Math.max(...rows.map(({ value }) => value ?? 0));
  return rounded((most * width) / (width - Math.max(...labels) - 12));
};

const titleOf = ({ swept }: SummaryRow, axes: readonly Axis[]): string =>
  axes
    .flatMap((axis) =>
      axis.steps.filter(({ text }) => text === swept[axis.path]).map((step) => setting(axis, step)),
    )
    .join(' · ');

/** @param last the lowest row, which has the title of the axis. */
const panel = (rows: readonly SummaryRow[], { metric, width, end, names }: Drawn, last: boolean): View => {
  const values = rows.map(({ datapath, value }) => ({
    datapath,
    count: rounded(value ?? 0),
    label: quantity(value ?? 0, ''),
  }));
  const y = {
    field: 'datapath',
    type: 'nominal',
    sort: names,
    scale: { domain: names },
    axis: { title: null, grid: false, ticks: false, labelPadding: 6 },
  };
  const x = {
    field: 'count',
    type: 'quantitative',
    scale: { domain: [0, end], nice: false },
    axis: { title: last ? `${COUNTED[metric]} per request` : null, tickCount: 4 },
  };
  return {
    width,
    height: { step: PITCH },
    data: { values },
    layer: [
      {
        mark: { type: 'bar', stroke: '#444444', strokeWidth: 0.5 },
        encoding: { x, y, color: byDatapath(names).colour },
      },
      {
        mark: { type: 'text', align: 'left', dx: 5, fontSize: 11, color: '#222222' },
        encoding: { x, y, text: { field: 'label' } },
      },
    ],
  };
};
