/** How the points of a run are spread over charts and panels: which parameter goes to columns, which to rows. */

import { legend } from '../drawing/legend.ts';
import type { View } from '../drawing/spec.ts';
import { BOLD, fitted, widest } from '../drawing/text-width.ts';
import { PAGE } from '../drawing/theme.ts';
import type { Swept } from '../rows.ts';
import { type Axis, setting, some } from './axes.ts';

/** One direction of panels: a few steps of a parameter, or the workloads. */
export interface Side {
  readonly labels: readonly string[];
  labelOf(workload: string, swept: Swept): string | undefined;
}

/** The panel of a point. */
export interface Place {
  readonly column: string;
  readonly row: string;
}

export interface Sheet {
  /** '' or the workload of this sheet, where each has its own. */
  readonly suffix: string;
  readonly workloads: readonly string[];
  readonly columns: Side | null;
  readonly rows: Side | null;
  /** Settings that all panels share because there was no direction left for them, and what there was no room for. */
  readonly fixed: readonly string[];
  /** The panel of a point; `null` if it is not shown. */
  place(workload: string, swept: Swept): Place | null;
}

/** Most panels in each direction; 0 where the chart uses that direction itself. */
export interface Room {
  readonly columns: number;
  readonly rows: number;
}

/** Panels by fixed labels, one of which each value carries itself. */
export const byLabel = (labels: readonly string[]): Side => ({ labels, labelOf: (label) => label });

const bySteps = (axis: Axis, count: number): Side => {
  const labels = new Map(some(axis.steps, count).map((step) => [step.text, setting(axis, step)]));
  return { labels: [...labels.values()], labelOf: (_, swept) => labels.get(swept[axis.path]) };
};

const valuesOf = ({ path }: Axis): string => (path === 'case' ? 'cases' : `values of ${path}`);

const byWorkload = (workloads: readonly string[]): Side => ({
  labels: workloads,
  labelOf: (workload) => (workloads.includes(workload) ? workload : undefined),
});

/** @param axes the parameters not already drawn along x or y. */
export const sheets = (axes: readonly Axis[], workloads: readonly string[], room: Room): Sheet[] => {
  const directions = (room.columns > 0 ? 1 : 0) + (room.rows > 0 ? 1 : 0);
  const longest = Math.max(room.columns, room.rows);
  const together =
    axes.length < directions && workloads.length <= (axes.length === 0 ? longest : Math.max(room.rows, 2));
  const groups = together ? [workloads] : workloads.map((workload) => [workload]);
  return groups.map((group) => sheet(axes, group, room, together ? '' : group[0]));
};

const sheet = (axes: readonly Axis[], workloads: readonly string[], room: Room, suffix: string): Sheet => {
  // The parameter with most values goes across, where there is most room.
  const waiting = [...axes].sort((a, b) => b.steps.length - a.steps.length);
  let named = false;
  const left: string[] = [];
  const next = (count: number): Side | null => {
    if (count === 0) return null;
    const axis = waiting.shift();
    if (axis !== undefined) {
      if (axis.steps.length > count)
        left.push(`${count} of ${axis.steps.length} ${valuesOf(axis)} are drawn`);
      return bySteps(axis, count);
    }
    if (named) return null;
    named = true;
    return byWorkload(workloads);
  };
  const columns = next(room.columns);
  const rows = next(room.rows);
  const rest = waiting.map((axis) => ({ axis, step: axis.steps[0] }));
  return {
    suffix: suffix === '' ? '' : `.${suffix}`,
    workloads,
    columns,
    rows,
    fixed: [
      ...(named || suffix === '' ? [] : [`workload ${suffix}`]),
      ...rest.map(({ axis, step }) => setting(axis, step)),
      ...left,
    ],
    place(workload, swept) {
      if (!workloads.includes(workload)) return null;
      if (rest.some(({ axis, step }) => (swept[axis.path] ?? step.text) !== step.text)) return null;
      const column = columns === null ? '' : columns.labelOf(workload, swept);
      const row = rows === null ? '' : rows.labelOf(workload, swept);
      return column === undefined || row === undefined ? null : { column, row };
    },
  };
};

const SPACING = 20;
/** Room for the y axis and the row headings. */
const MARGIN = 110;

/** A heading that does not fit its panel is broken at its `=`, and cut if even that is too wide. */
const headed = (labels: readonly string[], space: number): View => {
  if (widest(labels) * BOLD <= space) return {};
  const lines = labels.map((label) => label.split('= ').map((part) => fitted(part.trim(), space / BOLD)));
  const byLabel = Object.fromEntries(labels.map((label, i) => [label, lines[i]]));
  return { labelExpr: `${JSON.stringify(byLabel)}[datum.value]` };
};

/**
 * A value without figures for each panel that has none: Vega lays panels out in the order in which they come, so one that
 * is missing would let all that follow slip into the wrong place.
 */
const emptyPanels = (values: readonly View[], columns: Side | null, rows: Side | null): View[] => {
  const there = new Set(values.map(({ column, row }) => JSON.stringify([column, row])));
  const [across, down] = [columns, rows].map((side) => side?.labels ?? ['']);
  return down
    .flatMap((row) => across.map((column) => ({ column, row })))
    .filter(({ column, row }) => !there.has(JSON.stringify([column, row])));
};

/** The chart as panels of one layered view each, under the legend of the datapaths. */
export const inPanels = (
  layer: readonly View[],
  values: readonly View[],
  { names, columns, rows }: { names: readonly string[]; columns: Side | null; rows: Side | null },
): View => {
  const across = columns?.labels.length ?? 1;
  const down = rows?.labels.length ?? 1;
  const most = across === 1 ? 640 : 420;
  const width = Math.min(most, Math.floor((PAGE - MARGIN - (across - 1) * SPACING) / across));
  const height = down === 1 ? 260 : down === 2 ? 190 : 150;
  const spec = { width, height, layer };
  const side = (field: string, { labels }: Side, header: View): View => ({
    [field]: { field, type: 'nominal', sort: labels, header: { title: null, ...header } },
  });
  const facet = {
    ...(columns === null ? {} : side('column', columns, headed(columns.labels, width))),
    ...(rows === null ? {} : side('row', rows, { labelOrient: 'left', ...headed(rows.labels, height) })),
  };
  const data = { values: [...values, ...emptyPanels(values, columns, rows)] };
  const panels =
    Object.keys(facet).length === 0 ? { data, ...spec } : { data, facet, spec, spacing: SPACING };
  return { vconcat: [legend(names), panels], spacing: 12 };
};
