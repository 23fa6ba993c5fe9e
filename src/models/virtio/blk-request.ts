/**
 * Requests of a virtio block device (virtio 1.2 §5.2.6): a header that the device reads, the data, and a status byte that it
 * writes.
 */
import type { BufferRule } from './device-queue.ts';
import type { Piece } from './driver-queue.ts';

/** type, reserved, sector. */
export const BLK_HEADER = 16;
/** Pages of a data buffer lie anywhere in memory: a descriptor each. */
const PAGE = 4096;
/** Where data lies; its contents are nobody's business, so it is the same place for all. */
const DATA = 0x10000;

/** Most data descriptors of a request (seg_max): what a queue of 256 has besides header and status. */
export const SEG_MAX = 254;

/** What a request asks for. */
export interface BlkOperation {
  readonly operation: 'read' | 'write' | 'flush';
  /** Bytes. */
  readonly size: number;
}

/** The pieces of a request whose header, status and table lie behind `header`. */
export const piecesOfRequest = ({ operation, size }: BlkOperation, header: number): Piece[] => {
  const pieces: Piece[] = [{ address: header, length: BLK_HEADER, writable: false }];
  for (let done = 0; done < size; done += PAGE) {
    pieces.push({ address: DATA, length: Math.min(PAGE, size - done), writable: operation === 'read' });
  }
  pieces.push({ address: header + BLK_HEADER, length: 1, writable: true });
  return pieces;
};

/** Bytes that the device writes of it: data read, and the status. */
export const writtenOf = ({ operation, size }: BlkOperation): number => (operation === 'read' ? size : 0) + 1;

/** virtio_blk_handle_request of QEMU: "virtio-blk request outhdr too short", "inhdr too short". */
export const blkRequest: BufferRule = ({ pieces, readable, length }) => {
  if (readable === 0 || readable === pieces) return 'no header or no status in a block request';
  let header = 0;
  for (let i = 0; i < readable; i++) header += length[i];
  return header < BLK_HEADER ? 'header cut short' : null;
};
