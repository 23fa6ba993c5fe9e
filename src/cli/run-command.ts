/** `vmio run`: simulate, print the comparison, write the results folder. */

import os from 'node:os';
import { openPool, type TrialPool } from '../experiment/pool/trial-pool.ts';
import { openQueuedPool } from '../experiment/queue/queued-pool.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { codeVersion } from './code-version.ts';
import { estimate } from './estimate.ts';
import { FAILED, FINE, INTERRUPTED, WRONG_INPUT } from './exit-status.ts';
import { say } from './failure.ts';
import { agenda, headline, plural, trialsOf } from './headline.ts';
import { Interruption } from './interruption.ts';
import { loadOrExplain } from './load-or-explain.ts';
import { proveWritable, recover, resultsFolder } from './results-folder.ts';
import { roughly } from './roughly.ts';
import { runScenario } from './run-scenario.ts';
import { runShard } from './run-shard.ts';
import type { RunOptions } from './session.ts';

/** Trials that are in a queue at a time: work for that many threads, wherever they are. */
const QUEUED = 256;

export const runCommand = async (files: readonly string[], options: RunOptions): Promise<number> => {
  const scenarios = loadOrExplain(files, options);
  if (scenarios === null) return WRONG_INPUT;
  const twice = scenarios.find(({ name }, i) => scenarios.findIndex((other) => other.name === name) < i);
  if (twice !== undefined) {
    say(`vmio: two scenarios are called "${twice.name}"; their results would share a folder`);
    return WRONG_INPUT;
  }
  for (const { warnings } of scenarios) {
    for (const warning of warnings) say(`warning: ${warning}`);
  }
  if (options.dryRun === true) {
    return preview(scenarios, options.jobs ?? os.availableParallelism());
  }
  for (const { name } of scenarios) {
    const folder = resultsFolder(options.out, name);
    if (recover(folder)) say(`${folder} was being replaced when a run was killed; it is back as it was`);
    proveWritable(folder);
  }
  return runAll(scenarios, options);
};

/** What would be run, and how long that would take. */
const preview = (scenarios: readonly LoadedScenario[], jobs: number): number => {
  for (const scenario of scenarios) {
    process.stdout.write(`${[headline(scenario), ...agenda(scenario)].join('\n')}\n`);
    const workers = Math.min(jobs, trialsOf(scenario));
    process.stdout.write(
      `  ${plural(trialsOf(scenario), 'trial')}, about ${roughly(estimate(scenario, workers))} on ${plural(workers, 'worker')}\n`,
    );
  }
  return FINE;
};

/** Threads of this process, or the workers of a queue. @param trials more at a time are of no use. */
const poolFor = ({ queue, jobs }: RunOptions, trials: number): TrialPool | Promise<TrialPool> =>
  queue === undefined
    ? openPool(Math.min(jobs ?? os.availableParallelism(), trials))
    : openQueuedPool(queue, {
        code: codeVersion(),
        jobs: Math.min(jobs ?? QUEUED, trials),
        say: (text) => say(`vmio: ${text}`),
      });

/** Time for what is still to be written, ms. */
const LEAVE_WITHIN = 2000;

/** A connection that an outage of the server has left half made would keep the process for ever; it does not wait for this timer. */
const leaveSoon = (): void => void setTimeout(() => process.exit(), LEAVE_WITHIN).unref();

const runAll = async (scenarios: readonly LoadedScenario[], options: RunOptions): Promise<number> => {
  const interruption = new Interruption();
  const trials = Math.max(...scenarios.map(trialsOf));
  const pool = await poolFor(options, trials);
  const session = { pool, interruption, quiet: options.quiet === true || options.json === true };
  let status = FINE;
  try {
    for (const [index, scenario] of scenarios.entries()) {
      const code =
        options.shard === undefined
          ? await runScenario(scenario, options, session)
          : await runShard(scenario, options, session, options.shard);
      const left = scenarios.slice(index + 1).map(({ name }) => name);
      if (code === INTERRUPTED && left.length > 0) say(`not begun: ${left.join(', ')}`);
      if (code === INTERRUPTED || code > FAILED) return code;
      status = Math.max(status, code);
    }
  } finally {
    interruption.release();
    await pool.close();
    if (options.queue !== undefined) leaveSoon();
  }
  return status;
};
