/** Holds the results of a case against its reference: one row for each figure. */
import { type Compound, figureIn } from '../experiment/expectations.ts';
import type { SummaryRow } from '../experiment/rows.ts';
import { type Figure, readFigure } from '../scenario/figure.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { splitMetric } from '../scenario/metrics.ts';
import type { PublishedFigure, Reference, TheoryFigure, Without } from '../scenario/reference-schema.ts';
import { inNanoseconds, inSeconds } from '../units.ts';
import { type CountedFigure, within } from './counts.ts';
import { meanSojourn, type Queue, queueName } from './formulas.ts';
import { errorOf, type Judgement, type ValidationRow } from './rows.ts';

/** Where a case is looked up: its name, its reference, and the rows of its points. */
export interface Evaluated {
  readonly loaded: LoadedScenario;
  readonly reference: Reference;
  readonly rows: readonly SummaryRow[];
}

/** The part of a row that the reference decides; the rest follows from the results. */
interface Referred {
  readonly figure: string;
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  readonly without: number | null;
  /** @param value null where the simulation has no such figure. */
  readonly judge: (value: number | null) => Judgement;
  readonly rows?: readonly string[] | undefined;
  readonly remark: string;
  /** Why there is no such figure, where that is known beforehand. */
  readonly problem?: string | undefined;
}

const AS_IT_IS = (value: number): number => value;

const rowOf = (
  { loaded, reference, rows }: Evaluated,
  compound: Compound,
  referred: Referred,
  convert: (value: number) => number = AS_IT_IS,
): ValidationRow => {
  const { figure, unit, low, high, without, judge, problem } = referred;
  const found = problem === undefined ? figureIn(rows, compound) : { problem };
  const value = 'problem' in found ? null : convert(found.value);
  const row = 'problem' in found ? null : found.row;
  const parts = compound.plus ?? compound.ratioTo ?? compound.differenceTo;
  const end = (limit: number | null | undefined): number | null =>
    parts !== undefined || limit === null || limit === undefined ? null : convert(limit);
  const swept = Object.entries(compound.where ?? {}).map(([path, at]) => [path, String(at)] as const);
  return {
    scenario: loaded.name,
    datapath: row?.datapath ?? compound.datapath ?? '',
    swept: row?.swept ?? Object.fromEntries(swept),
    kind: reference.kind,
    figure,
    unit,
    simulated: value,
    ci_low: end(row?.ci_low),
    ci_high: end(row?.ci_high),
    reference_low: low,
    reference_high: high,
    error: errorOf(value, low, high),
    without,
    without_error: errorOf(without, low, high),
    judgement: judge(value),
    rows: (referred.rows ?? []).join(' '),
    source: reference.source,
    remark: 'problem' in found ? found.problem : referred.remark,
  };
};

type Conversion = { readonly convert: (value: number) => number } | { readonly problem: string };

/** From a simulated figure to what the source prints. */
const conversionOf = (
  rows: readonly SummaryRow[],
  { as }: PublishedFigure,
  compound: Compound,
): Conversion => {
  if (as === undefined) return { convert: AS_IT_IS };
  if (as === 'half of a round trip') return { convert: (value) => value / 2 };
  const bare = figureIn(rows, { ...compound, datapath: 'native' });
  return 'problem' in bare ? bare : { convert: (value) => value - bare.value / 2 };
};

const read = (written: Figure, unit: string | null): number => {
  const reading = readFigure(written, unit);
  if ('mistake' in reading) throw new RangeError(reading.mistake);
  return reading.value;
};

const published = (evaluated: Evaluated, entry: PublishedFigure): ValidationRow => {
  const { name, as: _, measured, rows, given, without, note, ...compound } = entry;
  const unit = entry.ratioTo === undefined ? (splitMetric(entry.metric)?.metric.unit ?? '') : null;
  const conversion = conversionOf(evaluated.rows, entry, compound);
  const convert = 'convert' in conversion ? conversion.convert : AS_IT_IS;
  const [low, high = low] = [measured].flat().map((figure) => read(figure, unit));
  const remarks = [note, without === undefined ? undefined : `without: ${without.because}`];
  const referred: Referred = {
    figure: name,
    unit: unit ?? '1',
    low,
    high,
    without: without === undefined ? null : saidWithout(evaluated, compound, without, unit, convert),
    judge: (value) => (value === null ? 'none' : given === true ? 'given' : 'shown'),
    rows,
    remark: remarks.filter((text) => text !== undefined).join('; '),
    problem: 'problem' in conversion ? conversion.problem : undefined,
  };
  return rowOf(evaluated, compound, referred, convert);
};

/** The figure of a model without the mechanism: simulated at another point, or as the case says. */
const saidWithout = (
  { rows }: Evaluated,
  compound: Compound,
  { value, because: _, ...other }: Without,
  unit: string | null,
  convert: (value: number) => number,
): number | null => {
  if (value !== undefined) return read(value, unit);
  const found = figureIn(rows, { ...compound, ...other });
  return 'problem' in found ? null : convert(found.value);
};

const theory = (evaluated: Evaluated, entry: TheoryFigure): ValidationRow => {
  const { model, arrivals, service, variation, servers, tolerance, ...compound } = entry;
  const inService = inNanoseconds(service);
  const queue: Queue = { model, arrivals: arrivals / 1e9, service: inService, variation, servers };
  const expected = meanSojourn(queue);
  return rowOf(evaluated, compound, {
    figure: `${queueName(queue)}: W`,
    unit: 'ns',
    low: expected,
    high: expected,
    without: inService,
    judge: (value) =>
      value !== null && Math.abs(value - expected) <= tolerance * expected ? 'held' : 'failed',
    remark: 'W: time in system. without: the service alone',
  });
};

/** Operations in the measured window of one replication. */
const operationsIn = ({ loaded, rows }: Evaluated, at: Compound): number => {
  const found = figureIn(rows, { metric: 'throughput.requests', datapath: at.datapath, where: at.where });
  if ('problem' in found) return Number.POSITIVE_INFINITY;
  const point = loaded.points.find(({ labels }) => labels === found.row.swept) ?? loaded.points[0];
  return found.value * inSeconds(point.scenario.run.measure);
};

const counted = (evaluated: Evaluated, entry: CountedFigure): ValidationRow => {
  const { name, compound, min, max, structural } = entry;
  const operations = operationsIn(evaluated, compound);
  return rowOf(evaluated, compound, {
    figure: name,
    unit: '1/request',
    low: Number(min),
    high: Number(max),
    without: null,
    judge: (value) => {
      if (!structural || compound.metric === undefined) return value === null ? 'none' : 'shown';
      return value !== null && within(value, entry, operations) ? 'held' : 'failed';
    },
    remark: structural ? 'structural' : 'depends on timing',
    problem: compound.metric === undefined ? 'vmio does not count this' : undefined,
  });
};

/** @param counts what the table of counts says for a case of that kind. */
export const evaluate = (evaluated: Evaluated, counts: readonly CountedFigure[]): ValidationRow[] => {
  const { reference } = evaluated;
  switch (reference.kind) {
    case 'counted':
      return counts.map((figure) => counted(evaluated, figure));
    case 'theory':
      return reference.figures.map((entry) => theory(evaluated, entry));
    case 'published':
      return reference.figures.map((entry) => published(evaluated, entry));
  }
};

/** The case is not as theory, or as a structural count, says. */
export const contradicts = ({ judgement }: ValidationRow): boolean => judgement === 'failed';
