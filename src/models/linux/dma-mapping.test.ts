/** What the DMA API costs per buffer, by IOMMU mode (drivers/iommu/dma-iommu.c), and what a device may reach meanwhile. */
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { ms, type Picoseconds } from '../../units.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { DmaMapping, type IommuMode } from './dma-mapping.ts';

const PRICES = {
  'iommu.map': 2,
  'iommu.unmapStrict': 3,
  'iommu.unmapLazy': 5,
  'iommu.flush': 7,
  'iommu.invalidate': 11,
  'iommu.invalidateDevice': 13,
};

const bench = (mode: IommuMode, ats = false) => {
  const world = new World(priced(PRICES, { iommu: mode, ats }), { seed: 1, replication: 0, maxEvents: 1e6 });
  const { iommu, books, sim } = world;
  const space = world.hostSpace();
  const dma = new DmaMapping(world.cores[0], mode, space);
  const device = space && iommu.requester(books.counters, 'nic', '', space.domain);
  const run = (core: number, program: (cpu: Context) => Program): void => {
    const cpu = world.cores[core].task('mapper', function* (context) {
      yield WAIT;
      yield* program(context);
      for (;;) yield WAIT;
    });
    cpu.signal();
  };
  const unmap = function* (cpu: Context, page: number, by = dma): Program {
    by.chargeUnmaps(cpu, 1);
    const rest = by.unmap(cpu, page);
    if (rest !== null) yield cpu.call(rest);
    yield RUN;
  };
  /** Whether the device can use `page` at this instant. */
  const reaches = (page: number): boolean =>
    device === null || iommu.translate(device, iommu.writes, sim.now, page, page);
  const counts = (): Record<string, number> => {
    const found: Record<string, number> = {};
    for (const { cost, count } of books.ledger.spending()) {
      if (cost.startsWith('iommu.')) found[cost] = (found[cost] ?? 0) + count;
    }
    return found;
  };
  const busy = (core: string): number =>
    books.ledger.spending().reduce((sum, line) => (line.core === core ? sum + line.busy : sum), 0);
  return { world, sim, dma, space, run, unmap, reaches, counts, busy };
};

/** Occurrences by cost after `buffers` were mapped and unmapped one by one. */
const spent = (mode: IommuMode, buffers: number, { until = ms(1), ats = false } = {}) => {
  const { sim, dma, run, unmap, counts } = bench(mode, ats);
  run(0, function* (cpu) {
    for (let i = 0; i < buffers; i++) {
      dma.charge(cpu);
      yield* unmap(cpu, dma.map());
    }
  });
  sim.run(until);
  return counts();
};

describe('mapping and unmapping a buffer', () => {
  test('is free without translation', () => expect(spent('passthrough', 1000)).toEqual({}));

  test('waits for the invalidation of each in strict mode', () =>
    expect(spent('strict', 1000)).toEqual({
      'iommu.map': 1000,
      'iommu.unmapStrict': 1000,
      'iommu.invalidate': 1000,
    }));

  test('waits for the device too where it has a cache of its own', () => {
    expect(spent('strict', 10, { ats: true })).toMatchObject({
      'iommu.invalidate': 10,
      'iommu.invalidateDevice': 10,
    });
    expect(spent('lazy', 512, { ats: true })).toMatchObject({
      'iommu.flush': 2,
      'iommu.invalidateDevice': 2,
    });
  });

  test.each([
    [255, {}],
    [256, { 'iommu.flush': 1 }],
    [511, { 'iommu.flush': 1 }],
    [1024, { 'iommu.flush': 4 }],
  ])('flushes 256 at a time in lazy mode: %i buffers', (buffers, flushes) =>
    expect(spent('lazy', buffers)).toEqual({ 'iommu.map': buffers, 'iommu.unmapLazy': buffers, ...flushes }),
  );

  test.each([
    ['lazy', 1, { 'iommu.flush': 1 }],
    ['lazy', 300, { 'iommu.flush': 2 }],
    ['strict', 300, {}],
  ] as const)(
    'flushes what waits in %s mode ten milliseconds after the first: %i buffers',
    (mode, buffers, flushes) => {
      const { 'iommu.flush': seen, ...others } = spent(mode, buffers, { until: ms(30) });
      expect(seen === undefined ? {} : { 'iommu.flush': seen }).toEqual(flushes);
      expect(others['iommu.map']).toBe(buffers);
    },
  );
});

describe('the invalidation queue', () => {
  test('does one after the other: a second core spins for both', () => {
    const { world, sim, space, run, unmap, busy } = bench('strict');
    for (const core of [0, 1]) {
      const dma = new DmaMapping(world.cores[core], 'strict', space);
      const page = dma.map();
      run(core, (cpu) => unmap(cpu, page, dma));
    }
    sim.run(ms(1));
    expect([busy('core0'), busy('core1')]).toEqual([3 + 11, 3 + 11 + 11]);
    expect(world.iommu.invalidations.use()).toMatchObject({ transfers: 2, busy: 22, waited: 11 });
  });
});

describe('after a buffer was unmapped', () => {
  /** What the device reaches after the unmap, if it `used` the buffer before; and after ten milliseconds more. */
  const reachable = (mode: IommuMode, used: boolean, ats = false) => {
    const { sim, dma, run, unmap, reaches } = bench(mode, ats);
    const page = dma.map();
    if (used) reaches(page);
    run(0, (cpu) => unmap(cpu, page));
    sim.run(ms(1));
    const soon = reaches(page);
    sim.run(ms(20));
    return [soon, reaches(page)];
  };

  test.each([false, true])('strict: the device is refused, with ATS or without (%s)', (ats) => {
    expect(reachable('strict', true, ats)).toEqual([false, false]);
    expect(reachable('strict', false, ats)).toEqual([false, false]);
  });

  test.each([false, true])(
    'lazy: a translation that is still cached is good until the flush (ATS: %s)',
    (ats) => {
      expect(reachable('lazy', true, ats)).toEqual([true, false]);
      expect(reachable('lazy', false, ats)).toEqual([false, false]);
    },
  );

  test('passthrough: nothing is ever refused', () =>
    expect(reachable('passthrough', true)).toEqual([true, true]));

  test('lazy: its page is handed out again only after the flush; strict: at once', () => {
    const again = (mode: IommuMode, until: Picoseconds): boolean => {
      const { sim, dma, run, unmap } = bench(mode);
      const page = dma.map();
      run(0, (cpu) => unmap(cpu, page));
      sim.run(until);
      return dma.map() === page;
    };
    expect([again('lazy', ms(9)), again('lazy', ms(11)), again('strict', ms(1))]).toEqual([
      false,
      true,
      true,
    ]);
  });
});
