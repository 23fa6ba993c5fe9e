/**
 * A cache of translations, least recently used out first: the IOTLB of an IOMMU, or a device's own (ATS).
 *
 * Every use is written down in a log; a translation remembers where it stands there last. What leaves is the oldest
 * entry of the log that is still somebody's last: a hit costs one read and two writes of typed arrays.
 */

/** Units of a domain: 64 GiB in pages of 4 KiB. A log entry has the domain above that. */
const UNIT_BITS = 24;
const UNITS = 1 << UNIT_BITS;
/** Positions are counted anew before they grow beyond what an Int32Array holds. */
const POSITIONS = 2 ** 30;

/** What a cache knows of one domain. */
export interface CachedDomain {
  readonly key: number;
  /** By unit: where in the log it was used last; at `flushed` or before: not cached. */
  lastUse: Int32Array;
  /** All that was used up to here has been forgotten. */
  flushed: number;
  /** Translations that are cached. */
  live: number;
}

export class TranslationCache {
  private readonly entries: number;
  private readonly positions: number;
  private readonly domains: CachedDomain[] = [];
  private readonly log: Int32Array;
  private readonly mask: number;
  /** Positions of the oldest entry and behind the youngest. */
  private head = 1;
  private tail = 1;
  private live = 0;

  /**
   * @param entries translations it holds, at least 1.
   * @param positions after so many, at least twice the log, they are counted anew.
   */
  constructor(entries: number, positions = POSITIONS) {
    this.entries = entries;
    this.positions = positions;
    this.log = new Int32Array(2 ** Math.ceil(Math.log2(entries + 1) + 2));
    this.mask = this.log.length - 1;
  }

  get size(): number {
    return this.live;
  }

  /** The part of the cache that one domain's translations are asked for in. */
  domain(): CachedDomain {
    const key = this.domains.length << UNIT_BITS;
    const added = { key, lastUse: new Int32Array(1024), flushed: 0, live: 0 };
    this.domains.push(added);
    return added;
  }

  /** Whether `unit` is cached; it is then the youngest. */
  has(domain: CachedDomain, unit: number): boolean {
    const { lastUse } = domain;
    if (unit >>> 0 >= lastUse.length || lastUse[unit] <= domain.flushed) return false;
    if (lastUse[unit] !== this.tail - 1) lastUse[unit] = this.write(domain.key + unit);
    return true;
  }

  /** Caches a translation that is not there yet; the oldest one makes room. @throws RangeError beyond 64 GiB. */
  add(domain: CachedDomain, unit: number): void {
    if (unit >= domain.lastUse.length) this.widen(domain, unit);
    if (this.live === this.entries) this.evict();
    this.live++;
    domain.live++;
    domain.lastUse[unit] = this.write(domain.key + unit);
  }

  /** Forgets one translation, if it is there. */
  drop(domain: CachedDomain, unit: number): void {
    const { lastUse } = domain;
    if (unit >>> 0 >= lastUse.length || lastUse[unit] <= domain.flushed) return;
    lastUse[unit] = 0;
    domain.live--;
    this.live--;
  }

  /** Forgets all translations of a domain. */
  flush(domain: CachedDomain): void {
    domain.flushed = this.tail - 1;
    this.live -= domain.live;
    domain.live = 0;
    if (this.live === 0) this.head = this.tail;
  }

  /** @returns the position of the new entry. */
  private write(key: number): number {
    if (this.tail - this.head > this.mask || this.tail === this.positions) this.compact();
    const at = this.tail++;
    this.log[at & this.mask] = key;
    return at;
  }

  /** Whether the log's entry at `at` is somebody's last use. */
  private lives(at: number): boolean {
    const key = this.log[at & this.mask];
    const domain = this.domains[key >>> UNIT_BITS];
    return at > domain.flushed && domain.lastUse[key & (UNITS - 1)] === at;
  }

  private evict(): void {
    while (!this.lives(this.head)) this.head++;
    const key = this.log[this.head++ & this.mask];
    this.drop(this.domains[key >>> UNIT_BITS], key & (UNITS - 1));
  }

  /** The log or its count is full: only each translation's last use is kept, in order. */
  private compact(): void {
    const kept: number[] = [];
    for (let at = this.head; at !== this.tail; at++) {
      if (this.lives(at)) kept.push(this.log[at & this.mask]);
    }
    if (this.tail + this.mask > this.positions) this.restart();
    this.head = this.tail;
    for (const key of kept) this.domains[key >>> UNIT_BITS].lastUse[key & (UNITS - 1)] = this.write(key);
  }

  private restart(): void {
    this.tail = 1;
    for (const domain of this.domains) {
      domain.flushed = 0;
      domain.lastUse.fill(0);
    }
  }

  private widen(domain: CachedDomain, unit: number): void {
    if (unit >= UNITS) throw new RangeError(`page ${unit} is beyond the ${UNITS} that a domain may have`);
    const wider = new Int32Array(2 ** Math.ceil(Math.log2(unit + 1) + 1));
    wider.set(domain.lastUse);
    domain.lastUse = wider;
  }
}
