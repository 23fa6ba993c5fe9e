/**
 * What virtio_ring maps for a device behind an IOMMU (iommu_platform; drivers/virtio/virtio_ring.c): each buffer when it
 * is added to a ring, until it is taken back. Simplification: what is taken back is unmapped when its batch is reaped.
 */
import { type Context, RUN } from '../hardware/context.ts';
import type { Access } from '../hardware/register-port.ts';
import type { DmaMapping } from '../linux/dma-mapping.ts';
import type { GuestMemory } from '../virtio/guest-memory.ts';

export class VringDma {
  private readonly dma: DmaMapping;
  private readonly memory: GuestMemory;
  /** Pages of buffers that were taken back. */
  private readonly reaped: number[] = [];

  constructor(dma: DmaMapping, memory: GuestMemory) {
    this.dma = dma;
    this.memory = memory;
  }

  /** Maps the buffer at `address` before there is anybody to announce it to. */
  map(address: number): void {
    this.memory.setPage(address, this.dma.map());
  }

  /** Charges, maps and, in caching mode, announces the buffer at `address`; then it may be added. */
  *mapping(cpu: Context, address: number): Access {
    this.dma.charge(cpu);
    this.map(address);
    const exit = this.dma.announce(cpu, this.memory.page(address));
    if (exit !== null) yield cpu.call(exit);
    yield RUN;
  }

  /** The buffer at `address` was taken back: `unmapping` sees to it. */
  unmap(address: number): void {
    this.reaped.push(this.memory.page(address));
  }

  /** Unmaps what was taken back. */
  *unmapping(cpu: Context): Access {
    const pages = this.reaped.splice(0);
    if (pages.length === 0) return;
    this.dma.chargeUnmaps(cpu, pages.length);
    for (const page of pages) {
      const rest = this.dma.unmap(cpu, page);
      if (rest !== null) yield cpu.call(rest);
    }
  }
}
