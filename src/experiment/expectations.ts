/** Holds the results against what the scenario expects. */
import type { Expectation, Selector } from '../scenario/expectation-schema.ts';
import { METRICS } from '../scenario/metrics.ts';
import type { SummaryRow } from './rows.ts';

export interface Judgement {
  readonly expectation: Expectation;
  readonly held: boolean;
  /** What was found, in one line. */
  readonly found: string;
}

/** Splits `latency.p99` into metric and statistic. */
export const splitMetric = (text: string): { metric: string; statistic: string } => {
  const [found] = METRICS.filter(({ name }) => text === name || text.startsWith(`${name}.`)).sort(
    (a, b) => b.name.length - a.name.length,
  );
  if (found === undefined) return { metric: text, statistic: 'mean' };
  const statistic = text.slice(found.name.length + 1);
  return { metric: found.name, statistic: statistic === '' ? found.whole : statistic };
};

const matching = (rows: readonly SummaryRow[], selector: Selector): SummaryRow[] => {
  const wanted = selector.metric === undefined ? null : splitMetric(selector.metric);
  return rows.filter(
    (row) =>
      (wanted === null || (row.metric === wanted.metric && row.statistic === wanted.statistic)) &&
      (selector.workload === undefined || row.workload === selector.workload) &&
      (selector.vm === undefined || row.vm === selector.vm) &&
      (selector.datapath === undefined || row.datapath === selector.datapath) &&
      row.component === (selector.component ?? '') &&
      Object.entries(selector.where ?? {}).every(([path, value]) => row.swept[path] === String(value)),
  );
};

const one = (rows: readonly SummaryRow[], selector: Selector): { value: number } | { problem: string } => {
  const found = matching(rows, selector);
  const name = `${selector.metric} of ${selector.datapath ?? 'any datapath'}`;
  if (found.length === 0) return { problem: `there is no ${name} at this point` };
  if (found.length > 1) return { problem: `${found.length} rows match ${name}: say more` };
  if (found[0].value === null) return { problem: `${name} has no figure: the point is ${found[0].verdict}` };
  return { value: found[0].value };
};

const round = (value: number): string => Number(value.toPrecision(6)).toString();

export const judge = (expectation: Expectation, rows: readonly SummaryRow[]): Judgement => {
  if (expectation.saturates === true) return saturation(expectation, rows);
  if (expectation.order !== undefined) return order(expectation, rows, expectation.order);
  const found = one(rows, expectation);
  if ('problem' in found) return { expectation, held: false, found: found.problem };
  let { value } = found;
  for (const part of ['ratioTo', 'differenceTo'] as const) {
    const selector = expectation[part];
    if (selector === undefined) continue;
    const { ratioTo: _r, differenceTo: _d, ...same } = expectation;
    const other = one(rows, { ...same, ...selector });
    if ('problem' in other) return { expectation, held: false, found: other.problem };
    value = part === 'ratioTo' ? value / other.value : value - other.value;
  }
  const { equals, below, above, between, tolerance = 0 } = expectation;
  const held =
    (equals === undefined || Math.abs(value - equals) <= Math.max(Math.abs(equals) * tolerance, 1e-9)) &&
    (below === undefined || value < below) &&
    (above === undefined || value > above) &&
    (between === undefined || (value >= between[0] && value <= between[1]));
  return { expectation, held, found: round(value) };
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
  return { expectation, held, found: datapaths.map((name, i) => `${name} ${round(values[i])}`).join(' < ') };
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
