/**
 * Hands out pages of a device's address space: IOVAs of an IOMMU domain (drivers/iommu/iova.c), or a guest's own pages.
 * What was given back last is handed out first, as from the per-CPU magazines of the IOVA cache and from slabs.
 * Simplification: one stack stands for the two magazines of 127 and the depot behind them; fresh pages follow each other.
 */
import type { Page } from '../hardware/iommu-domain.ts';

export class PageAllocator {
  private free = new Int32Array(256);
  private count = 0;
  private fresh: Page = 0;

  take(): Page {
    return this.count > 0 ? this.free[--this.count] : this.fresh++;
  }

  give(page: Page): void {
    if (this.count === this.free.length) this.grow();
    this.free[this.count++] = page;
  }

  /** The first of `count` pages in a row that are never given back: a ring. */
  takeRow(count: number): Page {
    const first = this.fresh;
    this.fresh += count;
    return first;
  }

  private grow(): void {
    const wider = new Int32Array(this.free.length * 2);
    wider.set(this.free);
    this.free = wider;
  }
}
