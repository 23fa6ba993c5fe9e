/** The manifest of a results folder: which inputs, which command, and what the warm-up and the verdicts rest on. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { LoadedScenario, LoadOptions } from '../scenario/load.ts';
import { inMicroseconds } from '../units.ts';
import type { Outcome } from './outcome.ts';
import { RESULTS_SCHEMA, VERSION } from './version.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The command without what must not change a byte: output folder, number of workers, verbosity. */
const canonicalCommand = (file: string, options: LoadOptions): string =>
  [
    'vmio run',
    path.basename(file),
    ...(options.set ?? []).map((text) => `--set '${text}'`),
    ...(options.sweep ?? []).map((text) => `--sweep '${text}'`),
    ...(options.seed === undefined ? [] : [`--seed ${options.seed}`]),
  ].join(' ');

/** @param files the other files by name; their hashes go in. */
export const manifest = (
  loaded: LoadedScenario,
  options: LoadOptions,
  { results, failures, complete }: Pick<Outcome, 'results' | 'failures' | 'complete'>,
  files: Readonly<Record<string, string>>,
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
      ...(failures.length === 0
        ? {}
        : { failed: failures.map(({ labels, ...rest }) => ({ ...rest, at: labels })) }),
    },
    null,
    2,
  )}\n`;
};
