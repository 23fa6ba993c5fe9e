/** What `vmio capacity` is asked: from its options, and from the scenario where they say nothing. */
import type { LoadedScenario } from './load.ts';
import { type Objective, readObjective } from './objective.ts';
import { DIMENSIONS, type Ends, endsOf, written } from './sweep/axis.ts';
import { valueAt } from './sweep/value-at.ts';
import type { Dimension } from './text/dimensions.ts';

export interface CapacityOptions {
  readonly vary?: string;
  readonly from?: string;
  readonly to?: string;
  readonly slo: readonly string[];
  readonly precision?: number;
}

export interface CapacityQuestion {
  readonly path: string;
  readonly low: number;
  readonly high: number;
  readonly whole: boolean;
  readonly dimension: Dimension | null;
  readonly objectives: readonly Objective[];
  readonly precision: number;
}

/** Without a range: from an eighth of what the scenario says to eight times as much. */
const AROUND = 8;
const PRECISION = 0.02;
/** Digits that a looked-at value is written with: more would pretend. */
const DIGITS = 6;

/** A number where it is one. */
const end = (text: string | number): string | number =>
  typeof text === 'string' && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;

/**
 * @param allows whether the scenario takes this at a path, as it would be written
 * @throws RangeError with what is wrong, and what to do
 */
export const capacityQuestion = (
  { base, points }: LoadedScenario,
  options: CapacityOptions,
  allows: (path: string, value: string | number) => boolean,
): CapacityQuestion => {
  const section = base.capacity;
  const path = options.vary ?? section?.vary;
  if (path === undefined) {
    throw new RangeError('what shall be searched? Say --vary path, or give the scenario a capacity: section');
  }
  const own = path === section?.vary ? section : undefined;
  const texts = options.slo.length > 0 ? options.slo : (section?.slo ?? []);
  if (texts.length === 0) throw new RangeError('what must hold? Say e.g. --slo "p99 < 100 us"');
  const objectives = texts.map((text) => {
    const read = readObjective(text);
    if ('mistake' in read) throw new RangeError(`objective ${read.mistake}`);
    checkWorkload(read, points);
    return read;
  });
  const from = options.from ?? own?.from;
  const to = options.to ?? own?.to;
  const now = valueAt(base, path);
  const ends = range(path, from, to, now, allows);
  const bothWhole = Number.isInteger(ends.from) && Number.isInteger(ends.to);
  const whole = ends.dimension === null && bothWhole && (now === undefined || Number.isInteger(now));
  const [low, high] = [ends.from, ends.to].sort((a, b) => a - b);
  if (low === high) throw new RangeError(`${path}: from and to are the same`);
  if (!whole && !(low > 0)) throw new RangeError(`${path}: the lower end must be above 0`);
  const precision = options.precision ?? section?.precision ?? PRECISION;
  return { path, low, high, whole, dimension: ends.dimension, objectives, precision };
};

const checkWorkload = ({ workload, text }: Objective, points: LoadedScenario['points']): void => {
  if (workload === null) return;
  const names = points.flatMap(({ scenario, copies }) => [
    ...Object.keys(scenario.workloads),
    ...Object.keys(scenario.vms),
    ...Object.keys(copies.workloads),
    ...Object.keys(copies.vms),
  ]);
  if (!names.includes(workload))
    throw new RangeError(`objective "${text}": there is no workload or VM "${workload}"`);
};

const range = (
  path: string,
  from: string | number | undefined,
  to: string | number | undefined,
  now: unknown,
  allows: (path: string, value: string | number) => boolean,
): Ends => {
  if (from !== undefined && to !== undefined)
    return endsOf({ from: end(from), to: end(to), scale: 'linear' });
  if (typeof now !== 'number' || !(now > 0)) {
    throw new RangeError(`between which values of ${path}? Say --from and --to, e.g. --from 1 --to 16`);
  }
  if (from !== undefined || to !== undefined) throw new RangeError('--from and --to belong together');
  const whole = Number.isInteger(now) && now < AROUND ** 4;
  const least = whole ? Math.max(1, Math.floor(now / AROUND)) : now / AROUND;
  const dimension = [null, ...DIMENSIONS].find((each) => allows(path, written(now, each)));
  if (dimension === undefined) throw new RangeError(`between which values of ${path}? Say --from and --to`);
  return { from: least, to: now * AROUND, scale: 'linear', dimension };
};

/** A value as the scenario would write it. */
export const writtenValue = ({ whole, dimension }: CapacityQuestion, value: number): string | number => {
  if (whole) return value;
  const short = Number(value.toPrecision(DIGITS));
  return written(dimension?.split === undefined ? short : Math.round(short), dimension);
};
