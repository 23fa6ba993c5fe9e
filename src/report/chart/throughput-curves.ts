/** Carried load along a swept parameter; where that is the offered load, beside the line on which both are equal. */

import { inDatapathOrder } from '../datapath-order.ts';
import { curves, hollow } from '../drawing/marks.ts';
import { linearAxis, logAxis, rounded, type Scaled, wantsLog } from '../drawing/scale.ts';
import type { View } from '../drawing/spec.ts';
import { CONFIG } from '../drawing/theme.ts';
import { displayForAll, sameUnit } from '../format.ts';
import { groupBy } from '../select.ts';
import { type Axis, axisTitle } from './axes.ts';
import type { Carried } from './carried.ts';
import { heading, type Question } from './heading.ts';
import { inPanels, type Place, type Sheet } from './sheet.ts';

const EQUAL = { type: 'rule', color: '#999999', strokeWidth: 4, opacity: 0.35 };

export const throughputCurves = (
  carried: readonly Carried[],
  across: Axis,
  { sheet, asked }: { sheet: Sheet; asked: Question },
): View => {
  const display = displayForAll(
    carried.map(({ value }) => value),
    carried[0].unit,
  );
  const values = carried.map(({ row, value, low, high, saturated }) => ({
    ...sheet.place(row.workload, row.swept),
    datapath: row.datapath,
    at: positionOn(across, row.swept[across.path]),
    carried: rounded(value * display.per),
    low: rounded((low ?? value) * display.per),
    high: rounded((high ?? value) * display.per),
    saturated,
  }));
  const log = across.offered && wantsLog(across.steps.map(({ size }) => size!));
  const vertical = (log ? logAxis : linearAxis)(
    values.flatMap((one) => [one.low, one.high]),
    `carried load (${display.unit})`,
  );
  const horizontal = across.offered ? offeredAxis(across, log) : null;
  const names = inDatapathOrder(values.map((one) => one.datapath));
  const x: View =
    horizontal === null
      ? ordinal(across)
      : { field: 'at', type: 'quantitative', scale: horizontal.scale, axis: horizontal.axis };
  const y = (field: string): View => ({
    field,
    type: 'quantitative',
    scale: vertical.scale,
    axis: vertical.axis,
  });
  const drawn = {
    names,
    x,
    y,
    field: 'carried',
    filter: '!isValid(datum.equal)',
    sideBySide: across.unit === null,
  };
  const equal =
    horizontal === null
      ? []
      : equalLoads(placesOf(carried, across, sheet), {
          horizontal,
          vertical,
          ratio: display.per / axisTitle(across).per,
        });
  const layer = [
    {
      transform: [{ filter: 'isValid(datum.equal)' }],
      mark: EQUAL,
      encoding: { x, x2: { field: 'end' }, y: y('equal'), y2: { field: 'top' } },
    },
    ...curves(drawn),
    hollow(drawn, 'datum.saturated'),
  ];
  const notes = [
    ...sheet.fixed,
    ...(equal.length > 0 ? ['grey band: carried = offered'] : []),
    ...(values.some((one) => one.saturated) ? ['hollow: saturated'] : []),
  ];
  const seen = across.offered ? 'Carried against offered load' : `Carried load by ${across.name}`;
  return {
    title: heading(seen, asked, [notes.join(' · ')]),
    config: CONFIG,
    ...inPanels(equal.length > 0 ? layer : layer.slice(1), [...equal, ...values], {
      names,
      columns: sheet.columns,
      rows: sheet.rows,
    }),
  };
};

const positionOn = (axis: Axis, text: string): number | string => {
  const step = axis.steps.find((one) => one.text === text)!;
  return axis.offered ? rounded(step.size! * axisTitle(axis).per) : step.label;
};

const offeredAxis = (axis: Axis, log: boolean): Scaled => {
  const { title, per } = axisTitle(axis);
  return (log ? logAxis : linearAxis)(
    axis.steps.map(({ size }) => size! * per),
    `offered load: ${title}`,
  );
};

const ordinal = (axis: Axis): View => ({
  field: 'at',
  type: 'ordinal',
  sort: axis.steps.map(({ label }) => label),
  scale: { paddingInner: 0.5, paddingOuter: 0.25 },
  axis: { title: axis.name, labelAngle: 0, labelOverlap: true },
});

/** The panels in which offered and carried load can be compared: those of the workload whose rate is swept. */
const placesOf = (carried: readonly Carried[], across: Axis, sheet: Sheet): Place[] => {
  const own = carried.filter(
    ({ row, unit }) =>
      (across.workload === null || row.workload === across.workload) &&
      (sameUnit(unit, across.unit ?? '') || (sameUnit(unit, '/s') && across.unit === 'pps')),
  );
  const places = own.map(({ row }) => sheet.place(row.workload, row.swept)!);
  return [...groupBy(places, ({ column, row }) => JSON.stringify([column, row])).values()].map(
    ([place]) => place,
  );
};

/** From where the line of equal loads enters the panel to where it leaves it. */
const equalLoads = (
  places: readonly Place[],
  { horizontal, vertical, ratio }: { horizontal: Scaled; vertical: Scaled; ratio: number },
) => {
  const enters = Math.max(horizontal.span[0] * ratio, vertical.span[0]);
  const leaves = Math.min(horizontal.span[1] * ratio, vertical.span[1]);
  return places.map((place) => ({
    ...place,
    at: rounded(enters / ratio),
    end: rounded(leaves / ratio),
    equal: rounded(enters),
    top: rounded(leaves),
  }));
};
