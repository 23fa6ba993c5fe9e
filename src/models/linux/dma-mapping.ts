/** What the kernel's DMA API costs per buffer, by IOMMU mode (drivers/iommu/dma-iommu.c). */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Context } from '../hardware/context.ts';

/** `passthrough`: no mapping; `lazy`: unmapped entries are flushed in bulk; `strict`: each unmap waits for its flush. */
export type IommuMode = 'passthrough' | 'lazy' | 'strict';

/** Entries of the per-CPU flush queue (IOVA_DEFAULT_FQ_SIZE). */
const FLUSH_QUEUE = 256;

/**
 * Simplification: lazy mode flushes when its queue is full and not after 10 ms; at low rates that flush is one
 * invalidation per 10 ms. Invalidations of several cores do not queue behind each other.
 */
export class DmaMapping {
  private readonly mode: IommuMode;
  private readonly mapCost: Cost;
  private readonly unmapCost: Cost;
  private readonly flushCost: Cost;
  private waiting = 0;

  constructor(books: Accounting, mode: IommuMode) {
    this.mode = mode;
    this.mapCost = books.costs.cost('iommu.map');
    this.unmapCost = books.costs.cost(mode === 'strict' ? 'iommu.unmapStrict' : 'iommu.unmapLazy');
    this.flushCost = books.costs.cost('iommu.flush');
  }

  map(cpu: Context, buffers = 1): void {
    if (this.mode !== 'passthrough') cpu.charge(this.mapCost, buffers);
  }

  unmap(cpu: Context, buffers = 1): void {
    if (this.mode === 'passthrough' || buffers === 0) return;
    cpu.charge(this.unmapCost, buffers);
    if (this.mode === 'strict') return;
    this.waiting += buffers;
    if (this.waiting < FLUSH_QUEUE) return;
    this.waiting = 0;
    cpu.charge(this.flushCost);
  }
}
