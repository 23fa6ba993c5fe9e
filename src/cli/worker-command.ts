/** `vmio worker`: runs trials of a queue until it is stopped. */
import os from 'node:os';
import { openPool } from '../experiment/pool/trial-pool.ts';
import type { QueueAddress } from '../experiment/queue/queue-address.ts';
import { serveQueue } from '../experiment/queue/serve-queue.ts';
import { codeVersion } from './code-version.ts';
import { FINE, INTERRUPTED } from './exit-status.ts';
import { plural } from './headline.ts';
import { Interruption } from './interruption.ts';

export interface WorkerOptions {
  readonly queue: QueueAddress;
  readonly jobs?: number;
  readonly quiet?: boolean;
}

/** Between two lines that say how it goes, ms; none while nothing happens. */
const LINE_EVERY = 10_000;

const complain = (text: string): void => {
  process.stderr.write(`vmio: ${text}\n`);
};

export const workerCommand = async ({ queue, jobs, quiet = false }: WorkerOptions): Promise<number> => {
  const print = (text: string): void => {
    if (!quiet) process.stdout.write(`${text}\n`);
  };
  const code = codeVersion();
  const interruption = new Interruption();
  const pool = openPool(jobs ?? os.availableParallelism());
  let done = 0;
  let told = 0;
  const onDone = (): void => void done++;
  try {
    const serving = await serveQueue(queue, { code, pool, onDone, say: complain });
    const trials = `${plural(pool.jobs, 'trial')} at a time`;
    print(`listens at ${queue.shown} for this vmio (code ${code.slice(0, 8)}), ${trials}; ^C ends it`);
    const lines = setInterval(() => {
      if (done > told) print(`  ${plural(done, 'trial')} done`);
      told = done;
    }, LINE_EVERY);
    await new Promise<void>((resolve) => {
      if (interruption.asked) resolve();
      interruption.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    clearInterval(lines);
    const back = await serving.stop();
    print(`${plural(done, 'trial')} done${back === 0 ? '' : `, ${back} given back to the queue`}`);
  } finally {
    interruption.release();
    await pool.close();
  }
  // A batch system that takes a worker away is no failure.
  return interruption.by === 'SIGTERM' ? FINE : INTERRUPTED;
};
