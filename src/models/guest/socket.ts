/**
 * A socket: a bounded send buffer that the driver's completions free, and a bounded receive queue, as of UDP.
 * Simplification: so it is for packets longer than a frame, whose memory TCP would keep until they are acknowledged.
 */
import { InvariantError } from '../../accounting/invariant.ts';
import type { Context } from '../hardware/context.ts';
import { PacketQueue } from '../hardware/packet-queue.ts';
import type { Packet } from '../hardware/packets.ts';
import { isSegmented, TCP_HEADERS } from '../hardware/segmentation.ts';

/** net.core.wmem_default and rmem_default, bytes of skb memory. */
export const SOCKET_MEMORY = 212_992;

/** Memory that an skb of a packet takes (truesize): head and shared info, then the payload in pages. */
export const truesize = (size: number): number => {
  if (isSegmented(size)) return 768 + Math.ceil((size - TCP_HEADERS) / 4096) * 4096;
  return size <= 192 ? 768 : 2304;
};

export class Socket {
  readonly received: PacketQueue;
  private readonly sendMemory: number;
  private used = 0;
  /** The application thread that sleeps on this socket. */
  owner: Context | null = null;
  private blocked = false;

  /** @param sendMemory bytes of skb memory in flight before the sender blocks. */
  constructor(sendMemory: number, receiveLimit: number) {
    this.sendMemory = sendMemory;
    this.received = new PacketQueue(receiveLimit);
  }

  /** The sender must wait until the driver frees packets. */
  get full(): boolean {
    this.blocked = this.used >= this.sendMemory;
    return this.blocked;
  }

  charged(size: number): void {
    this.used += truesize(size);
  }

  /** The driver freed a packet (sock_wfree): a blocked sender wakes once a third of the buffer is free. */
  freed(size: number): void {
    this.used -= truesize(size);
    if (this.used < 0) throw new InvariantError('a socket got back more send memory than it gave');
    if (!this.blocked || this.used * 3 > this.sendMemory * 2) return;
    this.blocked = false;
    this.owner?.signal();
  }

  /** @returns false when the receive queue is full. */
  deliver(packet: Packet): boolean {
    if (!this.received.push(packet)) return false;
    this.owner?.signal();
    return true;
  }
}
