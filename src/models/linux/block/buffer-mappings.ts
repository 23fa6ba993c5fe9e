/** What a disk's driver does with an I/O's buffers before its device may use them, and afterwards (dma_map_sg, dma_unmap_sg). */
import type { Context } from '../../hardware/context.ts';
import type { BlockIo } from '../../hardware/disk/block-io.ts';
import type { Access } from '../../hardware/register-port.ts';

export interface BufferMappings {
  /** Charges for the buffers of `io`, data and so many others; commit, then `map`. */
  charge(cpu: Context, io: BlockIo, others?: number): void;
  map(io: BlockIo, others?: number): void;
  /** What is to be done before the device may use them, or null. */
  announce(cpu: Context, io: BlockIo): Access | null;
  /** Unmaps the buffers of `io`, which its device has given back. */
  unmap(cpu: Context, io: BlockIo): Access;
}
