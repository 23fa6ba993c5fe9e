/**
 * The buffers of I/Os under way, mapped for a device behind an IOMMU when they are submitted, and unmapped when they are done
 * (dma_map_sg, dma_unmap_sg).
 *
 * Simplification: what is mapped in one piece, however long, is one page to the IOMMU: each page of it is paid for when it is
 * mapped, one flush when it is unmapped. What the device's own look-ups take is part of its times.
 */
import { type Context, RUN } from '../../hardware/context.ts';
import type { BlockIo } from '../../hardware/disk/block-io.ts';
import type { Page } from '../../hardware/iommu-domain.ts';
import type { Access } from '../../hardware/register-port.ts';
import type { DmaMapping } from '../dma-mapping.ts';
import type { BufferMappings } from './buffer-mappings.ts';

const PAGE_SIZE = 4096;

export class IoMappings implements BufferMappings {
  private readonly dma: DmaMapping;
  /** By tag. */
  private readonly pages: Page[][] = [];

  constructor(dma: DmaMapping) {
    this.dma = dma;
  }

  charge(cpu: Context, { size }: BlockIo, others = 0): void {
    const pages = Math.ceil(size / PAGE_SIZE) + others;
    if (pages > 0) this.dma.charge(cpu, pages);
  }

  /** @returns the pages of its pieces, the data's first. */
  map({ tag, size }: BlockIo, others = 0): readonly Page[] {
    const pieces = (size > 0 ? 1 : 0) + others;
    this.pages[tag] = Array.from({ length: pieces }, () => this.dma.map());
    return this.pages[tag];
  }

  /** Caching mode: tells the IOMMU of them, an exit each. Null: there is nothing to tell. */
  announce(cpu: Context, io: BlockIo): Access | null {
    return this.dma.announces ? this.announceAll(cpu, io) : null;
  }

  private *announceAll(cpu: Context, { tag }: BlockIo): Access {
    for (const page of this.pages[tag]) {
      const exit = this.dma.announce(cpu, page);
      if (exit !== null) yield cpu.call(exit);
    }
    yield RUN;
  }

  *unmap(cpu: Context, { tag }: BlockIo): Access {
    const pages = this.pages[tag];
    this.dma.chargeUnmaps(cpu, pages.length);
    for (const page of pages) {
      const rest = this.dma.unmap(cpu, page);
      if (rest !== null) yield cpu.call(rest);
    }
  }

  /** Where the device finds the buffers of `io`. */
  of({ tag }: BlockIo): readonly Page[] {
    return this.pages[tag];
  }
}
