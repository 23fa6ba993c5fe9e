/** Fills a results folder: tables, the resolved scenario, charts, log, and the manifest last of all. */
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { PointResult } from '../experiment/run-point.ts';
import { writeCsv } from '../report/csv.ts';
import { COSTS, STAGES, SUMMARY, TRIALS } from '../report/layout.ts';
import type { LoadedScenario, LoadOptions } from '../scenario/load.ts';
import { scenarioSchema } from '../scenario/schema.ts';
import { manifest } from './manifest.ts';
import type { Outcome } from './outcome.ts';
import { VERSION } from './version.ts';

/** Flushed to the disk, since an earlier folder may be deleted for this one. */
export const writeFile = (file: string, content: string | Uint8Array): void =>
  writeFileSync(file, content, { flush: true });

const resolved = ({ base }: LoadedScenario): string =>
  stringify(z.encode(scenarioSchema, base), { lineWidth: 110 });

/** What may differ between two runs of the same inputs. */
export interface RunLog {
  readonly out: string;
  readonly jobs: number;
  readonly seconds: number;
}

const runLog = (results: readonly PointResult[], log: RunLog): string => {
  const events = results.reduce(
    (sum, { trials }) => sum + trials.reduce((inner, trial) => inner + trial.events, 0),
    0,
  );
  const entry = {
    vmio: VERSION,
    node: process.version,
    host: { cpus: os.cpus().length, platform: process.platform, arch: process.arch },
    arguments: process.argv.slice(2),
    ...log,
    events,
  };
  return `${JSON.stringify(entry, null, 2)}\n`;
};

/**
 * @param charts draws the pictures into the folder and answers with their names.
 * @returns the names of the files. A folder without `manifest.json` is not whole.
 */
export const writeResults = async (
  folder: string,
  loaded: LoadedScenario,
  options: LoadOptions,
  { results, failures, rows, complete }: Outcome,
  log: RunLog,
  charts: (folder: string) => Promise<string[]>,
): Promise<string[]> => {
  const paths = [...new Set(loaded.points.flatMap(({ labels }) => Object.keys(labels)))];
  const files: Record<string, string> = {
    'summary.csv': writeCsv(SUMMARY, rows.summary, paths),
    'trials.csv': writeCsv(TRIALS, rows.trials, paths),
    'costs.csv': writeCsv(COSTS, rows.costs, paths),
    'stages.csv': writeCsv(STAGES, rows.stages, paths),
    'scenario.resolved.yaml': resolved(loaded),
  };
  for (const [name, text] of Object.entries(files)) writeFile(path.join(folder, name), text);
  const pictures = await charts(folder);
  writeFile(path.join(folder, 'run.log.json'), runLog(results, log));
  writeFile(
    path.join(folder, 'manifest.json'),
    manifest(loaded, options, { results, failures, complete }, files),
  );
  return [...Object.keys(files), 'manifest.json', ...pictures];
};
