/** The I/Os that a disk holds, by slot: events carry a number, and this is what it stands for. */
import type { BlockIo, CompletionQueue } from './block-io.ts';

export class Outstanding {
  private readonly ios: (BlockIo | null)[] = [];
  private readonly queues: (CompletionQueue | null)[] = [];
  private readonly free: number[] = [];

  get length(): number {
    return this.ios.length - this.free.length;
  }

  /** @returns its slot. */
  add(io: BlockIo, queue: CompletionQueue): number {
    const slot = this.free.pop() ?? this.ios.length;
    this.ios[slot] = io;
    this.queues[slot] = queue;
    return slot;
  }

  io(slot: number): BlockIo {
    return this.ios[slot] as BlockIo;
  }

  /** The disk is done with it; the slot may be used again. */
  complete(slot: number): void {
    const io = this.io(slot);
    const queue = this.queues[slot] as CompletionQueue;
    this.ios[slot] = null;
    this.queues[slot] = null;
    this.free.push(slot);
    queue.completed(io);
  }
}
