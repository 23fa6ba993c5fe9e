/** The command line: parses arguments and hands over; each command is loaded only when it is called. */
import { Command, CommanderError } from 'commander';
import {
  addCapacity,
  addExplain,
  addNeighbours,
  addSensitivity,
  addValidate,
} from './command-line/asking.ts';
import { addCheck, addDiff, addFinders } from './command-line/finding.ts';
import type { Finish } from './command-line/options.ts';
import { addMerge, addReplay, addRun, addWorker } from './command-line/running.ts';
import { FINE, WRONG_INPUT } from './exit-status.ts';
import { VERSION } from './version.ts';

const program = (finish: Finish): Command => {
  const vmio = new Command('vmio')
    .description(
      'Simulates virtual-machine I/O and compares emulation, virtio, vhost-net and SR-IOV with bare metal.',
    )
    .version(VERSION)
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help)')
    .exitOverride();
  for (const add of [
    addRun,
    addCheck,
    addReplay,
    addCapacity,
    addExplain,
    addNeighbours,
    addSensitivity,
    addWorker,
    addMerge,
    addDiff,
    addValidate,
    addFinders,
  ]) {
    add(vmio, finish);
  }
  return vmio;
};

/** `vmio list | head` is no failure, and a run whose reader has left still writes its results. */
const tolerateClosedPipe = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EPIPE') throw error;
};

/** Runs the command line. @returns the exit status. */
export const main = async (args: readonly string[]): Promise<number> => {
  process.stdout.on('error', tolerateClosedPipe);
  let status = FINE;
  try {
    await program((code) => {
      status = code;
    }).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? FINE : WRONG_INPUT;
    const { explain } = await import('./failure.ts');
    return explain(error, '');
  }
  return status;
};
