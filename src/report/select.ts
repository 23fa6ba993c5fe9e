/** Finding figures in summary rows: one metric of one workload at one point, or the rows of a point. */
import type { Point, SummaryRow, Swept } from './rows.ts';

export interface Figure {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly unit: string;
}

/** The same text for the same point of the sweep, whatever the order of its parameters. */
export const pointKey = (swept: Swept): string =>
  JSON.stringify(Object.entries(swept).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

/** Rows by key, in order of first appearance (`Map.groupBy` is missing on Node 20). */
export const groupBy = <T>(rows: readonly T[], key: (row: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const name = key(row);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return groups;
};

export const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** The workloads that have requests, in file order; rows of a whole VM or machine carry no workload. */
export const workloadsOf = (rows: readonly SummaryRow[]): string[] =>
  unique(rows.filter((row) => row.workload !== '').map((row) => row.workload));

/** Whether `name` is one of several alike (`web-3`) that `names` has a row of all of (`web`). */
const isCopy = (name: string, names: ReadonlySet<string>): boolean =>
  /-\d+$/.test(name) && names.has(name.replace(/-\d+$/, ''));

/** Without the rows of single copies of a VM, where there are rows of all of them together. */
export const withoutCopies = (rows: readonly SummaryRow[]): SummaryRow[] => {
  const vms = new Set(rows.map(({ vm }) => vm));
  return rows.filter(({ vm }) => !isCopy(vm, vms));
};

export const at = <Row extends Point>(rows: readonly Row[], swept: Swept): Row[] => {
  const key = pointKey(swept);
  return rows.filter((row) => pointKey(row.swept) === key);
};

export const figureOf = (row: SummaryRow | undefined): Figure | null =>
  row === undefined || row.value === null
    ? null
    : { value: row.value, low: row.ci_low, high: row.ci_high, unit: row.unit };

/** Statistics that stand for a metric as a whole, best first. */
const WHOLE = ['mean', 'rate', 'total', 'count', ''];

const wholeOf = (rows: readonly SummaryRow[], component: (name: string) => boolean): SummaryRow[] => {
  const some = rows.filter((row) => component(row.component));
  for (const statistic of WHOLE) {
    const found = some.filter((row) => row.statistic === statistic);
    if (found.length > 0) return found;
  }
  return [];
};

/**
 * A metric of `workload` as one figure: the row without component, else the sum over components (then without an
 * interval, since intervals do not add). What is counted per VM or machine is found there if not at the workload.
 * @param rows of one datapath at one point.
 */
export const whole = (rows: readonly SummaryRow[], workload: string, metric: string): Figure | null => {
  const ofMetric = rows.filter((row) => row.metric === metric && row.value !== null);
  const vm = rows.find((row) => row.workload === workload)?.vm ?? '';
  const places: readonly SummaryRow[][] = [
    ofMetric.filter((row) => row.workload === workload),
    ofMetric.filter((row) => row.workload === '' && row.vm === vm),
    ofMetric.filter((row) => row.workload === '' && row.vm === ''),
  ];
  const there = places.find((some) => some.length > 0) ?? [];
  const [total] = wholeOf(there, (component) => component === '' || component === 'total');
  if (total !== undefined) return figureOf(total);
  // Cores and threads overlap: a thread's time is also its core's.
  const cores = wholeOf(there, (component) => metric !== 'cpu' || /^(core|cpu|pcpu)\d+$/.test(component));
  if (cores.length === 0) return null;
  if (cores.length === 1) return figureOf(cores[0]);
  const value = cores.reduce((sum, row) => sum + (row.value ?? 0), 0);
  return { value, low: null, high: null, unit: cores[0].unit };
};

/** One percentile or other statistic of the latency of `workload`. */
export const latency = (rows: readonly SummaryRow[], workload: string, statistic: string): Figure | null =>
  figureOf(
    rows.find(
      (row) =>
        row.metric === 'latency' &&
        row.workload === workload &&
        row.component === '' &&
        row.statistic === statistic,
    ),
  );
