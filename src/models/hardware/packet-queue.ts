/** A FIFO of packets in a ring that doubles up to its limit. */
import type { Packet } from './packets.ts';

export class PacketQueue {
  readonly limit: number;
  private slots: Int32Array;
  private head = 0;
  length = 0;

  constructor(limit: number) {
    this.limit = limit;
    this.slots = new Int32Array(Math.min(64, 2 ** Math.ceil(Math.log2(Math.max(limit, 1)))));
  }

  get full(): boolean {
    return this.length >= this.limit;
  }

  /** @returns false when the queue is full. */
  push(packet: Packet): boolean {
    if (this.full) return false;
    if (this.length === this.slots.length) this.grow();
    this.slots[(this.head + this.length) & (this.slots.length - 1)] = packet;
    this.length++;
    return true;
  }

  /** The oldest packet, or -1. */
  shift(): Packet {
    if (this.length === 0) return -1;
    const packet = this.slots[this.head];
    this.head = (this.head + 1) & (this.slots.length - 1);
    this.length--;
    return packet;
  }

  peek(): Packet {
    return this.length === 0 ? -1 : this.slots[this.head];
  }

  private grow(): void {
    const wider = new Int32Array(this.slots.length * 2);
    for (let i = 0; i < this.length; i++) wider[i] = this.slots[(this.head + i) & (this.slots.length - 1)];
    this.slots = wider;
    this.head = 0;
  }
}
