/** One I/O of a block device, as every layer below its issuer hands it on: block layer, driver, backend, disk. */
import { NO_REQUEST, type Request } from '../../../accounting/timeline.ts';

export type Operation = 'read' | 'write' | 'flush';

/** Belongs to its issuer, who uses it again once it is done; nobody below keeps it longer. */
export class BlockIo {
  operation: Operation = 'read';
  /** First byte on the device. */
  offset = 0;
  /** Bytes; 0 of a flush. */
  size = 0;
  /** Whose life it is part of, or NO_REQUEST. */
  request: Request = NO_REQUEST;
}

/** Who is told when a disk is done with an I/O: the queue that it was submitted through. */
export interface CompletionQueue {
  completed(io: BlockIo): void;
}
