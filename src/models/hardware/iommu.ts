/**
 * The IOMMU in the way of every DMA: each address is looked up in the IOTLB; a miss walks the page table before the
 * data moves, and a walk that finds nothing refuses the access.
 *
 *   function ─► (device's own cache, ATS) ─► lookup, one at a time ─► IOTLB ─miss─► page walk, one at a time
 *
 * Simplifications: reads and writes have a port and a walker of their own; no paging-structure caches, so a walk reads
 * every level (the price of a read is that of a whole measured miss, shared out); a translation request of a device
 * (ATS) takes as long as a DMA read.
 */
import type { Counter, Counters } from '../../accounting/counters.ts';
import type { Picoseconds } from '../../units.ts';
import { type DeviceCache, deviceCache, IommuDomain, type Page, type PageSize } from './iommu-domain.ts';
import { Link } from './link.ts';
import { TranslationCache } from './translation-cache.ts';

export interface IommuSettings {
  /** One lookup in the IOTLB. */
  readonly lookup: Picoseconds;
  /** Translations that the IOTLB holds. */
  readonly entries: number;
  /** One memory read of a page walk. */
  readonly walkRead: Picoseconds;
  /** A device's request for a translation (ATS), there and back. */
  readonly request: Picoseconds;
  /** Translations that a device holds itself; 0: no ATS. */
  readonly deviceEntries: number;
}

/** One direction of DMA, and what became of the translation that was asked for last. */
export class IommuPort {
  readonly lookups: Link;
  readonly walks: Link;
  // NaN at first, so that V8 gives them fields that hold doubles.
  /** When it was done, ps. */
  done = Number.NaN;
  /** Time it waited for others. */
  waited = Number.NaN;

  constructor(direction: string) {
    this.lookups = new Link(`IOMMU, ${direction}`);
    this.walks = new Link(`IOMMU page walks, ${direction}`);
  }
}

/** What the IOMMU knows of a function. */
export class Requester {
  readonly domain: IommuDomain;
  readonly cache: DeviceCache | null;
  readonly hits: Counter;
  readonly misses: Counter;
  readonly faults: Counter;
  readonly deviceHits: Counter | null;

  constructor(counters: Counters, name: string, vm: string, domain: IommuDomain, deviceEntries: number) {
    this.domain = domain;
    this.cache = deviceEntries > 0 ? deviceCache(deviceEntries) : null;
    if (this.cache !== null) domain.deviceCaches.push(this.cache);
    this.hits = counters.counter('iotlb.hits', name, vm);
    this.misses = counters.counter('iotlb.misses', name, vm);
    this.faults = counters.counter('dma.faults', name, vm);
    this.deviceHits = this.cache === null ? null : counters.counter('atc.hits', name, vm);
  }
}

export class Iommu {
  readonly reads = new IommuPort('reads');
  readonly writes = new IommuPort('writes');
  /** The invalidation queue has one consumer: what several cores ask for is done in turn. */
  readonly invalidations = new Link('IOMMU invalidations');
  private readonly settings: IommuSettings;
  private readonly iotlb: TranslationCache;
  private readonly twoLookups: Picoseconds;

  constructor(settings: IommuSettings) {
    this.settings = settings;
    this.iotlb = new TranslationCache(settings.entries);
    this.twoLookups = (settings.lookup * 2) as Picoseconds;
  }

  get stations(): readonly Link[] {
    const { reads, writes, invalidations } = this;
    return [reads.lookups, writes.lookups, reads.walks, writes.walks, invalidations];
  }

  /** @param always pages that are mapped for good. */
  domain(pageSize: PageSize, always = 0): IommuDomain {
    return new IommuDomain(this.iotlb.domain(), pageSize, always);
  }

  requester(counters: Counters, name: string, vm: string, domain: IommuDomain): Requester {
    return new Requester(counters, name, vm, domain, this.settings.deviceEntries);
  }

  /**
   * Looks up the pages of a ring and of a buffer that a function asks for at `asked`, both for one DMA; `port` says
   * when that was done. @returns false where one of them is refused.
   */
  translate(from: Requester, port: IommuPort, asked: Picoseconds, ring: Page, buffer: Page): boolean {
    const { domain } = from;
    if (from.cache !== null) {
      port.done = asked;
      port.waited = 0;
      return this.ask(from, from.cache, port, ring) && this.ask(from, from.cache, port, buffer);
    }
    const start = port.lookups.reserve(asked, this.twoLookups);
    port.waited = start - asked;
    port.done = start + this.twoLookups;
    const { iotlb } = this;
    if (iotlb.has(domain.cached, ring >> domain.shift)) from.hits.value++;
    else if (!this.walk(from, port, ring)) return false;
    if (!iotlb.has(domain.cached, buffer >> domain.shift)) return this.walk(from, port, buffer);
    from.hits.value++;
    return true;
  }

  /** A device that keeps translations asks only for what it does not know. */
  private ask(from: Requester, { cache, known }: DeviceCache, port: IommuPort, page: Page): boolean {
    const { domain } = from;
    const unit = page >> domain.shift;
    if (cache.has(known, unit)) {
      (from.deviceHits as Counter).value++;
      return true;
    }
    const { lookup, request } = this.settings;
    const ready = (port.done + request) as Picoseconds;
    const start = port.lookups.reserve(ready, lookup);
    port.waited += start - ready;
    port.done = start + lookup;
    if (this.iotlb.has(domain.cached, unit)) from.hits.value++;
    else if (!this.walk(from, port, page)) return false;
    cache.add(known, unit);
    return true;
  }

  private walk(from: Requester, port: IommuPort, page: Page): boolean {
    const { domain } = from;
    from.misses.value++;
    const span = (domain.reads * this.settings.walkRead) as Picoseconds;
    const asked = port.done as Picoseconds;
    const start = port.walks.reserve(asked, span);
    port.waited += start - asked;
    port.done = start + span;
    if (!domain.maps(page)) {
      from.faults.value++;
      return false;
    }
    this.iotlb.add(domain.cached, page >> domain.shift);
    return true;
  }

  /** What an invalidation of one page leaves behind: nobody knows its translation any more. */
  forget(domain: IommuDomain, page: Page): void {
    this.iotlb.drop(domain.cached, page >> domain.shift);
    for (const { cache, known } of domain.deviceCaches) cache.drop(known, page >> domain.shift);
  }

  /** As `forget`, for all pages of a domain. */
  forgetAll(domain: IommuDomain): void {
    this.iotlb.flush(domain.cached);
    for (const { cache, known } of domain.deviceCaches) cache.flush(known);
  }
}
