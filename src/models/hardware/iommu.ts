/**
 * The IOMMU in the way of every DMA: each access first has its address looked up, one after the other, whoever asks.
 * Simplifications: reads and writes have a port of their own, and each lookup takes the same time (an IOTLB hit).
 */
import type { Picoseconds } from '../../units.ts';
import { Link } from './link.ts';

export class Iommu {
  readonly reads = new Link('IOMMU, reads');
  readonly writes = new Link('IOMMU, writes');
  private readonly lookup: Picoseconds;

  /** @param lookup time of one translation. */
  constructor(lookup: Picoseconds) {
    this.lookup = lookup;
  }

  /** Time that `lookups` in a row take. */
  span(lookups: number): Picoseconds {
    return (this.lookup * lookups) as Picoseconds;
  }
}
