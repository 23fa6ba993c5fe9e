/** A table of counts: what real drivers did to a device model, per operation; and the part of it that a case answers. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import type { Compound } from '../experiment/expectations.ts';
import { reporter } from '../scenario/check.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import type { Reference } from '../scenario/reference-schema.ts';
import { didYouMean, type Mistake } from '../scenario/text/mistake.ts';
import { nearest } from '../scenario/text/nearest.ts';
import { countMetric } from './count-metrics.ts';

/** One row of the table; figures are per operation. */
interface CountRow {
  readonly device: string;
  readonly options: string;
  readonly workload: string;
  readonly size: string;
  readonly qd: string;
  readonly metric: string;
  readonly per_op: string;
  readonly min: string;
  readonly max: string;
  readonly repeats: string;
  readonly structural: string;
}

const COLUMNS = ['device', 'options', 'workload', 'size', 'qd', 'metric', 'min', 'max', 'structural'];

/** A count, and where it stands in the results of the case. */
export interface CountedFigure {
  readonly name: string;
  /** Without a metric: vmio does not count this. */
  readonly compound: Compound;
  /** As written: the precision of the table matters. */
  readonly min: string;
  readonly max: string;
  /** The same in every repeat, so a law of this driver and device; others depend on timing. */
  readonly structural: boolean;
}

type Counted = Extract<Reference, { kind: 'counted' }>;
export type Expanded =
  | { readonly figures: readonly CountedFigure[] }
  | { readonly mistakes: readonly Mistake[] };

const readRows = (file: string): readonly CountRow[] | string => {
  try {
    const rows: CountRow[] = parse(readFileSync(file, 'utf8'), { columns: true, bom: true });
    const missing = COLUMNS.filter((column) => rows.length === 0 || !Object.hasOwn(rows[0], column));
    return missing.length === 0 ? rows : `has no column ${missing.join(', ')}`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'there is no such file' : message;
  }
};

/** Instructions are inputs for prices, not something to reproduce. */
const isInput = ({ metric }: CountRow): boolean => metric.startsWith('insns');

/** The counts that `reference` claims for its cases, or what is wrong with it. */
export const countedFigures = (loaded: LoadedScenario, reference: Counted): Expanded => {
  const { found, mistake } = reporter(loaded.places);
  const { counts, device, options, datapath, operations } = reference;
  const rows = readRows(path.join(path.dirname(loaded.file), counts));
  if (typeof rows === 'string') {
    mistake(['reference', 'counts'], rows);
    return { mistakes: found };
  }
  const known = (key: 'device' | 'options', value: string, all: readonly CountRow[]): CountRow[] => {
    const mine = all.filter((row) => row[key] === value);
    const near = nearest(
      value,
      all.map((row) => row[key]),
    );
    if (mine.length === 0) mistake(['reference', key], `${counts} has no "${value}" here${didYouMean(near)}`);
    return mine;
  };
  const ofDevice = known('device', device, rows);
  const own = ofDevice.length === 0 ? [] : known('options', options, ofDevice);
  const figures = Object.entries(operations).flatMap(([name, operation]) => {
    const { workload, size, qd } = operation;
    const mine = own.filter(
      (row) => row.workload === workload && row.size === String(size) && row.qd === String(qd),
    );
    if (mine.length === 0 && own.length > 0) {
      const at = ['reference', 'operations', name];
      mistake(at, `${counts} has no row for ${workload}, size ${size}, qd ${qd} of this device`);
    }
    return mine
      .filter((row) => !isInput(row))
      .map((row) => figureOf(row, { datapath, where: { case: name } }));
  });
  return found.length > 0 ? { mistakes: found } : { figures };
};

const figureOf = ({ device, metric: name, min, max, structural }: CountRow, at: Compound): CountedFigure => ({
  name,
  compound: { ...countMetric(device, name), ...at },
  min,
  max,
  structural: structural === 'yes',
});

/** Significant digits of the table's figures. */
const DIGITS = 4;

/**
 * Whether a simulated mean lies in the range, at the precision of the table.
 * @param operations in a measured window, which cuts one of them: so much the mean may be off.
 */
export const within = (value: number, { min, max }: CountedFigure, operations: number): boolean => {
  const slack = Math.max(1, Number(max)) / operations;
  const written = (figure: number): number => Number(figure.toPrecision(DIGITS));
  return written(value + slack) >= Number(min) && written(value - slack) <= Number(max);
};
