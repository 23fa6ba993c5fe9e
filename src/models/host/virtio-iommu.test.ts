/** virtio-iommu: what a mapping and an unmapping ask of QEMU, when the guest's driver waits for it, and who is told. */
import { describe, expect, test } from 'vitest';
import { CURRENT_LINUX } from '../../datapaths/guest-bus.ts';
import { type GuestDma, guestDmaOf, qemuOf } from '../../datapaths/qemu.ts';
import { type Vm, World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { us } from '../../units.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { iommuRequestRule, piecesOfIommuRequest } from '../virtio/iommu-request.ts';
import { VfioMappings } from './vfio-mappings.ts';
import { VhostIotlb } from './vhost-iotlb.ts';

const PRICES = {
  'exit.kick': us(1),
  'qemu.eventfdRead': us(1),
  'qemu.virtqueue': us(2),
  'qemu.viommuRequest': us(3),
  'qemu.viommuLookup': us(1),
  'virtioIommu.request': us(1),
  'vfio.map': us(25),
  'vfio.unmap': us(20),
  'iommu.invalidate': us(0.5),
  'vhost.iotlbMiss': us(8),
  'vhost.iotlbUpdate': us(16),
};
const PRICED = Object.keys(PRICES);
/** Entries of the request queue, and of Linux's flush queue. */
const QUEUE = 256;

const bench = ({ strict = false, ...own }: { strict?: boolean } & Pick<Vm, 'guest'> = {}) => {
  const world = new World(priced(PRICES), { seed: 1, replication: 0, maxEvents: 1e6 });
  const { books, sim } = world;
  const viommu = { device: 'virtio-iommu', strict } as const;
  const vm: Vm = { name: 'vm', vcpus: [[0]], backend: [1], viommu, ...own };
  const vcpu = world.vcpu(vm);
  const loop = qemuOf(world, vm);
  const { dma, iommu } = guestDmaOf(world, vm, vcpu, loop) as GuestDma;
  const told: string[] = [];
  iommu.notify({
    *changed(_, page, present) {
      told.push(`${present ? '+' : '-'}${page}`);
      yield RUN;
    },
    *flushed() {
      yield RUN;
    },
  });
  /** Runs `program` in the guest, or in a thread of the host. @returns how long it took, us. */
  const run = (program: (cpu: Context) => Program, by: 'guest' | 'worker' = 'guest'): number => {
    let [began, ended] = [Number.NaN, Number.NaN];
    const body = function* (cpu: Context): Program {
      yield WAIT;
      began = sim.now;
      yield* program(cpu);
      yield RUN;
      ended = sim.now;
      for (;;) yield WAIT;
    };
    if (by === 'guest') vcpu.task('driver', body).signal();
    else world.hostThread('worker', [2], body).signal();
    sim.run((sim.now + us(9000)) as never);
    return (ended - began) / us(1);
  };
  /** dma_map_single, with all that waits for it. */
  const map = (): { page: number; took: number } => {
    let page = -1;
    const took = run(function* (cpu) {
      page = dma.map();
      const wait = dma.announce(cpu, page);
      if (wait !== null) yield* wait;
    });
    return { page, took };
  };
  const unmap = (...pages: number[]): number =>
    run(function* (cpu) {
      for (const page of pages) {
        const wait = dma.unmap(cpu, page);
        if (wait !== null) yield* wait;
      }
    });
  const counts = (): Record<string, number> => {
    const found: Record<string, number> = {};
    for (const { cost, count } of books.ledger.spending()) {
      if (PRICED.includes(cost) && count > 0) found[cost] = (found[cost] ?? 0) + count;
    }
    return found;
  };
  const kicks = (): number => vcpu.exits.accesses('notify iommu').value;
  const spun = (): number =>
    books.ledger
      .spending()
      .reduce((sum, { cost, busy }) => sum + (cost === 'virtioIommu.spin' ? busy : 0), 0) / us(1);
  return { world, books, sim, vcpu, loop, iommu, dma, told, run, map, unmap, counts, kicks, spun };
};

describe('the guest’s driver', () => {
  test('waits for each mapping: a kick, and a spin for as long as QEMU takes behind it', () => {
    const { map, told, counts, kicks, spun } = bench();
    const { page, took } = map();
    expect(told).toEqual([`+${page}`]);
    expect(kicks()).toBe(1);
    expect(counts()).toEqual({
      'virtioIommu.request': 1,
      'exit.kick': 1,
      'qemu.eventfdRead': 1,
      'qemu.virtqueue': 1,
      'qemu.viommuRequest': 1,
    });
    // The request, the exit, at whose end QEMU is woken here (exitOutShare 1), and QEMU's 6 us.
    expect(took).toBe(1 + 1 + 6);
    expect(spun()).toBe(6);
  });

  test('lets unmappings wait: they go with the next mapping, in order, and one kick', () => {
    const { map, unmap, told, kicks } = bench();
    const pages = [map(), map(), map()].map(({ page }) => page);
    expect(unmap(...pages)).toBe(3 * 1);
    expect(kicks()).toBe(3);
    const { page } = map();
    expect(kicks()).toBe(4);
    expect(told).toEqual([
      ...pages.map((each) => `+${each}`),
      ...pages.map((each) => `-${each}`),
      `+${page}`,
    ]);
  });

  test('has them answered within 10 ms though nothing is mapped, and asks nothing when there is nothing', () => {
    const { map, unmap, told, kicks, sim } = bench();
    const { page } = map();
    unmap(page);
    expect(told).toEqual([`+${page}`]);
    sim.run((sim.now + us(10_000)) as never);
    expect(told).toEqual([`+${page}`, `-${page}`]);
    expect(kicks()).toBe(2);
    sim.run((sim.now + us(50_000)) as never);
    expect(kicks()).toBe(2);
  });

  test.each([
    ['strict', { strict: true }],
    ['Linux 6.7', { guest: { ...CURRENT_LINUX, kernel: '6.7' } }],
  ])('waits for each unmapping: %s', (_, settings) => {
    const { map, unmap, told, kicks } = bench(settings);
    const pages = [map(), map()].map(({ page }) => page);
    unmap(...pages);
    expect(kicks()).toBe(4);
    expect(told.slice(2)).toEqual(pages.map((page) => `-${page}`));
  });

  test('lets no interrupt in while it spins', () => {
    const { run, vcpu, world, dma, sim } = bench();
    const taken: number[] = [];
    const line = vcpu.interrupt('other', function* (it) {
      yield WAIT;
      for (;;) {
        it.enter();
        it.leave();
        yield RUN;
        taken.push(sim.now);
        yield WAIT;
      }
    });
    const raise = world.sim.handler(() => line.raise(), 'raise');
    let mapped = 0;
    run(function* (cpu) {
      sim.after(us(4), raise);
      const wait = dma.announce(cpu, dma.map());
      if (wait !== null) yield* wait;
      yield RUN;
      mapped = sim.now;
    });
    expect(taken).toHaveLength(1);
    expect(taken[0]).toBeGreaterThanOrEqual(mapped);
  });

  test('needs no more room than the flush queue of 256 unmappings, which then goes as one kick', () => {
    const { map, unmap, told, kicks } = bench();
    const pages = Array.from({ length: QUEUE }, () => map().page);
    unmap(...pages.slice(1));
    expect([kicks(), told.length]).toEqual([QUEUE, QUEUE]);
    unmap(pages[0]);
    expect([kicks(), told.length]).toEqual([QUEUE + 1, 2 * QUEUE]);
  });
});

describe('whoever has a copy of the mappings', () => {
  test('vfio repeats a map and an unmap in the real IOMMU, and the driver waits for that', () => {
    const { world, books, iommu, map, unmap, counts } = bench({ strict: true });
    iommu.notify(new VfioMappings(books, iommu.domain, world.invalidations));
    const { page, took } = map();
    expect(took).toBe(1 + 1 + 6 + 25);
    expect(unmap(page)).toBe(1 + 1 + 6 + 20 + 0.5);
    expect(counts()).toMatchObject({ 'vfio.map': 1, 'vfio.unmap': 1, 'iommu.invalidate': 1 });
  });

  test('vhost asks once for each page, and is told when it is unmapped', () => {
    const { books, loop, iommu, map, unmap, run, counts } = bench({ strict: true });
    const iotlb = new VhostIotlb(books, loop, iommu);
    const { page } = map();
    const find = () => run((cpu) => iotlb.find(cpu, [page]), 'worker');
    find();
    find();
    expect(counts()).toMatchObject({ 'vhost.iotlbMiss': 1, 'vhost.iotlbUpdate': 1, 'qemu.viommuLookup': 1 });
    unmap(page);
    expect(counts()).toMatchObject({ 'vhost.iotlbUpdate': 2 });
    find();
    expect(counts()).toMatchObject({ 'vhost.iotlbMiss': 2, 'vhost.iotlbUpdate': 3 });
  });

  test('a device that QEMU emulates has each page looked up each time', () => {
    const { iommu, run, counts } = bench();
    run(function* (cpu) {
      for (const page of [1, 2, 1, 2]) iommu.translate(cpu, page);
      yield RUN;
    });
    expect(counts()).toEqual({ 'qemu.viommuLookup': 4 });
  });
});

describe('a request', () => {
  const shaped = (lengths: readonly number[], readable: number) =>
    iommuRequestRule({ pieces: lengths.length, readable, length: Float64Array.from(lengths) } as never);

  test.each([true, false])('as the driver makes it is in order (MAP: %s)', (maps) => {
    const pieces = piecesOfIommuRequest({ page: 1, maps }, 4096);
    expect(pieces.map(({ writable }) => writable)).toEqual([false, true]);
    expect(
      shaped(
        pieces.map(({ length }) => length),
        1,
      ),
    ).toBeNull();
    // struct virtio_iommu_req_map and _unmap: 40 and 32 bytes with the tail.
    expect(pieces.reduce((sum, { length }) => sum + length, 0)).toBe(maps ? 40 : 32);
  });

  test('without a whole head, or without room for the status, is refused', () => {
    expect(shaped([3, 4], 1)).toBe('header cut short');
    expect(shaped([28, 3], 1)).toBe('no room for the status');
    expect(shaped([28], 1)).toBe('no room for the status');
  });
});
