/** Commands that run nothing. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Finish, parseShare, seedOption, setOption, sweepOption } from './options.ts';

export const addCheck = (vmio: Command, finish: Finish): void => {
  vmio
    .command('check')
    .description('validate only; print the resolved scenario, its defaults, and each cost with its source')
    .argument('<scenario...>', 'scenario files (YAML)')
    .addOption(setOption())
    .addOption(sweepOption())
    .addOption(seedOption())
    .option('--quiet', 'print mistakes and warnings only')
    .action(async (files: string[], options) => {
      const { checkCommand } = await import('../check-command.ts');
      finish(checkCommand(files, options));
    });
};

const collectTolerance = (text: string, earlier: ReadonlyMap<string, number>): Map<string, number> => {
  const [metric, share] = text.split('=');
  if (share === undefined)
    throw new InvalidArgumentError('expected a metric and its share, e.g. latency.p99=5%.');
  return new Map([...earlier, [metric.trim(), parseShare(share)]]);
};

export const addDiff = (vmio: Command, finish: Finish): void => {
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
      const { diffCommand } = await import('../diff-command.ts');
      finish(diffCommand(before, after, options));
    });
};

/** Commands that run nothing: what there is, and how to start. */
export const addFinders = (vmio: Command, finish: Finish): void => {
  vmio
    .command('list')
    .description('list what there is')
    .argument('[what]', 'scenarios, cases, profiles, datapaths or metrics; all where not given')
    .action(async (what: string | undefined) => {
      const { listCommand } = await import('../list-command.ts');
      finish(listCommand(what));
    });
  vmio
    .command('schema')
    .description('print the JSON Schema of scenarios (or of machine profiles), for editors')
    .addOption(
      new Option('--of <what>', 'what to describe').choices(['scenario', 'profile']).default('scenario'),
    )
    .action(async (options: { of: 'scenario' | 'profile' }) => {
      const { schemaCommand } = await import('../schema-command.ts');
      finish(schemaCommand(options.of));
    });
  vmio
    .command('import')
    .description('print a scenario made from a job file of fio, or from a log that it wrote (write_iolog)')
    .argument('<file>', 'job file or log, e.g. reads.fio')
    .action(async (file: string) => {
      const { importCommand } = await import('../import-command.ts');
      finish(importCommand(file));
    });
  vmio
    .command('init')
    .description('write a first scenario with its machine profile into a folder')
    .argument('[dir]', 'folder; made if it is not there', '.')
    .action(async (dir: string) => {
      const { initCommand } = await import('../init-command.ts');
      finish(initCommand(dir));
    });
};
