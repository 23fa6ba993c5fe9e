/** Holds the results against what the scenario expects. */
import type { Expectation, Selector } from '../scenario/expectation-schema.ts';
import { type Figure, readFigure, writeFigure } from '../scenario/figure.ts';
import { splitMetric } from '../scenario/metrics.ts';
import type { SummaryRow } from './rows.ts';

export interface Judgement {
  readonly expectation: Expectation;
  readonly held: boolean;
  /** What was found, in one line. */
  readonly found: string;
}

/** The unit in which an expectation's figures are written; null for a ratio. */
const unitOf = ({ metric = '', ratioTo }: Expectation): string | null =>
  ratioTo === undefined ? (splitMetric(metric)?.metric.unit ?? null) : null;

/** A figure that the scenario's check has accepted, in the unit of the metric. */
const figureOf = (expectation: Expectation, written: Figure): number => {
  const reading = readFigure(written, unitOf(expectation));
  if ('mistake' in reading) throw new RangeError(reading.mistake);
  return reading.value;
};

const matching = (rows: readonly SummaryRow[], selector: Selector): SummaryRow[] => {
  const wanted = selector.metric === undefined ? null : splitMetric(selector.metric);
  return rows.filter(
    (row) =>
      (wanted === null || (row.metric === wanted.metric.name && row.statistic === wanted.statistic)) &&
      (selector.workload === undefined || row.workload === selector.workload) &&
      (selector.vm === undefined || row.vm === selector.vm) &&
      (selector.datapath === undefined || row.datapath === selector.datapath) &&
      row.component === (selector.component ?? '') &&
      Object.entries(selector.where ?? {}).every(([path, value]) => row.swept[path] === String(value)),
  );
};

type Found = { readonly value: number; readonly row: SummaryRow } | { readonly problem: string };

const one = (rows: readonly SummaryRow[], selector: Selector): Found => {
  const found = matching(rows, selector);
  const name = `${selector.metric} of ${selector.datapath ?? 'any datapath'}`;
  if (found.length === 0) return { problem: `there is no ${name} at this point` };
  if (found.length > 1) return { problem: `${found.length} rows match ${name}: say more` };
  if (found[0].value === null) return { problem: `${name} has no figure: the point is ${found[0].verdict}` };
  return { value: found[0].value, row: found[0] };
};

/** A figure of the results, and what it is put together with; each part says only what differs from the figure. */
export interface Compound extends Selector {
  readonly plus?: readonly Selector[] | undefined;
  readonly ratioTo?: Selector | undefined;
  readonly differenceTo?: Selector | undefined;
}

/** @returns the figure, with the row that it begins with, or why there is none. */
export const figureIn = (rows: readonly SummaryRow[], compound: Compound): Found => {
  const { plus = [], ratioTo, differenceTo, ...selector } = compound;
  const first = one(rows, selector);
  if ('problem' in first) return first;
  let { value } = first;
  const join = (part: Selector | undefined, operation: (other: number) => number): string | null => {
    if (part === undefined) return null;
    const other = one(rows, { ...selector, ...part });
    if ('problem' in other) return other.problem;
    value = operation(other.value);
    return null;
  };
  for (const problem of [
    ...plus.map((part) => join(part, (other) => value + other)),
    join(ratioTo, (other) => value / other),
    join(differenceTo, (other) => value - other),
  ]) {
    if (problem !== null) return { problem };
  }
  if (!Number.isFinite(value)) return { problem: `${selector.metric} is divided by 0` };
  return { value, row: first.row };
};

const holds = (expectation: Expectation, value: number): boolean => {
  const read = (written: Figure): number => figureOf(expectation, written);
  const { equals, below, above, between, tolerance = 0 } = expectation;
  if (equals !== undefined) {
    const wanted = read(equals);
    const near = Math.abs(value - wanted) <= Math.max(Math.abs(wanted) * tolerance, 1e-9);
    if (!near) return false;
  }
  return (
    (below === undefined || value < read(below)) &&
    (above === undefined || value > read(above)) &&
    (between === undefined || (value >= read(between[0]) && value <= read(between[1])))
  );
};

export const judge = (expectation: Expectation, rows: readonly SummaryRow[]): Judgement => {
  if (expectation.saturates === true) return saturation(expectation, rows);
  if (expectation.order !== undefined) return order(expectation, rows, expectation.order);
  const found = figureIn(rows, expectation);
  if ('problem' in found) return { expectation, held: false, found: found.problem };
  const { value } = found;
  return { expectation, held: holds(expectation, value), found: writeFigure(value, unitOf(expectation)) };
};

const saturation = (expectation: Expectation, rows: readonly SummaryRow[]): Judgement => {
  const { metric: _, ...selector } = expectation;
  const found = matching(rows, { ...selector, metric: 'throughput.requests' });
  const held = found.length > 0 && found.every(({ verdict }) => verdict.startsWith('saturated'));
  const verdicts = [...new Set(found.map(({ verdict }) => verdict))].join(', ');
  return { expectation, held, found: verdicts === '' ? 'no such point' : verdicts };
};

const order = (
  expectation: Expectation,
  rows: readonly SummaryRow[],
  datapaths: readonly string[],
): Judgement => {
  const values: number[] = [];
  for (const datapath of datapaths) {
    const found = one(rows, { ...expectation, datapath });
    if ('problem' in found) return { expectation, held: false, found: found.problem };
    values.push(found.value);
  }
  const held = values.every((value, i) => i === 0 || value > values[i - 1]);
  return {
    expectation,
    held,
    found: datapaths.map((name, i) => `${name} ${writeFigure(values[i], unitOf(expectation))}`).join(' < '),
  };
};

/** Points that saturated without being expected to: each fails the scenario. */
export const unexpectedSaturation = (
  expectations: readonly Expectation[],
  rows: readonly SummaryRow[],
): string[] => {
  const throughput = rows.filter(
    ({ metric, statistic, verdict }) =>
      metric === 'throughput.requests' && statistic === 'rate' && verdict.startsWith('saturated'),
  );
  const expected = new Set(
    expectations
      .filter(({ saturates }) => saturates === true)
      .flatMap(({ metric: _, ...selector }) =>
        matching(rows, { ...selector, metric: 'throughput.requests' }),
      ),
  );
  return throughput
    .filter((row) => !expected.has(row))
    .map((row) => {
      const point = Object.entries(row.swept)
        .map(([path, value]) => `${path} ${value}`)
        .join(', ');
      return `${row.datapath}, ${row.workload}${point === '' ? '' : `, ${point}`}: ${row.verdict}`;
    });
};
