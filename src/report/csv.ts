/** The CSV files of a results folder as text: the same rows give the same bytes, and reading gives the rows back. */
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { COSTS, type Layout, STAGES, SUMMARY } from './layout.ts';
import type { Point, Results } from './rows.ts';

/** A file that is not what its name says. */
export class CsvError extends Error {
  override readonly name = 'CsvError';
}

/** Paths of the swept parameters, in the order in which the rows first name them. */
export const sweptPaths = (rows: readonly Point[]): string[] => [
  ...new Set(rows.flatMap((row) => Object.keys(row.swept))),
];

/** @param paths the swept columns; needed only when there may be no row to tell. */
export const writeCsv = <Row extends Point>(
  layout: Layout<Row>,
  rows: readonly Row[],
  paths: readonly string[] = sweptPaths(rows),
): string => {
  const taken = new Set<string>([...layout.before, ...layout.after]);
  for (const path of paths) {
    if (taken.has(path)) throw new CsvError(`${layout.file}: a swept parameter cannot be called "${path}"`);
  }
  const records = rows.map((row) => {
    const field = (column: keyof Row): string => text(layout.file, String(column), row[column]);
    return [
      ...layout.before.map(field),
      ...paths.map((path) => (Object.hasOwn(row.swept, path) ? row.swept[path] : '')),
      ...layout.after.map(field),
    ];
  });
  return stringify([[...layout.before, ...paths, ...layout.after], ...records], { record_delimiter: '\n' });
};

// All fields become text here, since csv-stringify would write `false` as an empty field.
const text = (file: string, column: string, value: unknown): string => {
  if (value === null) return '';
  if (typeof value !== 'number') return String(value);
  if (!Number.isFinite(value)) throw new CsvError(`${file}: ${column} is ${value}, which is not a figure`);
  return String(value);
};

export const readCsv = <Row extends Point>(layout: Layout<Row>, csv: string): Row[] => {
  const [header, ...records] = recordsOf(layout.file, csv);
  if (header === undefined) throw new CsvError(`${layout.file}: empty, not even a header`);
  const fixed: readonly string[] = [...layout.before, ...layout.after];
  const missing = fixed.filter((column) => !header.includes(column));
  if (missing.length > 0) throw new CsvError(`${layout.file}: no column ${missing.join(', ')}`);
  const twice = header.find((column, i) => header.indexOf(column) !== i);
  if (twice !== undefined) throw new CsvError(`${layout.file}: two columns called "${twice}"`);

  const isFixed = new Set(fixed);
  return records.map((record, i) => {
    const fields: [string, unknown][] = [];
    const swept: [string, string][] = [];
    for (const [at, column] of header.entries()) {
      if (isFixed.has(column)) fields.push([column, field(layout, column, record[at], i + 2)]);
      else if (record[at] !== '') swept.push([column, record[at]]); // empty: not swept for this row
    }
    return { ...Object.fromEntries(fields), swept: Object.fromEntries(swept) } as unknown as Row;
  });
};

const recordsOf = (file: string, csv: string): string[][] => {
  try {
    return parse(csv, { bom: true });
  } catch (error) {
    throw new CsvError(`${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
};

const field = <Row extends Point>(
  layout: Layout<Row>,
  column: string,
  value: string,
  line: number,
): unknown => {
  const choices = (layout.choices as Record<string, readonly string[]>)[column];
  if (choices !== undefined && !choices.includes(value)) {
    throw new CsvError(`${layout.file}:${line}: ${column} is "${value}", expected ${choices.join(' or ')}`);
  }
  if (!(layout.numbers as readonly string[]).includes(column)) return value;
  if (value === '' && (layout.optional as readonly string[]).includes(column)) return null;
  const figure = Number(value);
  if (value.trim() === '' || !Number.isFinite(figure)) {
    throw new CsvError(`${layout.file}:${line}: ${column} is "${value}", expected a number`);
  }
  return figure;
};

/** The rows behind every chart and table, from the texts of their files. */
export const readResults = (texts: { summary: string; costs: string; stages: string }): Results => ({
  summary: readCsv(SUMMARY, texts.summary),
  costs: readCsv(COSTS, texts.costs),
  stages: readCsv(STAGES, texts.stages),
});
