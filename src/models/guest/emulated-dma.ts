/**
 * What the driver of an emulated NIC maps for its device behind an IOMMU that the guest sees: both rings for good, each
 * frame to send until it is cleaned, each receive buffer until its frame leaves with it.
 */
import type { Stage } from '../../accounting/stages.ts';
import type { Context } from '../hardware/context.ts';
import type { DescriptorRings } from '../hardware/descriptor-rings.ts';
import type { Page } from '../hardware/iommu-domain.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Processor } from '../hardware/processor.ts';
import type { Access } from '../hardware/register-port.ts';
import type { DmaMapping } from '../linux/dma-mapping.ts';

interface Parts {
  readonly rings: DescriptorRings;
  readonly packets: Packets;
  readonly dma: DmaMapping;
}

export class EmulatedDma {
  private readonly parts: Parts;
  private readonly stage: Stage;
  private readonly wait: Stage;
  /** Published, but not yet announced to an IOMMU in caching mode. */
  private announced = 0;
  /** Pages of transmitted frames that are still to be unmapped. */
  private readonly sent: Page[] = [];

  constructor({ books: { timeline } }: Processor, parts: Parts) {
    const { rings, dma } = parts;
    this.parts = parts;
    this.stage = timeline.working('guest: DMA map');
    this.wait = timeline.waiting('wait: exit to QEMU');
    rings.txRing = dma.mapRing(1);
    rings.rxRing = dma.mapRing(1);
    for (let slot = 0; slot < rings.rxPage.length; slot++) rings.rxPage[slot] = dma.map();
  }

  /** Charges for the mapping of a frame to send; commit, then `map`. */
  charge(cpu: Context): void {
    this.parts.dma.charge(cpu);
  }

  map(packet: Packet): void {
    this.parts.packets.page[packet] = this.parts.dma.map();
  }

  /** Caching mode: each new mapping up to the slot before `tail` is announced, an exit. */
  *announce(cpu: Context, tail: number): Access {
    const { packets, rings, dma } = this.parts;
    while (this.announced !== tail) {
      const packet = rings.tx[this.announced];
      this.announced = (this.announced + 1) % rings.tx.length;
      cpu.serve(packets.request[packet], this.stage, this.wait);
      const exit = dma.announce(cpu, packets.page[packet]);
      if (exit !== null) yield cpu.call(exit);
      cpu.serve(packets.request[packet], this.stage, this.wait);
    }
  }

  /** `packet` was sent: `unmapSent` sees to it. */
  cleaned(packet: Packet): void {
    this.sent.push(this.parts.packets.page[packet]);
  }

  /** Unmaps what was sent, one by one. */
  *unmapSent(cpu: Context): Access {
    const { dma } = this.parts;
    const pages = this.sent.splice(0);
    dma.chargeUnmaps(cpu, pages.length);
    for (const page of pages) {
      const rest = dma.unmap(cpu, page);
      if (rest !== null) yield cpu.call(rest);
    }
  }

  /** A received frame leaves with its buffer: another one is mapped in its place. */
  *replace(cpu: Context, slot: number): Access {
    const { rings, dma } = this.parts;
    dma.chargeUnmaps(cpu, 1);
    const rest = dma.unmap(cpu, rings.rxPage[slot]);
    if (rest !== null) yield cpu.call(rest);
    dma.charge(cpu);
    rings.rxPage[slot] = dma.map();
    const exit = dma.announce(cpu, rings.rxPage[slot]);
    if (exit !== null) yield cpu.call(exit);
  }
}
