/** `vmio diff`: what changed between two results folders, beyond what is tolerated, and why. */

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CsvError, readCsv } from '../report/csv.ts';
import { compare } from '../report/diff/compare.ts';
import { diffText, junitOf } from '../report/diff/diff-text.ts';
import { judge } from '../report/diff/judge.ts';
import { TRIALS } from '../report/layout.ts';
import type { TrialRow } from '../report/rows.ts';
import { FAILED, FINE, WRONG_INPUT } from './exit-status.ts';
import { refuse } from './failure.ts';

export interface DiffOptions {
  /** Share. */
  readonly tolerance: number;
  readonly metric: ReadonlyMap<string, number>;
  readonly json?: boolean;
  readonly junit?: string;
}

interface Run {
  readonly rows: readonly TrialRow[];
  readonly seed: number;
  readonly complete: boolean;
}

const read = (folder: string): Run => {
  const { seed, complete } = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
  return { rows: readCsv(TRIALS, readFileSync(path.join(folder, TRIALS.file), 'utf8')), seed, complete };
};

const readOrExplain = (folder: string): Run | null => {
  try {
    return read(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const known = code !== undefined || error instanceof CsvError || error instanceof SyntaxError;
    if (!known) throw error;
    const why =
      code === undefined ? (error as Error).message : `its manifest.json and trials.csv are wanted (${code})`;
    refuse(`${folder} is no results folder: ${why}`);
    return null;
  }
};

export const diffCommand = (before: string, after: string, options: DiffOptions): number => {
  const [first, second] = [readOrExplain(before), readOrExplain(after)];
  if (first === null || second === null) return WRONG_INPUT;
  const comparison = compare(first.rows, second.rows);
  if (comparison.figures.length === 0) {
    return refuse(`${before} and ${after} have no figure in common: are they of the same scenario?`);
  }
  const judged = judge(comparison, { all: options.tolerance, own: options.metric });
  if (options.json === true) {
    for (const { row, causes, ...figure } of judged) {
      const { replication: _, value: __, ...place } = row;
      const why = causes.map(({ row: cause, before: from, after: to }) => ({
        metric: cause.metric,
        component: cause.component,
        before: from,
        after: to,
      }));
      process.stdout.write(`${JSON.stringify({ ...place, ...figure, causes: why })}\n`);
    }
  } else {
    if (first.seed !== second.seed) {
      process.stdout.write(
        `seeds ${first.seed} and ${second.seed}: their random numbers differ, and intervals are wide\n`,
      );
    }
    process.stdout.write(`${diffText(comparison, judged)}\n`);
  }
  if (options.junit !== undefined) writeFileSync(options.junit, junitOf(judged));
  const changed = judged.some(({ beyond }) => beyond);
  const apart = comparison.onlyBefore.length + comparison.onlyAfter.length > 0;
  return changed || apart ? FAILED : FINE;
};
