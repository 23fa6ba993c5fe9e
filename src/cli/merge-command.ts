/** `vmio merge`: the results of a scenario whose trials were run elsewhere, in shards. */

import { existsSync } from 'node:fs';
import { TrialJournal } from '../experiment/journal/trial-journal.ts';
import { PointRunner } from '../experiment/run-point.ts';
import { replicationOf, type TrialAnswer, type TrialTask } from '../experiment/trial-task.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { codeVersion } from './code-version.ts';
import { WRONG_INPUT } from './exit-status.ts';
import { refuse } from './failure.ts';
import { plural } from './headline.ts';
import { Interruption } from './interruption.ts';
import { NOTHING_KEPT } from './kept-trials.ts';
import { loadOrExplain } from './load-or-explain.ts';
import { proveWritable, recover, resultsFolder } from './results-folder.ts';
import { runScenario } from './run-scenario.ts';
import type { RunOptions } from './session.ts';

class Merged {
  private readonly journals: readonly TrialJournal[];

  constructor(files: readonly string[]) {
    const code = codeVersion();
    this.journals = files.map((file) => new TrialJournal(file, code));
  }

  find(task: TrialTask): TrialAnswer | null {
    for (const journal of this.journals) {
      const answer = journal.find(task);
      if (answer !== null) return answer;
    }
    return null;
  }

  close(): void {
    for (const journal of this.journals) journal.close();
  }
}

/** The first task of each combination that nobody has done. */
const missing = ({ points }: LoadedScenario, merged: Merged): TrialTask[] =>
  points.flatMap((point) =>
    point.scenario.datapaths.flatMap((datapath) => {
      const runner = new PointRunner(point, datapath);
      for (let task = runner.next(); task !== null; task = runner.next()) {
        const answer = merged.find(task);
        if (answer === null) return [task];
        runner.take(answer);
      }
      return [];
    }),
  );

const named = (task: TrialTask): string => {
  const at = Object.entries(task.point.labels).map(([path, value]) => `${path} ${value}`);
  return [task.datapath, ...at, `replication ${replicationOf(task)}`].join(', ');
};

export const mergeCommand = async (
  file: string,
  journals: readonly string[],
  options: RunOptions,
): Promise<number> => {
  const loaded = loadOrExplain([file], options)?.[0];
  if (loaded === undefined) return WRONG_INPUT;
  const absent = journals.find((each) => !existsSync(each));
  if (absent !== undefined) return refuse(`${absent}: there is no such file`);
  const merged = new Merged(journals);
  const left = missing(loaded, merged);
  if (left.length > 0) {
    return refuse(
      `trials of ${plural(left.length, 'combination')} are missing, e.g. ${named(left[0])}; were all shards run to their end, with the same options, files and vmio?`,
    );
  }
  const folder = resultsFolder(options.out, loaded.name);
  recover(folder);
  proveWritable(folder);
  const interruption = new Interruption();
  const pool = {
    jobs: 1,
    execute: async (task: TrialTask): Promise<TrialAnswer> => merged.find(task) as TrialAnswer,
    abandon: () => {},
    close: async () => {},
  };
  const session = { pool, interruption, quiet: options.quiet === true || options.json === true };
  try {
    return await runScenario(loaded, options, session, NOTHING_KEPT);
  } finally {
    interruption.release();
    merged.close();
  }
};
