/** A part of a run, for one of several machines: every so-many-th combination of a point and a datapath. */
import { InvalidArgumentError } from 'commander';

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

/** More than this is a slip of the pen. */
const SHARDS_MAX = 10_000;

/** `2/8`: the second of eight. */
export const parseShard = (text: string): Shard => {
  const [, index, count] = (/^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? []).map(Number);
  if (count === undefined || count > SHARDS_MAX || index < 1 || index > count) {
    throw new InvalidArgumentError('expected a part and how many there are, e.g. 2/8.');
  }
  return { index, count };
};

/** @param combination its number, from 0. */
export const isIn = ({ index, count }: Shard, combination: number): boolean =>
  combination % count === index - 1;

/** Where the trials of a scenario that is run in shards are kept. @param folder of its results */
export const shardJournal = (folder: string, { index, count }: Shard): string =>
  `${folder}.shard-${index}-of-${count}.trials.jsonl`;
