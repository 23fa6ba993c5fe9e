/** The swept parameters as axes: their values in order, what to call them, and which to show when there are many. */
import { textWidth } from '../drawing/text-width.ts';
import { displayForAll, parseQuantity, sweptLabel } from '../format.ts';
import type { Point } from '../rows.ts';
import { unique } from '../select.ts';

export interface Step {
  /** As in the CSV. */
  readonly text: string;
  readonly label: string;
  /** In the base of the axis's unit; `null` for words. */
  readonly size: number | null;
}

export interface Axis {
  readonly path: string;
  /** Short: `bulk.rate` for `workloads.bulk.rate`. */
  readonly name: string;
  readonly steps: readonly Step[];
  /** Unit of the sizes; `null` if some value is a word. */
  readonly unit: string | null;
  /** The values are an offered load, so carried load can be drawn against it. */
  readonly offered: boolean;
  /** The workload whose load this axis sets, if it names one. */
  readonly workload: string | null;
}

/** Longest name, px. */
const NAME_MAX = 130;

const LOAD = /^(?:workloads?\.(?:([^.]+)\.)?)?(?:rate|load|depth|clients|connections)$/;

/** Without the leading words that say little, as long as it is too long for a panel's heading. */
const shortName = (path: string): string => {
  let name = path.replace(/^(workloads?|vms|machine|host|datapaths?)\./, '');
  while (textWidth(name) > NAME_MAX && name.includes('.')) name = name.slice(name.indexOf('.') + 1);
  return name;
};

const axisOf = (path: string, texts: readonly string[]): Axis => {
  const sizes = texts.map(parseQuantity);
  const unit = sizes.reduce<string | null>(
    (found, size) => (size !== null && size.unit === found ? found : null),
    sizes[0]?.unit ?? null,
  );
  const labels = texts.map(sweptLabel); // rounding must not make two steps look the same
  const steps = texts.map((text, i) => ({
    text,
    label: labels.indexOf(labels[i]) === labels.lastIndexOf(labels[i]) ? labels[i] : text,
    size: unit === null ? null : sizes[i]!.value,
  }));
  // Words keep the order of the file, which is that of the scenario.
  if (unit !== null) steps.sort((a, b) => a.size! - b.size!);
  const load = LOAD.exec(path);
  return {
    path,
    name: shortName(path),
    steps,
    unit,
    offered: load !== null && (unit === '/s' || unit === 'pps' || (unit === '' && path.endsWith('rate'))),
    workload: load?.[1] ?? null,
  };
};

/** Only parameters with at least two values; one value is a setting, not an axis. */
export const axesOf = (rows: readonly Point[]): Axis[] => {
  const texts = new Map<string, Set<string>>();
  for (const { swept } of rows) {
    for (const [path, text] of Object.entries(swept)) {
      const known = texts.get(path);
      if (known === undefined) texts.set(path, new Set([text]));
      else known.add(text);
    }
  }
  return [...texts]
    .map(([path, some]) => axisOf(path, unique([...some])))
    .filter((axis) => axis.steps.length > 1);
};

/** The axis along which load grows, if any. */
export const loadAxis = (axes: readonly Axis[]): Axis | null =>
  axes.find((axis) => axis.offered) ??
  axes.find((axis) => LOAD.test(axis.path) && axis.unit !== null) ??
  null;

/** At most `count` steps: the first, the last, and some evenly between. */
export const some = (steps: readonly Step[], count: number): readonly Step[] => {
  if (steps.length <= count) return steps;
  if (count === 1) return [steps[0]];
  return Array.from({ length: count }, (_, i) => steps[Math.round((i * (steps.length - 1)) / (count - 1))]);
};

/** `rate = 200 k/s`: a panel's heading or a setting in a note. */
export const setting = (axis: Axis, step: Step): string => `${axis.name} = ${step.label}`;

/** Title of the axis when its sizes are drawn in one display unit. */
export const axisTitle = (axis: Axis): { title: string; per: number } => {
  const display = displayForAll(
    axis.steps.map((step) => step.size ?? 0),
    axis.unit ?? '',
  );
  return {
    title: display.unit === '' ? axis.name : `${axis.name} (${display.unit})`,
    per: display.per,
  };
};
