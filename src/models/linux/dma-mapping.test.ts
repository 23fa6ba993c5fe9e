/** What the DMA API costs per buffer, by IOMMU mode (drivers/iommu/dma-iommu.c). */
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { ms } from '../../units.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import { DmaMapping, type IommuMode } from './dma-mapping.ts';

const PRICES = { 'iommu.map': 2, 'iommu.unmapStrict': 3, 'iommu.unmapLazy': 5, 'iommu.flush': 7 };

/** Occurrences by cost after `buffers` were mapped and unmapped one by one. */
const spent = (mode: IommuMode, buffers: number, until = ms(1)): Record<string, number> => {
  const world = new World(priced(PRICES), { seed: 1, replication: 0, maxEvents: 1e6 });
  const dma = new DmaMapping(world.cores[0], mode);
  const cpu = world.cores[0].task('mapper', function* (context) {
    yield WAIT;
    for (let i = 0; i < buffers; i++) {
      dma.map(context);
      dma.unmap(context);
    }
    yield RUN;
    for (;;) yield WAIT;
  });
  cpu.signal();
  world.sim.run(until);
  const lines = world.books.ledger.spending().filter(({ cost }) => cost.startsWith('iommu.'));
  const counts: Record<string, number> = {};
  for (const { cost, count } of lines) counts[cost] = (counts[cost] ?? 0) + count;
  return counts;
};

describe('mapping and unmapping a buffer', () => {
  test('is free without translation', () => expect(spent('passthrough', 1000)).toEqual({}));

  test('waits for the invalidation of each in strict mode', () =>
    expect(spent('strict', 1000)).toEqual({ 'iommu.map': 1000, 'iommu.unmapStrict': 1000 }));

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
      const { 'iommu.flush': seen, ...others } = spent(mode, buffers, ms(30));
      expect(seen === undefined ? {} : { 'iommu.flush': seen }).toEqual(flushes);
      expect(others['iommu.map']).toBe(buffers);
    },
  );
});
