/**
 * Buffers that virtio_net offers for transmit: a header and a frame, in one piece where the device allows it. Of a packet
 * that the device is to cut into frames, only the headers are in that piece; page fragments follow.
 */
import type { Packet } from '../hardware/packets.ts';
import { isSegmented, pieceSize, piecesOf, TCP_HEADERS } from '../hardware/segmentation.ts';
import type { DriverQueue, Piece } from '../virtio/driver-queue.ts';
import type { GuestMemory } from '../virtio/guest-memory.ts';

export interface Header {
  /** Bytes. */
  readonly size: number;
  /** Devices without VERSION_1 and ANY_LAYOUT want it in a descriptor of its own. */
  readonly apart: boolean;
}

/** In the buffer of the first piece, behind it: where the table of descriptors is, if it is an indirect one. */
const TABLE_OFFSET = 128;
/** Where page fragments lie; their contents are nobody's business, so it is the same place for all. */
const FRAGMENTS = 0x10000;

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
    const added =
      header.apart || isSegmented(bytes)
        ? this.addPieces(frame, bytes)
        : queue.addOne(frame, header.size + bytes, false, frame);
    if (!added) this.release(frame);
    return added;
  }

  private addPieces(frame: number, bytes: number): boolean {
    const { header, memory, queue } = this;
    const segmented = isSegmented(bytes);
    const first = segmented ? TCP_HEADERS : bytes;
    const pieces: Piece[] = [];
    let table = frame + TABLE_OFFSET;
    if (header.apart) {
      const at = memory.allocate();
      this.headers.set(frame, at);
      table = at + TABLE_OFFSET;
      pieces.push({ address: at, length: header.size, writable: false });
      pieces.push({ address: frame, length: first, writable: false });
    } else pieces.push({ address: frame, length: header.size + first, writable: false });
    for (let i = 1; i < piecesOf(bytes); i++) {
      pieces.push({ address: FRAGMENTS, length: pieceSize(bytes, i), writable: false });
    }
    return queue.add(pieces, frame, table);
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
