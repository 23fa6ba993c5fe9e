/**
 * Requests of virtio disks: a header that the device reads, the data, and a status that it writes; of a block device (virtio 1.2
 * §5.2.6) 16 bytes and one, of a SCSI host (§5.6.6.1) a command of 51 and a response of 108.
 */
import type { BufferRule } from './device-queue.ts';
import type { Piece } from './driver-queue.ts';

export interface RequestFormat {
  /** Bytes of the header, and of what the device answers beside the data. */
  readonly header: number;
  readonly status: number;
  /** A response comes before the data that the device writes, not behind it. */
  readonly statusFirst: boolean;
}

/** type, reserved, sector; status. */
export const BLK_FORMAT: RequestFormat = { header: 16, status: 1, statusFirst: false };
/** lun, id, attributes and a CDB of 32 bytes; residual, status and 96 bytes of sense. */
export const SCSI_FORMAT: RequestFormat = { header: 51, status: 108, statusFirst: true };
/** Pages of a data buffer lie anywhere in memory: a descriptor each. */
const PAGE = 4096;
/** Where data lies; its contents are nobody's business, so it is the same place for all. */
const DATA = 0x10000;

/** What a request asks for. */
export interface BlkOperation {
  readonly operation: 'read' | 'write' | 'flush';
  /** Bytes. */
  readonly size: number;
}

/** The pieces of a request whose header, status and table lie behind `at`. */
export const piecesOfRequest = (
  { operation, size }: BlkOperation,
  at: number,
  { header, status, statusFirst }: RequestFormat,
): Piece[] => {
  const read = operation === 'read';
  const pieces: Piece[] = [{ address: at, length: header, writable: false }];
  const answer = { address: at + header, length: status, writable: true };
  // Whatever the device reads comes before whatever it writes.
  if (statusFirst && read) pieces.push(answer);
  for (let done = 0; done < size; done += PAGE) {
    pieces.push({ address: DATA, length: Math.min(PAGE, size - done), writable: read });
  }
  if (!(statusFirst && read)) pieces.push(answer);
  return pieces;
};

/** Bytes that the device writes of it: data read, and the status. */
export const writtenOf = ({ operation, size }: BlkOperation, { status }: RequestFormat): number =>
  (operation === 'read' ? size : 0) + status;

/** virtio_blk_handle_request of QEMU: "virtio-blk request outhdr too short", "inhdr too short". */
export const requestRule =
  (format: RequestFormat): BufferRule =>
  ({ pieces, readable, length }) => {
    if (readable === 0 || readable === pieces) return 'no header or no status in a block request';
    let header = 0;
    for (let i = 0; i < readable; i++) header += length[i];
    return header < format.header ? 'header cut short' : null;
  };
