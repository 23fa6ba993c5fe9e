/** What the devices of one host or guest may reach: a page table, and the caches that remember parts of it. */
import { type CachedDomain, TranslationCache } from './translation-cache.ts';

/** Number of a page of 4 KiB as devices address it (an IOVA without its low bits). */
export type Page = number;

/** Size of the pages that a domain is mapped with. */
export type PageSize = '4 KiB' | '2 MiB' | '1 GiB';

/** Second-level page tables have four levels; a larger page ends the walk one or two earlier (VT-d §3.7). */
const FORMS: Readonly<Record<PageSize, { readonly shift: number; readonly reads: number }>> = {
  '4 KiB': { shift: 0, reads: 4 },
  '2 MiB': { shift: 9, reads: 3 },
  '1 GiB': { shift: 18, reads: 2 },
};

/** A function's own cache of translations (ATS), which knows one domain. */
export interface DeviceCache {
  readonly cache: TranslationCache;
  readonly known: CachedDomain;
}

export const deviceCache = (entries: number): DeviceCache => {
  const cache = new TranslationCache(entries);
  return { cache, known: cache.domain() };
};

export class IommuDomain {
  /** What the IOTLB holds of it. */
  readonly cached: CachedDomain;
  /** Pages of 4 KiB that one translation covers: 2 to this power. */
  readonly shift: number;
  /** Memory reads of a page walk. */
  readonly reads: number;
  /** Device-side caches (ATS) of the functions in this domain. */
  readonly deviceCaches: DeviceCache[] = [];
  private readonly always: number;
  private present = new Uint8Array(1024);

  /** @param always so many pages are mapped once and for good: a guest's memory under vfio without a vIOMMU. */
  constructor(cached: CachedDomain, pageSize: PageSize, always: number) {
    this.cached = cached;
    this.shift = FORMS[pageSize].shift;
    this.reads = FORMS[pageSize].reads;
    this.always = always;
  }

  map(page: Page): void {
    if (page >= this.present.length) this.grow(page);
    this.present[page] = 1;
  }

  /** Clears the entry in the page table; whoever has cached it may go on using it. */
  unmap(page: Page): void {
    if (page < this.present.length) this.present[page] = 0;
  }

  maps(page: Page): boolean {
    return (page >= 0 && page < this.always) || this.present[page] === 1;
  }

  private grow(page: Page): void {
    const wider = new Uint8Array(2 ** Math.ceil(Math.log2(page + 1)) * 2);
    wider.set(this.present);
    this.present = wider;
  }
}
