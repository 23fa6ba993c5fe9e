/** The results folder of `vmio validate`: filled aside, and put in the place of an earlier one in one step. */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeCsv } from '../report/csv.ts';
import { PRICES, VALIDATION } from '../report/layout.ts';
import type { PriceRow, ValidationRow } from '../validation/rows.ts';
import { sha256 } from './manifest.ts';
import { openPartial, replaceFolder } from './results-folder.ts';
import type { Agenda } from './validation-cases.ts';
import { RESULTS_SCHEMA, VERSION } from './version.ts';
import { writeFile } from './write-results.ts';

interface Log {
  readonly jobs?: number;
  readonly seconds: number;
}

const manifest = ({ cases, stations }: Agenda, files: Readonly<Record<string, string>>): string =>
  `${JSON.stringify(
    {
      vmio: VERSION,
      resultsSchema: RESULTS_SCHEMA,
      command: [
        'vmio validate',
        ...(stations ? ['stations'] : []),
        ...cases.map(({ loaded }) => loaded.name),
      ].join(' '),
      inputs: Object.fromEntries(
        cases.map(({ loaded }) => [path.basename(loaded.file), sha256(readFileSync(loaded.file, 'utf8'))]),
      ),
      files: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, sha256(text)])),
    },
    null,
    2,
  )}\n`;

/** @returns the names of the files, but for the log, which may differ between two runs. */
export const writeValidation = (
  folder: string,
  agenda: Agenda,
  { rows, prices }: { rows: readonly ValidationRow[]; prices: readonly PriceRow[] },
  { jobs, seconds }: Log,
): string[] => {
  const files: Record<string, string> = {
    'validation.csv': writeCsv(VALIDATION, rows),
    'prices.csv': writeCsv(PRICES, prices),
  };
  const partial = openPartial(folder);
  try {
    for (const [name, text] of Object.entries(files)) writeFile(path.join(partial, name), text);
    const log = { vmio: VERSION, node: process.version, arguments: process.argv.slice(2), jobs, seconds };
    writeFile(path.join(partial, 'run.log.json'), `${JSON.stringify(log, null, 2)}\n`);
    writeFile(path.join(partial, 'manifest.json'), manifest(agenda, files));
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
  replaceFolder(partial, folder);
  return [...Object.keys(files), 'manifest.json'];
};
