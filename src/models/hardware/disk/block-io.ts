/** One I/O of a block device, as every layer below its issuer hands it on: block layer, driver, backend, disk. */
import { NO_REQUEST, type Request } from '../../../accounting/timeline.ts';

import type { Context } from '../context.ts';

export type Operation = 'read' | 'write' | 'flush';

/** Who is told when a disk, or whatever stands for one, is done with an I/O. */
export interface CompletionQueue {
  completed(io: BlockIo): void;
}

/** Who issued an I/O to a block layer; told in the context that completes it, after its costs were paid. */
export interface Issuer {
  done(io: BlockIo, cpu: Context): void;
}

/** Belongs to its issuer, who uses it again once it is done; nobody below keeps it longer. */
export class BlockIo {
  operation: Operation = 'read';
  /** First byte on the device. */
  offset = 0;
  /** Bytes; 0 of a flush. */
  size = 0;
  /** Whose life it is part of, or NO_REQUEST. */
  request: Request = NO_REQUEST;
  /** Who issues it, by number; and which of its writes this is. */
  producer = 0;
  sequence = 0;
  /** Asked for with priority: of the real-time class of ioprio. */
  interactive = false;
  /** The slot of its queue that it has at present (the tag), or -1. */
  tag = -1;
  readonly issuer: Issuer;

  /** Becomes the same I/O as `other`, one layer down. */
  copy(other: BlockIo): this {
    this.operation = other.operation;
    this.offset = other.offset;
    this.size = other.size;
    this.request = other.request;
    this.producer = other.producer;
    this.sequence = other.sequence;
    this.interactive = other.interactive;
    return this;
  }

  constructor(issuer: Issuer) {
    this.issuer = issuer;
  }
}

/** What drivers have written into the headers of requests in memory, by their addresses: both sides look at the same. */
export type RequestHeaders = Map<number, BlockIo>;
