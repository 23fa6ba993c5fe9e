/** The IOMMU: hits, misses and walks by addition; what is not mapped is refused, and hurts only who asked. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Counters } from '../../accounting/counters.ts';
import { type Picoseconds, ps } from '../../units.ts';
import { Iommu } from './iommu.ts';
import type { PageSize } from './iommu-domain.ts';
import { TranslationCache } from './translation-cache.ts';

const LOOKUP = 50;
const READ = 80;
const REQUEST = 700;
const REFUSED = -1;

const bench = ({ entries = 4, deviceEntries = 0, pageSize = '4 KiB' as PageSize, pages = 2 ** 20 } = {}) => {
  const iommu = new Iommu({
    lookup: ps(LOOKUP),
    entries,
    walkRead: ps(READ),
    request: ps(REQUEST),
    deviceEntries,
  });
  const counters = new Counters();
  const domain = iommu.domain(pageSize, pages);
  const requester = (name: string, of = domain) => iommu.requester(counters, name, '', of);
  const fn = requester('fn');
  /** Time from the question to the answer for a ring page and a buffer page. */
  const ask = (ring: number, buffer: number, at = 0, from = fn): number =>
    iommu.translate(from, iommu.reads, at as Picoseconds, ring, buffer) ? iommu.reads.done - at : REFUSED;
  return { iommu, domain, fn, requester, ask };
};

describe('a translation', () => {
  test.each([
    ['4 KiB', 4],
    ['2 MiB', 3],
    ['1 GiB', 2],
  ] as const)(
    'that is missed walks the table of %s pages: %i reads, before the data moves',
    (pageSize, reads) => {
      const { fn, ask } = bench({ pageSize });
      // Ring and buffer in one page: the second lookup hits.
      expect(ask(7, 7)).toBe(2 * LOOKUP + reads * READ);
      expect(ask(7, 7, 1e6)).toBe(2 * LOOKUP);
      expect([fn.misses.value, fn.hits.value]).toEqual([1, 3]);
    },
  );

  test.each([
    ['4 KiB', 512],
    ['2 MiB', 1],
    ['1 GiB', 1],
  ] as const)('with %s pages 512 buffers side by side need %i entries', (pageSize, entries) => {
    const { fn, ask } = bench({ pageSize, entries: 1024 });
    for (let page = 0; page < 512; page++) ask(page, page, page * 1e6);
    expect(fn.misses.value).toBe(entries);
  });

  test('waits for the walk under way: one at a time', () => {
    const { iommu, requester, ask } = bench();
    const other = requester('other');
    expect(ask(1, 1)).toBe(2 * LOOKUP + 4 * READ);
    // Its lookups wait for two, then its walk for what is left of the other: 4 reads from 100 on, until 420.
    expect(ask(2, 2, 0, other)).toBe(2 * LOOKUP + 4 * READ + 4 * READ);
    expect(iommu.reads.waited).toBe(2 * LOOKUP + (2 * LOOKUP + 4 * READ - 4 * LOOKUP));
  });

  test('is found again as long as fewer others came than there are entries', () => {
    const { fn, ask } = bench({ entries: 4 });
    for (const page of [1, 2, 3, 4, 1]) ask(page, page, page * 1e6);
    expect(fn.misses.value).toBe(4);
    // 2 is the oldest now.
    ask(5, 5, 1e7);
    ask(1, 3, 2e7);
    expect(fn.misses.value).toBe(5);
    ask(2, 2, 3e7);
    expect(fn.misses.value).toBe(6);
  });

  test('of a cycle of buffers longer than the cache is missed each time; a shorter cycle never again', () => {
    const cycle = (length: number): number => {
      const { fn, ask } = bench({ entries: 64 });
      for (let i = 0; i < length * 10; i++) ask(i % length, i % length, i * 1e6);
      return fn.misses.value;
    };
    expect([cycle(64), cycle(65)]).toEqual([64, 650]);
  });
});

describe('invalidation', () => {
  test('of a page makes that page be walked again, of a domain all of its pages and no other domain’s', () => {
    const { iommu, domain, fn, requester, ask } = bench({ entries: 8 });
    const other = requester('other', iommu.domain('4 KiB', 8));
    ask(1, 2);
    ask(1, 2, 1e6, other);
    iommu.forget(domain, 1);
    ask(1, 2, 2e6);
    expect(fn.misses.value).toBe(3);
    iommu.forgetAll(domain);
    ask(1, 2, 3e6);
    expect(fn.misses.value).toBe(5);
    ask(1, 2, 4e6, other);
    expect(other.misses.value).toBe(2);
  });
});

describe('an address that is not mapped', () => {
  test('is refused after its walk, counted, and not remembered', () => {
    const { iommu, requester } = bench();
    const domain = iommu.domain('4 KiB');
    const fn = requester('fn', domain);
    domain.map(3);
    const ask = (page: number) => iommu.translate(fn, iommu.writes, ps(0), 3, page);
    expect(ask(4)).toBe(false);
    expect(iommu.writes.done).toBe(2 * LOOKUP + 8 * READ);
    expect([ask(-1), ask(1e9)]).toEqual([false, false]);
    expect(fn.faults.value).toBe(3);
    domain.map(4);
    expect(ask(4)).toBe(true);
    domain.unmap(4);
    expect(ask(4)).toBe(true);
    iommu.forget(domain, 4);
    expect(ask(4)).toBe(false);
  });

  test('ends at the end of a guest’s memory', () => {
    const { ask } = bench({ pages: 16 });
    expect(ask(0, 15)).toBeGreaterThan(0);
    expect(ask(0, 16)).toBe(REFUSED);
  });
});

describe('a device with a cache of its own (ATS)', () => {
  test('asks nobody where it knows, and else waits for the way there and back', () => {
    const { iommu, domain, fn, ask } = bench({ deviceEntries: 8 });
    expect(ask(1, 1)).toBe(REQUEST + LOOKUP + 4 * READ);
    expect(ask(1, 1, 1e6)).toBe(0);
    expect([fn.misses.value, fn.hits.value, fn.deviceHits?.value]).toEqual([1, 0, 3]);
    iommu.forget(domain, 1);
    expect(ask(1, 1, 2e6)).toBe(REQUEST + LOOKUP + 4 * READ);
  });

  test('is not troubled by a neighbour that empties the IOTLB', () => {
    const { requester, ask } = bench({ entries: 4, deviceEntries: 8 });
    const other = requester('other');
    ask(1, 1);
    for (let page = 10; page < 20; page++) ask(page, page, page * 1e6, other);
    expect(ask(1, 1, 1e8)).toBe(0);
  });
});

test('the cache does what a list in order of use does, whatever is asked', () => {
  const action = fc.record({
    what: fc.constantFrom('use', 'use', 'use', 'drop', 'flush'),
    domain: fc.nat(1),
    unit: fc.nat(6),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(action, { maxLength: 200, size: 'max' }),
      (entries, actions) => {
        const cache = new TranslationCache(entries, 64);
        const domains = [cache.domain(), cache.domain()];
        let list: string[] = [];
        for (const { what, domain, unit } of actions) {
          const key = `${domain} ${unit}`;
          if (what === 'flush') {
            cache.flush(domains[domain]);
            list = list.filter((known) => !known.startsWith(`${domain} `));
          } else if (what === 'drop') {
            cache.drop(domains[domain], unit);
            list = list.filter((known) => known !== key);
          } else {
            const known = list.includes(key);
            expect(cache.has(domains[domain], unit)).toBe(known);
            if (!known) cache.add(domains[domain], unit);
            list = [...list.filter((other) => other !== key), key].slice(-entries);
          }
          expect(cache.size).toBe(list.length);
        }
      },
    ),
  );
});
