/** The buffers that one packet for a guest takes: one, or with MRG_RXBUF as many as it fills (get_rx_bufs of vhost). */
import { type DeviceQueue, EMPTY } from '../virtio/device-queue.ts';
import type { GuestMemory } from '../virtio/guest-memory.ts';
import { VIRTIO_NET_HEADER } from '../virtio/net-buffer.ts';

export class ReceiveChain {
  private readonly rx: DeviceQueue;
  private readonly memory: GuestMemory;
  /** MRG_RXBUF was negotiated. */
  private readonly mergeable: boolean;
  private readonly heads: number[] = [];
  private readonly room: number[] = [];
  /** Address of the first piece that is written. */
  address = 0;
  /** Some buffers were there, but too few: they stay available. */
  short = false;

  constructor(rx: DeviceQueue, memory: GuestMemory, mergeable: boolean) {
    this.rx = rx;
    this.memory = memory;
    this.mergeable = mergeable;
  }

  /** Buffers at hand. */
  get count(): number {
    return this.heads.length;
  }

  /** Takes buffers for a packet of `size` bytes. @returns 0, or as `pop` EMPTY or BROKEN: none was taken then. */
  take(size: number): number {
    const { rx, heads, room } = this;
    heads.length = room.length = 0;
    this.short = false;
    if (this.mergeable) rx.mark();
    for (let missing = size + VIRTIO_NET_HEADER; missing > 0; ) {
      const head = rx.pop();
      if (head < 0) {
        this.short = head === EMPTY && heads.length > 0;
        if (heads.length > 0) rx.rewind();
        return head;
      }
      if (heads.length === 0) this.address = rx.address[rx.readable];
      let length = 0;
      for (let i = rx.readable; i < rx.pieces; i++) length += rx.length[i];
      heads.push(head);
      room.push(length);
      missing = this.mergeable ? missing - length : 0;
    }
    return 0;
  }

  /** Writes the packet, and gives its buffers back; the driver sees them at the next `flush`. */
  fill(packet: number, size: number): void {
    const { rx, heads, room, memory } = this;
    memory.write(this.address, packet, heads.length);
    if (heads.length === 1) {
      rx.push(heads[0], size);
      return;
    }
    let left = size + VIRTIO_NET_HEADER;
    heads.forEach((head, i) => {
      rx.push(head, Math.min(left, room[i]));
      left -= room[i];
    });
  }
}
