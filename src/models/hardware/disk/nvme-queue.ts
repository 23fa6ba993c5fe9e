/**
 * A queue pair of an NVMe controller in memory (NVM Express base specification 2.0 §3.3): entries that the driver has written and the
 * controller not fetched, and entries that the controller has posted and the driver not taken.
 *
 * With a doorbell buffer (§5.9, command 7Ch) each doorbell has an index beside it, up to which the controller wants to hear nothing.
 */
import { Fifo } from '../fifo.ts';
import type { BlockIo } from './block-io.ts';

/** A ring index that runs from 0 to 2^16 - 1 (QEMU and Linux compare 16 bits). */
const next = (index: number): number => (index + 1) & 0xffff;

/** One doorbell: where its writer is, and which position its reader waits for. */
class DoorbellIndex {
  private at = 0;
  private written = 0;
  private event = 0;

  advance(): void {
    this.at = next(this.at);
  }

  /** nvme_dbbuf_need_event: whether the moves since the last question passed the event. */
  get needed(): boolean {
    const { at, written, event } = this;
    this.written = at;
    return ((at - event - 1) & 0xffff) < ((at - written) & 0xffff);
  }

  /** The reader has seen everything so far. */
  allow(): void {
    this.event = this.at;
  }
}

export class NvmeQueue {
  /** Entries of each ring; one of them stays empty. */
  readonly size: number;
  /** The controller has a doorbell buffer. */
  readonly shadowed: boolean;
  readonly completed = new Fifo<BlockIo>();
  /** A driver that polls hears of each completion, through the memory it looks at. */
  onPosted: (() => void) | null = null;
  private readonly submitted = new Fifo<BlockIo>();
  private readonly tail = new DoorbellIndex();
  private readonly head = new DoorbellIndex();

  constructor(size: number, shadowed = false) {
    this.size = size;
    this.shadowed = shadowed;
  }

  // The driver's side.

  submit(io: BlockIo): void {
    this.submitted.push(io);
    this.tail.advance();
  }

  /** Takes the oldest completion; null: there is none. */
  take(): BlockIo | null {
    const io = this.completed.shift();
    if (io !== null) this.head.advance();
    return io;
  }

  /** Whether the driver must write the doorbell for what it submitted, or took, since the last one. */
  get submissionDoorbell(): boolean {
    return !this.shadowed || this.tail.needed;
  }

  get completionDoorbell(): boolean {
    return !this.shadowed || this.head.needed;
  }

  // The controller's side.

  /** Takes the oldest command; null: there is none. */
  fetch(): BlockIo | null {
    return this.submitted.shift();
  }

  post(io: BlockIo): void {
    this.completed.push(io);
    this.onPosted?.();
  }

  /** Asks for a doorbell at the next command. @returns whether one slipped in. */
  allowSubmissionDoorbell(): boolean {
    this.tail.allow();
    return this.submitted.length > 0;
  }

  allowCompletionDoorbell(): void {
    this.head.allow();
  }
}
