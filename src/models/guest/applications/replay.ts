/**
 * I/Os of a log in place of a pattern (fio's `read_iolog`): what is done where, and when. At its end it begins again (`time_based`).
 *
 * A logged time is an intended start, whatever became of the I/Os before; fio counts each from when it could start the one before.
 */
import type { Picoseconds } from '../../../units.ts';
import type { BlockIo } from '../../hardware/disk/block-io.ts';
import type { Arrivals } from '../arrivals.ts';
import type { IoSource } from './io-pattern.ts';

export interface LoggedIo {
  /** From the start of the log, ps. */
  readonly at: Picoseconds;
  readonly operation: 'read' | 'write';
  /** Bytes. */
  readonly offset: number;
  readonly size: number;
}

const SECTOR = 512;

export class ReplayedIos implements IoSource {
  private readonly ios: readonly LoggedIo[];
  private readonly capacity: number;
  private index = 0;

  /** @param capacity of the disk, bytes: what lies behind its end is taken round and round. */
  constructor(ios: readonly LoggedIo[], capacity: number) {
    this.ios = ios;
    this.capacity = capacity;
  }

  next(io: BlockIo): void {
    const { operation, offset, size } = this.ios[this.index];
    io.operation = operation;
    io.size = size;
    io.offset = offset + size <= this.capacity ? offset : this.wrapped(offset, size);
    this.index = (this.index + 1) % this.ios.length;
  }

  private wrapped(offset: number, size: number): number {
    const inside = offset % Math.max(SECTOR, this.capacity - size);
    return inside - (inside % SECTOR);
  }
}

/** A log with times: how long it is, above 0. */
export interface TimedLog {
  readonly ios: readonly LoggedIo[];
  readonly duration: Picoseconds;
}

/** @param scale `replay_time_scale`, percent: 50 is half as fast. */
export const replayedTimes = ({ ios, duration }: TimedLog, scale: number): Arrivals => {
  let index = 0;
  let round = 0;
  return {
    next: () => {
      const at = (round * duration + ios[index].at) * (100 / scale);
      index = (index + 1) % ios.length;
      if (index === 0) round++;
      return Math.round(at) as Picoseconds;
    },
  };
};
