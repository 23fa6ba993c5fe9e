/**
 * A queue pair of an NVMe controller in memory (NVM Express base specification 2.0 §3.3): entries that the driver has written and
 * the controller not fetched, and entries that the controller has posted and the driver not taken.
 */
import { Fifo } from '../fifo.ts';
import type { BlockIo } from './block-io.ts';

export class NvmeQueue {
  /** Entries of each ring; one of them stays empty. */
  readonly size: number;
  readonly submitted = new Fifo<BlockIo>();
  readonly completed = new Fifo<BlockIo>();

  constructor(size: number) {
    this.size = size;
  }
}
