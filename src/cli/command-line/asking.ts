/** Commands that ask a question of a scenario, which takes trials of its own. */
import { type Command, Option } from 'commander';
import {
  collect,
  type Finish,
  jobsOption,
  parseShare,
  seedOption,
  setOption,
  sweepOption,
  wholeNumber,
} from './options.ts';

export const addCapacity = (vmio: Command, finish: Finish): void => {
  vmio
    .command('capacity')
    .description(
      'find the largest load, or the smallest resource, that holds objectives, with its interval and its limit',
    )
    .argument('<scenario>', 'scenario file (YAML)')
    .option('--vary <path>', 'what is searched, e.g. vms.web.count or workloads.rpc.rate')
    .option('--from <value>', 'least value that is looked at')
    .option('--to <value>', 'greatest value that is looked at')
    .addOption(
      new Option('--slo <objective>', 'e.g. "p99 < 100us", "drops < 1e-5", "cpu.host < 80%" (repeatable)')
        .argParser(collect)
        .default([], 'as the scenario says'),
    )
    .addOption(
      new Option(
        '--precision <share>',
        'half width that the interval of a rate or size shall have',
      ).argParser(parseShare),
    )
    .addOption(setOption())
    .addOption(seedOption())
    .option('--out <dir>', 'folder where finished trials are kept until the search has ended', 'results')
    .addOption(jobsOption())
    .option('--json', 'print one JSON object per point and datapath to standard output')
    .option('--quiet', 'print nothing but errors')
    .action(async (file: string, options) => {
      const { capacityCommand } = await import('../capacity-command.ts');
      finish(await capacityCommand(file, options));
    });
};

export const addExplain = (vmio: Command, finish: Finish): void => {
  vmio
    .command('explain')
    .description(
      'say who pays, where requests wait, what would be if something were free, and why datapaths differ',
    )
    .argument('<scenario>', 'scenario file (YAML)')
    .addOption(
      new Option('--datapath <kind>', 'explain this one (repeatable)').argParser(collect).default([], 'all'),
    )
    .option('--against <kind>', 'what the others are held against (default: the first of the scenario)')
    .option('--point <n>', 'number of the point, where there are several, from 0', wholeNumber(0, 1_000_000))
    .option('--no-what-if', 'leave out what would be if something were free, which takes most of the time')
    .option('--all', 'ask what if of every cost, not only of those that take at least 1 %')
    .addOption(setOption())
    .addOption(sweepOption())
    .addOption(seedOption())
    .option('--out <dir>', 'folder where finished trials are kept until the answer is there', 'results')
    .addOption(jobsOption())
    .option('--json', 'print one JSON object per datapath and difference to standard output')
    .option('--quiet', 'print nothing but errors')
    .action(async (file: string, options) => {
      const { explainCommand } = await import('../explain-command.ts');
      finish(await explainCommand(file, options));
    });
};

export const addNeighbours = (vmio: Command, finish: Finish): void => {
  vmio
    .command('neighbours')
    .description(
      'simulate VMs alone, in pairs and all together: who hurts whom, and what isolation would cost',
    )
    .argument('<scenario>', 'scenario file (YAML) with two or more VMs that have workloads')
    .addOption(setOption())
    .addOption(sweepOption())
    .addOption(seedOption())
    .addOption(jobsOption())
    .option('--json', 'print one JSON object per cell of the matrix and per figure to standard output')
    .option('--quiet', 'print the answer alone, without headline and progress')
    .action(async (file: string, options) => {
      const { neighboursCommand } = await import('../neighbours-command.ts');
      finish(await neighboursCommand(file, options));
    });
};

export const addSensitivity = (vmio: Command, finish: Finish): void => {
  vmio
    .command('sensitivity')
    .description('vary all costs within their ranges: how sure a decision is, and which cost to measure next')
    .argument('<scenario>', 'scenario file (YAML)')
    .addOption(
      new Option(
        '--decide <decision>',
        'an objective "p99 < 100us", an order "p99: sriov < vhost-net", or the best "lowest p99"; with a workload before the metric of that one alone (repeatable)',
      )
        .argParser(collect)
        .default([], 'slo of the scenario’s capacity:, else lowest p99'),
    )
    .addOption(
      new Option('--machines <n>', 'machines drawn from the ranges')
        .argParser(wholeNumber(2, 10_000))
        .default(64),
    )
    .addOption(
      new Option('--trajectories <r>', 'for the ranking: each changes every cost once')
        .argParser(wholeNumber(2, 1000))
        .default(10),
    )
    .addOption(setOption())
    .addOption(seedOption())
    .option('--out <dir>', 'folder where finished trials are kept until all have ended', 'results')
    .addOption(jobsOption())
    .option(
      '--dry-run',
      'run each datapath once, print how many trials there are and about how long they take',
    )
    .option('--json', 'print one JSON object per share, figure and effect to standard output')
    .option('--quiet', 'print the answer alone, without headline and progress')
    .action(async (file: string, options) => {
      const { sensitivityCommand } = await import('../sensitivity-command.ts');
      finish(await sensitivityCommand(file, options));
    });
};

export const addValidate = (vmio: Command, finish: Finish): void => {
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
      const { validateCommand } = await import('../validate-command.ts');
      finish(await validateCommand(cases, options));
    });
};
