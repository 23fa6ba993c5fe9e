/** Writes a results folder: every file first under a temporary name, so that none is ever half-written. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { PointResult } from '../experiment/run-point.ts';
import type { PointRows } from '../experiment/summarise.ts';
import { writeCsv } from '../report/csv.ts';
import { COSTS, STAGES, SUMMARY, TRIALS } from '../report/layout.ts';
import type { LoadedScenario, LoadOptions } from '../scenario/load.ts';
import { scenarioSchema } from '../scenario/schema.ts';
import { inMicroseconds } from '../units.ts';
import { RESULTS_SCHEMA, VERSION } from './version.ts';

export const writeFile = (file: string, content: string | Uint8Array): void => {
  const temporary = `${file}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, file);
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The rows of all points, in the order of the points. */
export const joined = (all: readonly PointRows[]): PointRows => ({
  summary: all.flatMap(({ summary }) => summary),
  trials: all.flatMap(({ trials }) => trials),
  costs: all.flatMap(({ costs }) => costs),
  stages: all.flatMap(({ stages }) => stages),
});

const resolved = ({ base }: LoadedScenario): string =>
  stringify(z.encode(scenarioSchema, base), { lineWidth: 110 });

/** The command without what must not change a byte: output folder, number of workers, verbosity. */
const canonicalCommand = (file: string, options: LoadOptions): string =>
  [
    'vmio run',
    path.basename(file),
    ...(options.set ?? []).map((text) => `--set '${text}'`),
    ...(options.sweep ?? []).map((text) => `--sweep '${text}'`),
    ...(options.seed === undefined ? [] : [`--seed ${options.seed}`]),
  ].join(' ');

const manifest = (
  loaded: LoadedScenario,
  options: LoadOptions,
  results: readonly PointResult[],
  files: Readonly<Record<string, string>>,
  complete: boolean,
): string => {
  const beside = (machine: string): string => path.join(path.dirname(loaded.file), machine);
  const machines = [...new Set(loaded.points.map(({ scenario }) => scenario.machine))];
  return `${JSON.stringify(
    {
      vmio: VERSION,
      resultsSchema: RESULTS_SCHEMA,
      command: canonicalCommand(loaded.file, options),
      seed: loaded.base.run.seed,
      complete,
      inputs: {
        scenario: sha256(readFileSync(loaded.file, 'utf8')),
        ...Object.fromEntries(
          machines.map((machine) => [machine, sha256(readFileSync(beside(machine), 'utf8'))]),
        ),
      },
      files: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, sha256(text)])),
      points: results.map(({ point, datapath, warmUp, trials, verdicts, gaveUp }) => ({
        datapath,
        ...(Object.keys(point.labels).length === 0 ? {} : { at: point.labels }),
        warmUp: { us: inMicroseconds(warmUp.length), how: warmUp.how, tooLate: warmUp.tooLate },
        replications: trials.length,
        ...(gaveUp ? { precision: 'not reached' } : {}),
        verdicts: Object.fromEntries(
          [...verdicts].map(([name, { verdict, reasons }]) => [
            name,
            reasons.length === 0 ? verdict : `${verdict}: ${reasons.join('; ')}`,
          ]),
        ),
      })),
    },
    null,
    2,
  )}\n`;
};

export interface Written {
  readonly folder: string;
  readonly files: readonly string[];
}

/** @param charts draws the pictures from the CSV rows; null leaves them out. */
export const writeResults = async (
  out: string,
  loaded: LoadedScenario,
  options: LoadOptions,
  outcome: { results: readonly PointResult[]; rows: PointRows; complete: boolean },
  charts: ((folder: string) => Promise<string[]>) | null,
): Promise<Written> => {
  const folder = path.join(out, loaded.name);
  mkdirSync(folder, { recursive: true });
  // Pictures of an earlier run may show what this run no longer has.
  for (const old of readdirSync(folder)) {
    if (/\.(vl\.json|svg|png)$/.test(old)) rmSync(path.join(folder, old));
  }
  const { rows } = outcome;
  const paths = [...new Set(loaded.points.flatMap(({ labels }) => Object.keys(labels)))];
  const files: Record<string, string> = {
    'summary.csv': writeCsv(SUMMARY, rows.summary, paths),
    'trials.csv': writeCsv(TRIALS, rows.trials, paths),
    'costs.csv': writeCsv(COSTS, rows.costs, paths),
    'stages.csv': writeCsv(STAGES, rows.stages, paths),
    'scenario.resolved.yaml': resolved(loaded),
  };
  for (const [name, text] of Object.entries(files)) writeFile(path.join(folder, name), text);
  writeFile(
    path.join(folder, 'manifest.json'),
    manifest(loaded, options, outcome.results, files, outcome.complete),
  );
  const pictures = charts === null ? [] : await charts(folder);
  return { folder, files: [...Object.keys(files), 'manifest.json', ...pictures] };
};
