/** Commands that run a scenario, or a part of it. */
import { type Command, Option } from 'commander';
import { parseShard } from '../shard.ts';
import {
  type Finish,
  jobsOption,
  parseQueue,
  seedOption,
  setOption,
  sweepOption,
  wholeNumber,
} from './options.ts';

export const addRun = (vmio: Command, finish: Finish): void => {
  vmio
    .command('run')
    .description('simulate, print the comparison, write the results folder and charts')
    .argument('<scenario...>', 'scenario files (YAML)')
    .addOption(setOption())
    .addOption(sweepOption())
    .addOption(seedOption())
    .option('--out <dir>', 'folder for the results; each scenario gets one inside', 'results')
    .addOption(jobsOption())
    .option('--json', 'print one JSON object per summary row to standard output')
    .option('--quiet', 'print nothing but errors')
    .option('--no-charts', 'write the CSV files only')
    .addOption(
      new Option(
        '--shard <i/n>',
        'run part i of n alone, on one of n machines, and keep its trials for vmio merge',
      ).argParser(parseShard),
    )
    .addOption(
      new Option(
        '--queue <url>',
        'hand the trials to the workers of a queue on Redis (vmio worker), 256 at a time where --jobs is not given',
      ).argParser(parseQueue),
    )
    .option('--dry-run', 'print what would be run and about how long it would take, and run nothing')
    .action(async (files: string[], options) => {
      const { runCommand } = await import('../run-command.ts');
      finish(await runCommand(files, options));
    });
};

export const addReplay = (vmio: Command, finish: Finish): void => {
  vmio
    .command('replay')
    .description('run one single trial again, as an error message names it')
    .argument('<scenario>', 'scenario file (YAML)')
    .addOption(setOption())
    .addOption(sweepOption())
    .addOption(seedOption())
    .requiredOption('--datapath <kind>', 'datapath of the trial')
    .requiredOption('--replication <n>', 'number of the trial', wholeNumber(0, 1_000_000))
    .option('--point <n>', 'number of the point in the sweep, from 0', wholeNumber(0, 1_000_000), 0)
    .option('--neighbours', 'count points as vmio neighbours makes them: each VM alone, in pairs, and all')
    .action(async (file: string, options) => {
      const { replayCommand } = await import('../replay-command.ts');
      finish(replayCommand(file, options));
    });
};

export const addWorker = (vmio: Command, finish: Finish): void => {
  vmio
    .command('worker')
    .description(
      'run the trials that vmio run --queue hands out, here or on any machine, until it is stopped',
    )
    .addOption(
      new Option('--queue <url>', 'Redis server of the queue, e.g. redis://localhost:6379')
        .argParser(parseQueue)
        .makeOptionMandatory(),
    )
    .addOption(jobsOption())
    .option('--quiet', 'print nothing but errors')
    .action(async (options) => {
      const { workerCommand } = await import('../worker-command.ts');
      finish(await workerCommand(options));
    });
};

export const addMerge = (vmio: Command, finish: Finish): void => {
  vmio
    .command('merge')
    .description('write the results of a scenario whose shards were run (run --shard), as run would have')
    .argument('<scenario>', 'scenario file (YAML), as it was run')
    .argument('<journal...>', 'what the shards have kept: *.trials.jsonl')
    .addOption(setOption())
    .addOption(sweepOption())
    .addOption(seedOption())
    .option('--out <dir>', 'folder for the results; the scenario gets one inside', 'results')
    .option('--json', 'print one JSON object per summary row to standard output')
    .option('--quiet', 'print nothing but errors')
    .option('--no-charts', 'write the CSV files only')
    .action(async (file: string, journals: string[], options) => {
      const { mergeCommand } = await import('../merge-command.ts');
      finish(await mergeCommand(file, journals, options));
    });
};
