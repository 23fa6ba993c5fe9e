/** Options that several commands have. */
import { InvalidArgumentError, Option } from 'commander';
import { parseQueueAddress, type QueueAddress } from '../../experiment/queue/queue-address.ts';

/** What a command ends with: the exit status. */
export type Finish = (status: number) => void;

export const collect = (value: string, earlier: string[]): string[] => [...earlier, value];

export const wholeNumber =
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

export const setOption = (): Option =>
  new Option(
    '--set <path=value>',
    'set one value of the scenario, e.g. workloads.rpc.connections=4 (repeatable)',
  )
    .argParser(collect)
    .default([], 'none');
export const sweepOption = (): Option =>
  new Option(
    '--sweep <path=values>',
    "sweep a value, e.g. 'workloads.bulk.rate=[10 k/s, 100 k/s]' or '={from: 10 k/s, to: 1 M/s, steps: 5, scale: log}'; twice makes a grid",
  )
    .argParser(collect)
    .default([], 'as the scenario says');
export const jobsOption = (): Option =>
  new Option('--jobs <n>', 'trials to run at a time; changes no result (default: one per core)').argParser(
    wholeNumber(1, JOBS_MAX),
  );
export const parseQueue = (text: string): QueueAddress => {
  const address = parseQueueAddress(text);
  if (address === null)
    throw new InvalidArgumentError('expected a Redis server, e.g. redis://localhost:6379.');
  return address;
};
export const seedOption = (): Option =>
  new Option('--seed <n>', 'seed of the random streams; the scenario’s where not given').argParser(
    wholeNumber(0, 2 ** 32 - 1),
  );

/** `2 %` or `0.02`. */
export const parseShare = (text: string): number => {
  const [, figure, sign] = /^(\d+(?:\.\d+)?) ?(%?)$/.exec(text.trim()) ?? [];
  if (figure === undefined) throw new InvalidArgumentError('expected a share, e.g. 2% or 0.02.');
  return Number(figure) / (sign === '%' ? 100 : 1);
};
