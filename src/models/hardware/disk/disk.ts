/** A disk as its queues see it: takes I/Os, and gives each back when it is done, in whatever order. */

import type { Picoseconds } from '../../../units.ts';
import type { LinkUse } from '../link.ts';
import type { BlockIo, CompletionQueue } from './block-io.ts';

/** A part of a disk that serves one thing at a time, or so many. */
export interface DiskStation {
  readonly name: string;
  /** Server-time taken up to `now`, as a share of all its servers, ps. */
  busyBy(now: Picoseconds): number;
  /** What passed over it, where it serves one after the other. */
  use?(): LinkUse;
}

export interface Disk {
  /** Bytes that it holds. */
  readonly capacity: number;
  /** I/Os that it takes at once (NCQ, or the queues of NVMe); whoever submits keeps count. */
  readonly queueDepth: number;
  /** There is no device: the kernel answers by itself (null_blk), and nothing is mapped. */
  readonly virtual: boolean;
  /** What is shared by all I/Os. */
  readonly stations: readonly DiskStation[];
  /** Begins to serve `io`; `queue` is told when it is done. */
  submit(io: BlockIo, queue: CompletionQueue): void;
}
