/** Which differences are beyond what is tolerated, and what else changed where they are. */
import { type Compared, type Comparison, placeKey } from './compare.ts';

/** Figures that are held against a tolerance where nobody asks for others, by metric and statistic. */
const JUDGED = new Set([
  'latency.mean',
  'latency.p50',
  'latency.p99',
  'throughput.requests.rate',
  'exits.device.mean',
  'cpu.mean',
  'drops.rate',
]);

/** Counts that explain others, and stages of a request's life. */
const CAUSES = [
  'exits.device',
  'exits.other',
  'kicks',
  'interrupts.taken',
  'wakeups',
  'migrations',
  'drops',
  'stage',
];
const CAUSES_MAX = 3;
/** Smaller changes explain nothing. */
const NOTABLE = 0.01;

export interface Tolerances {
  /** Share of the figure before; of all that are judged. */
  readonly all: number;
  /** By `metric.statistic` or metric; these are judged in any case. */
  readonly own: ReadonlyMap<string, number>;
}

export interface Judged extends Compared {
  readonly tolerance: number;
  readonly beyond: boolean;
  /** Where it is beyond: what else changed there, most of it first. */
  readonly causes: readonly Compared[];
}

export const nameOf = ({ row: { metric, statistic } }: Compared): string => `${metric}.${statistic}`;

const toleranceOf = (figure: Compared, { all, own }: Tolerances): number | null => {
  if (figure.row.component !== '') return null;
  const name = nameOf(figure);
  const given = own.get(name) ?? own.get(figure.row.metric);
  return given ?? (JUDGED.has(name) ? all : null);
};

/** A stage explains by its share of the time, a count by how much it changed. */
const weight = ({ row, before, after, change }: Compared): number =>
  row.metric === 'stage' ? Math.abs(after - before) : Math.min(Math.abs(change), 10);

const causesOf = (figure: Compared, around: readonly Compared[]): Compared[] => {
  const { row } = figure;
  const candidates = around.filter(
    (other) =>
      other.sure &&
      Math.abs(other.change) > NOTABLE &&
      CAUSES.includes(other.row.metric) &&
      other.row.statistic === 'mean' &&
      other.row.metric !== row.metric &&
      (other.row.workload === '' || other.row.workload === row.workload) &&
      // Of a count by kind the whole says it; stages are each by themselves.
      (other.row.metric === 'stage') === (other.row.component !== ''),
  );
  const best = (some: readonly Compared[]): Compared[] =>
    [...some].sort((a, b) => weight(b) - weight(a)).slice(0, CAUSES_MAX);
  const counts = best(candidates.filter((other) => other.row.metric !== 'stage'));
  const stages = best(candidates.filter((other) => other.row.metric === 'stage'));
  return [...counts, ...(row.metric === 'latency' ? stages : [])];
};

export const judge = ({ figures }: Comparison, tolerances: Tolerances): Judged[] => {
  const around = new Map<string, Compared[]>();
  for (const figure of figures) {
    const key = placeKey(figure.row);
    const known = around.get(key);
    if (known === undefined) around.set(key, [figure]);
    else known.push(figure);
  }
  return figures.flatMap((figure) => {
    const tolerance = toleranceOf(figure, tolerances);
    if (tolerance === null) return [];
    const beyond = figure.sure && Math.abs(figure.change) > tolerance;
    const causes = beyond ? causesOf(figure, around.get(placeKey(figure.row)) ?? []) : [];
    return [{ ...figure, tolerance, beyond, causes }];
  });
};
