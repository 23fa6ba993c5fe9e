/** What the DMA API costs per buffer, by IOMMU mode (drivers/iommu/dma-iommu.c). */
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { ns } from '../../units.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import { DmaMapping, type IommuMode } from './dma-mapping.ts';

const PRICES = { 'iommu.map': 2, 'iommu.unmapStrict': 3, 'iommu.unmapLazy': 5, 'iommu.flush': 7 };

/** Occurrences by cost after `buffers` were mapped and unmapped one by one. */
const spent = (mode: IommuMode, buffers: number): Record<string, number> => {
  const world = new World(priced(PRICES), { seed: 1, replication: 0, maxEvents: 1e6 });
  const dma = new DmaMapping(world.books, mode);
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
  world.sim.run(ns(1e6));
  const lines = world.books.ledger.spending().filter(({ cost }) => cost.startsWith('iommu.'));
  return Object.fromEntries(lines.map(({ cost, count }) => [cost, count]));
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
});
