/** Buffers that virtio_net offers for transmit: a header and a frame, in one piece where the device allows it. */
import type { Packet } from '../hardware/packets.ts';
import type { DriverQueue } from '../virtio/driver-queue.ts';
import type { GuestMemory } from '../virtio/guest-memory.ts';

export interface Header {
  /** Bytes. */
  readonly size: number;
  /** Devices without VERSION_1 and ANY_LAYOUT want it in a descriptor of its own. */
  readonly apart: boolean;
}

/** In the buffer of a header that stands apart: where the table of both descriptors is, if it is an indirect one. */
const TABLE_OFFSET = 64;

export class TransmitBuffers {
  private readonly queue: DriverQueue;
  private readonly memory: GuestMemory;
  private readonly header: Header;
  /** By frame: where its header is. */
  private readonly headers = new Map<number, number>();

  constructor(queue: DriverQueue, memory: GuestMemory, header: Header) {
    this.queue = queue;
    this.memory = memory;
    this.header = header;
  }

  /** Offers `packet`; its token is the address of its frame. @returns false when the queue does not take it. */
  add(packet: Packet, bytes: number, frame = this.memory.allocate()): boolean {
    const { queue, memory, header } = this;
    memory.write(frame, packet);
    const added = header.apart
      ? this.addApart(frame, bytes)
      : queue.addOne(frame, header.size + bytes, false, frame);
    if (!added) this.release(frame);
    return added;
  }

  private addApart(frame: number, bytes: number): boolean {
    const at = this.memory.allocate();
    this.headers.set(frame, at);
    const pieces = [
      { address: at, length: this.header.size, writable: false },
      { address: frame, length: bytes, writable: false },
    ];
    return this.queue.add(pieces, frame, at + TABLE_OFFSET);
  }

  /** Gives back what `add` took for the frame at this address. */
  release(frame: number): void {
    const { memory, headers } = this;
    memory.release(frame);
    if (!this.header.apart) return;
    const at = headers.get(frame);
    if (at !== undefined) memory.release(at);
    headers.delete(frame);
  }
}
