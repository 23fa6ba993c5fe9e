/** One part of a scenario, whose trials are kept for `vmio merge`. */

import type { LoadedScenario } from '../scenario/load.ts';
import { FINE, INTERRUPTED } from './exit-status.ts';
import { say } from './failure.ts';
import { headline } from './headline.ts';
import { Journal } from './kept-trials.ts';
import { resultsFolder } from './results-folder.ts';
import type { RunOptions, Session } from './session.ts';
import { isIn, type Shard, shardJournal } from './shard.ts';
import { simulate } from './simulate.ts';

export const runShard = async (
  loaded: LoadedScenario,
  options: RunOptions,
  session: Session,
  shard: Shard,
): Promise<number> => {
  const { quiet, interruption } = session;
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  const folder = resultsFolder(options.out, loaded.name);
  const file = shardJournal(folder, shard);
  if (!quiet) print(`${headline(loaded)}, shard ${shard.index} of ${shard.count}`);
  const kept = new Journal(file);
  const isMine = (combination: number): boolean => isIn(shard, combination);
  const { failed } = await simulate(loaded, options, session, { kept, isMine });
  if (!quiet && kept.taken !== '') print(kept.taken);
  const remark = kept.leave();
  if (failed !== null || interruption.asked) {
    if (remark !== '') say(remark);
    return failed ?? INTERRUPTED;
  }
  const all = `${folder}.shard-*-of-${shard.count}.trials.jsonl`;
  if (!quiet) print(`kept in ${file}; when all shards are done: vmio merge ${loaded.file} ${all}`);
  return FINE;
};
