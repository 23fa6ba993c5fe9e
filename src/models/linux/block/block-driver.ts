/** What Linux's block layer asks of a driver, for one of its hardware queues (blk_mq_ops). */
import type { Context, Program } from '../../hardware/context.ts';
import type { BlockIo } from '../../hardware/disk/block-io.ts';
import type { Fifo } from '../../hardware/fifo.ts';

/** What a driver tells the block layer. */
export interface Completions {
  /** Charges the end of an I/O; commit, then `end`. */
  charge(cpu: Context, io: BlockIo): void;
  /** The I/O is over: its tag is free, and its issuer told. */
  end(cpu: Context, io: BlockIo): void;
  /** The driver takes I/Os again after it had stopped. */
  restarted(): void;
}

/** How a submitter looks for completions itself (blk_mq_poll). */
export interface PolledCompletions {
  /** There is one to be taken. */
  readonly ready: boolean;
  /** Takes what is completed. */
  take(cpu: Context): Program;
  /** `look` is called when there is something to be seen. */
  watch(look: () => void): void;
}

export interface BlockDriver {
  /** I/Os that it takes at once: the tags of its queue. */
  readonly depth: number;
  /** It takes nothing at present: its ring is full. */
  readonly stopped: boolean;
  /**
   * Takes what is in `ios` (queue_rqs), or as much as it has room for, and tells the device of it once (the last of a
   * batch: bd->last, commit_rqs).
   */
  dispatch(cpu: Context, ios: Fifo<BlockIo>): Program;
  /** Of a queue without interrupts (HCTX_TYPE_POLL); null: the queue interrupts. */
  readonly polled: PolledCompletions | null;
  /** Sets who is called back; once, while building. */
  attach(completions: Completions): void;
}
