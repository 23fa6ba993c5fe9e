/** Carried load without a sweep: a bar per datapath, a panel per workload, the figure at the end of each bar. */

import { inDatapathOrder } from '../datapath-order.ts';
import { rounded } from '../drawing/scale.ts';
import type { View } from '../drawing/spec.ts';
import { textWidth } from '../drawing/text-width.ts';
import { byDatapath, CONFIG, PAGE } from '../drawing/theme.ts';
import { displayForAll, measured } from '../format.ts';
import type { Carried } from './carried.ts';
import { heading, type Question } from './heading.ts';

/** From bar to bar, px. */
const PITCH = 24;
/** Labels of the datapaths and the gap between two panels, px. */
const BESIDE = 110;

export const throughputBars = (
  carried: readonly Carried[],
  workloads: readonly string[],
  asked: Question,
): View => {
  const names = inDatapathOrder(carried.map(({ row }) => row.datapath));
  const across = Math.min(workloads.length, 2);
  const width = Math.min(420, Math.floor((PAGE - 20) / across) - BESIDE);
  return {
    title: heading('Carried load by datapath', asked, []),
    config: CONFIG,
    columns: 2,
    spacing: 24,
    concat: workloads.map((workload) => ({
      title: { text: workload, fontSize: 11, offset: 5, frame: 'group' },
      ...panel(
        carried.filter(({ row }) => row.workload === workload),
        names,
        width,
      ),
    })),
  };
};

const panel = (carried: readonly Carried[], names: readonly string[], width: number): View => {
  const display = displayForAll(
    carried.map(({ value }) => value),
    carried[0].unit,
  );
  const values = carried.map(({ row, value, low, high, unit, saturated }) => ({
    datapath: row.datapath,
    carried: rounded(value * display.per),
    low: rounded((low ?? value) * display.per),
    high: rounded((high ?? value) * display.per),
    label: measured(value, low, high, unit) + (saturated ? ', saturated' : ''),
  }));
  // Every bar leaves room for its label.
  const room = (label: string): number => Math.max(width - textWidth(label) - 12, width / 4);
  const max = Math.max(...values.map(({ high, label }) => (high * width) / room(label))) || 1;
  const x = (field: string): View => ({
    field,
    type: 'quantitative',
    scale: { domain: [0, rounded(max)], nice: false },
    axis: { title: `carried load (${display.unit})`, tickCount: 4, labelExpr: "format(datum.value, '.6~g')" },
  });
  const y = {
    field: 'datapath',
    type: 'nominal',
    sort: names,
    axis: { title: null, grid: false, ticks: false, labelPadding: 6 },
  };
  return {
    width,
    height: { step: PITCH },
    data: { values },
    layer: [
      {
        mark: { type: 'bar', stroke: '#444444', strokeWidth: 0.5 },
        encoding: { x: x('carried'), y, color: byDatapath(names).colour },
      },
      {
        mark: { type: 'rule', strokeWidth: 1.5, color: '#666666' },
        encoding: { x: x('low'), x2: { field: 'high' }, y },
      },
      {
        mark: { type: 'text', align: 'left', dx: 5, fontSize: 11, color: '#222222' },
        encoding: { x: x('high'), y, text: { field: 'label' } },
      },
    ],
  };
};
