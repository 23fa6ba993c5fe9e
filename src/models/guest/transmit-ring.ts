/** The transmit ring of an emulated NIC as its driver sees it: filled at the tail, cleaned in order. */
import { type DescriptorRings, NOT_LAST } from '../hardware/descriptor-rings.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import { isSegmented } from '../hardware/segmentation.ts';
import type { Stack } from '../linux/net-device.ts';
import type { EmulatedDma } from './emulated-dma.ts';

/** What was handled since the driver's last interrupt, for its dynamic throttling. */
export interface Handled {
  packets: number;
  bytes: number;
}

export interface Thresholds {
  /** The queue stops when fewer slots than these are free … */
  readonly stopBelow: number;
  /** … and starts again when so many are. */
  readonly wakeAt: number;
  /** Slots that a packet longer than a frame takes. */
  readonly slotsOf: (size: number) => number;
}

interface Parts {
  readonly rings: DescriptorRings;
  readonly packets: Packets;
}

export class TransmitRing {
  stopped = false;
  /** The next slot to fill. */
  tail = 0;
  private readonly rings: DescriptorRings;
  private readonly packets: Packets;
  private readonly thresholds: Thresholds;
  private readonly dma: EmulatedDma | null;
  private clean = 0;

  constructor(parts: Parts, thresholds: Thresholds, dma: EmulatedDma | null) {
    this.rings = parts.rings;
    this.packets = parts.packets;
    this.thresholds = thresholds;
    this.dma = dma;
  }

  /** One slot always stays empty, so that head = tail means empty. */
  private get free(): number {
    const { length } = this.rings.tx;
    return (this.clean - this.tail - 1 + length) % length;
  }

  /** The packet is in the last of its slots. */
  push(packet: Packet): void {
    const size = this.packets.size[packet];
    const slots = isSegmented(size) ? this.thresholds.slotsOf(size) : 1;
    for (let i = slots; i > 0; i--) {
      this.rings.tx[this.tail] = i === 1 ? packet : NOT_LAST;
      this.tail = (this.tail + 1) % this.rings.tx.length;
    }
    if (this.free < this.thresholds.stopBelow) this.stopped = true;
  }

  /** Frees what the device has written back, and restarts the queue where there is room again. */
  reap(stack: Stack): Handled {
    const { rings, packets } = this;
    const done = { packets: 0, bytes: 0 };
    for (; rings.txDone > 0; rings.txDone--) {
      const packet = rings.tx[this.clean];
      this.clean = (this.clean + 1) % rings.tx.length;
      if (packet === NOT_LAST) continue;
      done.packets++;
      done.bytes += packets.size[packet];
      this.dma?.cleaned(packet);
      stack.freed(packet);
      packets.release(packet);
    }
    if (this.stopped && this.free >= this.thresholds.wakeAt) {
      this.stopped = false;
      stack.restarted();
    }
    return done;
  }
}
