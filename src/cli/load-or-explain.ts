/** Loads scenarios; mistakes go to standard error, all of them. */
import { existsSync } from 'node:fs';
import { type LoadedScenario, type LoadOptions, loadScenario } from '../scenario/load.ts';
import { formatMistake } from '../scenario/text/mistake.ts';
import { shippedScenario } from './package-files.ts';

/** @returns the scenarios, or null after the mistakes were printed. */
export const loadOrExplain = (files: readonly string[], options: LoadOptions): LoadedScenario[] | null => {
  const loaded: LoadedScenario[] = [];
  let wrong = 0;
  for (const file of files) {
    const result = loadScenario(file, options);
    if (result.ok) loaded.push(result.loaded);
    else {
      wrong += result.mistakes.length;
      for (const mistake of result.mistakes) process.stderr.write(`${formatMistake(mistake)}\n`);
      const shipped = existsSync(file) ? null : shippedScenario(file);
      if (shipped !== null) process.stderr.write(`  the one that comes with vmio is ${shipped}\n`);
    }
  }
  if (wrong === 0) return loaded;
  process.stderr.write(`${wrong} ${wrong === 1 ? 'mistake' : 'mistakes'}; nothing was run\n`);
  return null;
};

/** What points are made with. */
export interface PointOptions extends LoadOptions {
  /** They are those that `vmio neighbours` makes, and counted as such. */
  readonly neighbours?: boolean;
}

/** The command that repeats one trial. */
export const replayOf = (
  file: string,
  options: PointOptions,
  trial: { datapath: string; replication: number; point: number },
): string => {
  const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  return [
    'vmio replay',
    /^[\w./-]+$/.test(file) ? file : quote(file),
    ...(options.set ?? []).map((text) => `--set ${quote(text)}`),
    ...(options.sweep ?? []).map((text) => `--sweep ${quote(text)}`),
    ...(options.seed === undefined ? [] : [`--seed ${options.seed}`]),
    ...(options.neighbours === true ? ['--neighbours'] : []),
    `--datapath ${trial.datapath} --replication ${trial.replication} --point ${trial.point}`,
  ].join(' ');
};
