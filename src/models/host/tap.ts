/** A tap device: frames for the VM wait in a ring until its backend reads them (drivers/net/tun.c). */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Tally } from '../../accounting/counters.ts';
import type { Picoseconds } from '../../units.ts';
import { PacketQueue } from '../hardware/packet-queue.ts';
import type { Packet, Packets } from '../hardware/packets.ts';

export class Tap {
  readonly name: string;
  readonly queue: PacketQueue;
  private readonly books: Accounting;
  private readonly packets: Packets;
  private readonly occupancy: Tally;
  private reader: (() => boolean) | null = null;

  /** @param length txqueuelen of the tap: its ring holds as many frames; more are dropped at the tail. */
  constructor(books: Accounting, packets: Packets, name: string, vm: string, length: number) {
    this.books = books;
    this.packets = packets;
    this.name = name;
    this.queue = new PacketQueue(length);
    this.occupancy = books.counters.tally('occupancy', name, vm);
  }

  /** The host stack hands over a frame for the VM. @returns whether that wakes the reader's thread. */
  produce(packet: Packet, now: Picoseconds): boolean {
    this.occupancy.add(this.queue.length);
    if (!this.queue.push(packet)) {
      const request = this.packets.request[packet];
      if (request >= 0) this.books.timeline.drop(request, now, `${this.name}: ring full`);
      this.packets.release(packet);
      return false;
    }
    return this.reader?.() ?? false;
  }

  /**
   * Whoever reads wants to hear of new frames.
   * @param reader says whether it was asleep.
   * @returns whether some are there already.
   */
  attach(reader: () => boolean): boolean {
    this.reader = reader;
    return this.queue.length > 0;
  }

  detach(): void {
    this.reader = null;
  }
}
