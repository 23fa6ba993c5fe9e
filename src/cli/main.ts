/** The command line: parses arguments and hands over; each command is loaded only when it is called. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { parseQueueAddress, type QueueAddress } from '../experiment/queue/queue-address.ts';
import { FINE, WRONG_INPUT } from './exit-status.ts';
import { parseShard } from './shard.ts';
import { VERSION } from './version.ts';

const collect = (value: string, earlier: string[]): string[] => [...earlier, value];

const wholeNumber =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new InvalidArgumentError(`expected a whole number from ${low} to ${high}.`);
    }
    return value;
  };

/** More threads than this is a slip of the pen. */
const JOBS_MAX = 1024;

const setOption = (): Option =>
  new Option(
    '--set <path=value>',
    'set one value of the scenario, e.g. workloads.rpc.connections=4 (repeatable)',
  )
    .argParser(collect)
    .default([], 'none');
const sweepOption = (): Option =>
  new Option(
    '--sweep <path=values>',
    "sweep a value, e.g. 'workloads.bulk.rate=[10 k/s, 100 k/s]' or '={from: 10 k/s, to: 1 M/s, steps: 5, scale: log}'; twice makes a grid",
  )
    .argParser(collect)
    .default([], 'as the scenario says');
const jobsOption = (): Option =>
  new Option('--jobs <n>', 'trials to run at a time; changes no result (default: one per core)').argParser(
    wholeNumber(1, JOBS_MAX),
  );
const parseQueue = (text: string): QueueAddress => {
  const address = parseQueueAddress(text);
  if (address === null)
    throw new InvalidArgumentError('expected a Redis server, e.g. redis://localhost:6379.');
  return address;
};
const seedOption = (): Option =>
  new Option('--seed <n>', 'seed of the random streams; the scenario’s where not given').argParser(
    wholeNumber(0, 2 ** 32 - 1),
  );

const program = (finish: (status: number) => void): Command => {
  const vmio = new Command('vmio')
    .description(
      'Simulates virtual-machine I/O and compares emulation, virtio, vhost-net and SR-IOV with bare metal.',
    )
    .version(VERSION)
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help)')
    .exitOverride();
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
      const { runCommand } = await import('./run-command.ts');
      finish(await runCommand(files, options));
    });
  vmio
    .command('check')
    .description('validate only; print the resolved scenario, its defaults, and each cost with its source')
    .argument('<scenario...>', 'scenario files (YAML)')
    .addOption(setOption())
    .addOption(sweepOption())
    .addOption(seedOption())
    .option('--quiet', 'print mistakes and warnings only')
    .action(async (files: string[], options) => {
      const { checkCommand } = await import('./check-command.ts');
      finish(checkCommand(files, options));
    });
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
    .action(async (file: string, options) => {
      const { replayCommand } = await import('./replay-command.ts');
      finish(replayCommand(file, options));
    });
  addWorker(vmio, finish);
  addMerge(vmio, finish);
  addDiff(vmio, finish);
  addValidate(vmio, finish);
  addFinders(vmio, finish);
  return vmio;
};

const addWorker = (vmio: Command, finish: (status: number) => void): void => {
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
      const { workerCommand } = await import('./worker-command.ts');
      finish(await workerCommand(options));
    });
};

const addMerge = (vmio: Command, finish: (status: number) => void): void => {
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
      const { mergeCommand } = await import('./merge-command.ts');
      finish(await mergeCommand(file, journals, options));
    });
};

/** `2 %` or `0.02`. */
const parseShare = (text: string): number => {
  const [, figure, sign] = /^(\d+(?:\.\d+)?) ?(%?)$/.exec(text.trim()) ?? [];
  if (figure === undefined) throw new InvalidArgumentError('expected a share, e.g. 2% or 0.02.');
  return Number(figure) / (sign === '%' ? 100 : 1);
};

const collectTolerance = (text: string, earlier: ReadonlyMap<string, number>): Map<string, number> => {
  const [metric, share] = text.split('=');
  if (share === undefined)
    throw new InvalidArgumentError('expected a metric and its share, e.g. latency.p99=5%.');
  return new Map([...earlier, [metric.trim(), parseShare(share)]]);
};

const addDiff = (vmio: Command, finish: (status: number) => void): void => {
  vmio
    .command('diff')
    .description('compare two results folders of a scenario: what changed beyond a tolerance, and why')
    .argument('<before>', 'results folder, e.g. of the main branch')
    .argument('<after>', 'results folder that is held against it')
    .addOption(
      new Option('--tolerance <share>', 'of latency, throughput, device exits, CPU and drops')
        .argParser(parseShare)
        .default(0.02, '2 %'),
    )
    .addOption(
      new Option(
        '--metric <metric=share>',
        'tolerance of one metric, e.g. latency.p99=5% or wakeups=0, which is judged then in any case (repeatable)',
      )
        .argParser(collectTolerance)
        .default(new Map(), 'none'),
    )
    .option('--json', 'print one JSON object per judged figure to standard output')
    .option('--junit <file>', 'write a test case for each judged figure in JUnit’s XML')
    .action(async (before: string, after: string, options) => {
      const { diffCommand } = await import('./diff-command.ts');
      finish(diffCommand(before, after, options));
    });
};

const addValidate = (vmio: Command, finish: (status: number) => void): void => {
  vmio
    .command('validate')
    .description('hold the simulation against theory, counted drivers and published measurements')
    .argument(
      '[case...]',
      'shipped cases by name, scenario files with a `reference:`, or folders; all where not given',
    )
    .option('--out <dir>', 'folder for the results, which go to `validation` inside', 'results')
    .addOption(jobsOption())
    .option('--json', 'print one JSON object per figure to standard output')
    .option('--quiet', 'print only what failed')
    .action(async (cases: string[], options) => {
      const { validateCommand } = await import('./validate-command.ts');
      finish(await validateCommand(cases, options));
    });
};

/** Commands that run nothing: what there is, and how to start. */
const addFinders = (vmio: Command, finish: (status: number) => void): void => {
  vmio
    .command('list')
    .description('list what there is')
    .argument('[what]', 'scenarios, cases, profiles, datapaths or metrics; all where not given')
    .action(async (what: string | undefined) => {
      const { listCommand } = await import('./list-command.ts');
      finish(listCommand(what));
    });
  vmio
    .command('schema')
    .description('print the JSON Schema of scenarios (or of machine profiles), for editors')
    .addOption(
      new Option('--of <what>', 'what to describe').choices(['scenario', 'profile']).default('scenario'),
    )
    .action(async (options: { of: 'scenario' | 'profile' }) => {
      const { schemaCommand } = await import('./schema-command.ts');
      finish(schemaCommand(options.of));
    });
  vmio
    .command('import')
    .description('print a scenario made from a job file of fio, or from a log that it wrote (write_iolog)')
    .argument('<file>', 'job file or log, e.g. reads.fio')
    .action(async (file: string) => {
      const { importCommand } = await import('./import-command.ts');
      finish(importCommand(file));
    });
  vmio
    .command('init')
    .description('write a first scenario with its machine profile into a folder')
    .argument('[dir]', 'folder; made if it is not there', '.')
    .action(async (dir: string) => {
      const { initCommand } = await import('./init-command.ts');
      finish(initCommand(dir));
    });
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
