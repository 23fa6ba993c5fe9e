/**
 * Hybrid polling (blk_mq_poll_hybrid, Linux 4.10 to 6.2): who polls for a completion sleeps first, for about half of what it will take.
 *
 * Simplification: the mean is that of all I/Os since the start, where Linux has that of the last 100 ms.
 */
import type { Picoseconds } from '../../../units.ts';
import type { BlockIo } from '../../hardware/disk/block-io.ts';

/** io_poll_delay: -1, 0, or a time. */
export type PollDelay = 'classic' | 'adaptive' | Picoseconds;

const SECTOR = 512;
const NOT_AT_ALL = 0 as Picoseconds;

interface Mean {
  sum: number;
  count: number;
}

export class HybridPolling {
  private readonly delay: PollDelay;
  /** By tag: when the driver got it. */
  private readonly since: number[] = [];
  private readonly means = new Map<string, Mean>();

  constructor(delay: PollDelay) {
    this.delay = delay;
  }

  started(io: BlockIo, now: Picoseconds): void {
    if (this.delay === 'adaptive') this.since[io.tag] = now;
  }

  ended(io: BlockIo, now: Picoseconds): void {
    if (this.delay !== 'adaptive') return;
    const mean = this.meanOf(io);
    mean.sum += now - this.since[io.tag];
    mean.count++;
  }

  /** How long to sleep before the first look for `io`. */
  of(io: BlockIo): Picoseconds {
    if (this.delay === 'classic') return NOT_AT_ALL;
    if (this.delay !== 'adaptive') return this.delay;
    const { sum, count } = this.meanOf(io);
    return (count === 0 ? 0 : Math.round(sum / count / 2)) as Picoseconds;
  }

  /** Those of one direction and about one size have one (blk_mq_poll_stats_bkt). */
  private meanOf({ operation, size }: BlockIo): Mean {
    const key = `${operation} ${Math.floor(Math.log2(Math.max(1, size / SECTOR)))}`;
    const known = this.means.get(key);
    if (known !== undefined) return known;
    const mean = { sum: 0, count: 0 };
    this.means.set(key, mean);
    return mean;
  }
}
