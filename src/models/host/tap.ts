/** A tap device: frames for the VM wait in a ring until its backend reads them (drivers/net/tun.c). */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Tally } from '../../accounting/counters.ts';
import type { Picoseconds } from '../../units.ts';
import { PacketQueue } from '../hardware/packet-queue.ts';
import type { Packet, Packets } from '../hardware/packets.ts';

/** Why a frame is dropped that finds no room. */
const RING_FULL = 'ring full';

export class Tap {
  readonly name: string;
  readonly queue: PacketQueue;
  /** Its reader takes packets longer than a frame (TUN_F_TSO4); else the host's stack cuts what GRO has merged. */
  readonly tso: boolean;
  private readonly books: Accounting;
  private readonly packets: Packets;
  private readonly occupancy: Tally;
  private reader: (() => boolean) | null = null;
  private look: (() => void) | null = null;
  private refusal = RING_FULL;

  /** @param length txqueuelen of the tap: its ring holds as many frames; more are dropped at the tail. */
  constructor(books: Accounting, packets: Packets, name: string, vm: string, length: number, tso = false) {
    this.books = books;
    this.packets = packets;
    this.name = name;
    this.tso = tso;
    this.queue = new PacketQueue(length);
    this.occupancy = books.counters.tally('occupancy', name, vm);
  }

  /** The host stack hands over a frame for the VM. @returns whether that wakes the reader's thread. */
  produce(packet: Packet, now: Picoseconds): boolean {
    this.occupancy.add(this.queue.length);
    if (!this.queue.push(packet)) {
      const request = this.packets.request[packet];
      if (request >= 0) this.books.timeline.drop(request, now, `${this.name}: ${this.refusal}`);
      this.packets.release(packet);
      return false;
    }
    this.look?.();
    return this.reader?.() ?? false;
  }

  /** Whoever looks at the ring again and again, whether it is attached or not, would see each frame. */
  polled(look: () => void): void {
    this.look = look;
  }

  /**
   * Whoever reads wants to hear of new frames.
   * @param reader says whether it was asleep.
   * @returns whether some are there already.
   */
  attach(reader: () => boolean): boolean {
    this.reader = reader;
    this.refusal = RING_FULL;
    return this.queue.length > 0;
  }

  /**
   * Nobody reads for now.
   * @param refusal why frames are dropped from here on, when the ring has filled up.
   */
  detach(refusal = RING_FULL): void {
    this.reader = null;
    this.refusal = refusal;
  }
}
