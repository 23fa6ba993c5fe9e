/** What a fio job reads and writes where, by fio's `rw`, `bs` and `rwmixread`. */
import type { RandomStream } from '../../../kernel/random.ts';
import type { BlockIo } from '../../hardware/disk/block-io.ts';

/** Values of fio's `rw`. */
export const RW = ['read', 'write', 'randread', 'randwrite', 'rw', 'randrw'] as const;

export interface PatternSettings {
  readonly rw: (typeof RW)[number];
  /** Bytes of each I/O. */
  readonly bs: number;
  /** Percentage of reads in a mixed pattern. */
  readonly rwmixread: number;
  /** The job's part of the device: where it begins, and its length, bytes. */
  readonly offset: number;
  readonly size: number;
}

/** Where a job's I/Os come from. */
export interface IoSource {
  /** Makes `io` the next one: operation, offset and size. */
  next(io: BlockIo): void;
}

/** Simplification: blocks are drawn without a map of those that were drawn before (fio's `norandommap`). */
export class IoPattern implements IoSource {
  private readonly settings: PatternSettings;
  private readonly blocks: number;
  private readonly place: RandomStream;
  private readonly direction: RandomStream;
  // Mixed sequential patterns read and write in one row each.
  private nextRead = 0;
  private nextWrite = 0;

  /** @throws RangeError for a part smaller than one I/O. */
  constructor(settings: PatternSettings, place: RandomStream, direction: RandomStream) {
    this.settings = settings;
    this.blocks = Math.floor(settings.size / settings.bs);
    if (this.blocks < 1) throw new RangeError('the part of the device is smaller than one I/O');
    this.place = place;
    this.direction = direction;
  }

  next(io: BlockIo): void {
    const { rw, bs, offset } = this.settings;
    io.operation = this.reads ? 'read' : 'write';
    io.size = bs;
    const block = rw.startsWith('rand')
      ? this.place.integer(this.blocks)
      : this.inOrder(io.operation === 'read');
    io.offset = offset + block * bs;
  }

  private get reads(): boolean {
    const { rw, rwmixread } = this.settings;
    if (rw === 'rw' || rw === 'randrw') return this.direction.bernoulli(rwmixread / 100);
    return rw === 'read' || rw === 'randread';
  }

  private inOrder(read: boolean): number {
    const block = read ? this.nextRead : this.nextWrite;
    const next = (block + 1) % this.blocks;
    if (read) this.nextRead = next;
    else this.nextWrite = next;
    return block;
  }
}
