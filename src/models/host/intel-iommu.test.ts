/** QEMU's intel-iommu: what it is told in one exit, whom it tells, and what its devices and vhost need not ask twice. */
import { describe, expect, test } from 'vitest';
import { qemuOf } from '../../datapaths/qemu.ts';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { us } from '../../units.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { ALL, EmulatedInvalidation } from '../linux/invalidation.ts';
import { EmulatedRegisters } from './emulated-registers.ts';
import { IntelIommu } from './intel-iommu.ts';
import { VfioMappings } from './vfio-mappings.ts';
import { VhostIotlb } from './vhost-iotlb.ts';

const PRICES = {
  'exit.heavy': us(2),
  'qemu.iommuInvalidate': us(1),
  'qemu.iotlbMiss': us(4),
  'vfio.map': us(25),
  'vfio.unmap': us(20),
  'iommu.invalidate': us(0.5),
  'vhost.iotlbMiss': us(8),
  'vhost.iotlbUpdate': us(16),
};

const bench = () => {
  const world = new World(priced(PRICES), { seed: 1, replication: 0, maxEvents: 1e6 });
  const { books, sim } = world;
  const vm = { name: 'vm', vcpus: [[0]], backend: [1] };
  const vcpu = world.vcpu(vm);
  const loop = qemuOf(world, vm);
  const iommu = new IntelIommu(books, world.iommu.domain('4 KiB'));
  const registers = new EmulatedRegisters(books, vcpu, iommu, loop.lock);
  const invalidation = new EmulatedInvalidation(iommu.queue, registers, true);
  const run = (program: (cpu: Context) => Program, by: 'guest' | 'worker' = 'guest'): void => {
    const body = function* (cpu: Context): Program {
      yield WAIT;
      yield* program(cpu);
      yield RUN;
      for (;;) yield WAIT;
    };
    if (by === 'guest') vcpu.task('driver', body).signal();
    else world.hostThread('worker', [2], body).signal();
    sim.run((sim.now + us(1000)) as never);
  };
  const counts = (): Record<string, number> => {
    const found: Record<string, number> = {};
    for (const { cost, count } of books.ledger.spending()) {
      if (cost in PRICES) found[cost] = (found[cost] ?? 0) + count;
    }
    return found;
  };
  const exits = (): number => vcpu.exits.accesses('write IQT_REG').value;
  return { world, books, loop, iommu, invalidation, run, counts, exits };
};

describe('vfio behind it', () => {
  test('repeats a map and an unmap, an exit each; the unmap waits for the real IOMMU, which forgets the page', () => {
    const { world, books, iommu, invalidation, run, counts, exits } = bench();
    const { domain } = iommu;
    iommu.notify(new VfioMappings(books, domain, world.invalidations));
    const device = world.iommu.requester(books.counters, 'vf', 'vm', domain);
    const reaches = () => world.iommu.translate(device, world.iommu.writes, world.sim.now, 3, 3);
    domain.map(3);
    run((cpu) => invalidation.page(cpu, domain, 3));
    expect(counts()).toEqual({ 'exit.heavy': 1, 'qemu.iommuInvalidate': 1, 'vfio.map': 1 });
    expect(reaches()).toBe(true);
    domain.unmap(3);
    // Until QEMU has heard of it the device goes on.
    expect(reaches()).toBe(true);
    run((cpu) => invalidation.page(cpu, domain, 3));
    expect(reaches()).toBe(false);
    expect(counts()).toEqual({
      'exit.heavy': 2,
      'qemu.iommuInvalidate': 2,
      'vfio.map': 1,
      'vfio.unmap': 1,
      'iommu.invalidate': 1,
    });
    expect([exits(), device.faults.value]).toEqual([2, 1]);
  });
});

describe('a device that QEMU emulates', () => {
  test('has a page looked up once, until the guest takes it back, alone or with all others', () => {
    const { iommu, invalidation, run, counts } = bench();
    const uses = (...pages: number[]) =>
      run(function* (cpu) {
        for (const page of pages) iommu.translate(cpu, page);
        yield RUN;
      });
    uses(1, 2, 1, 2);
    expect(counts()['qemu.iotlbMiss']).toBe(2);
    run((cpu) => invalidation.page(cpu, iommu.domain, 1));
    uses(1, 2);
    expect(counts()['qemu.iotlbMiss']).toBe(3);
    run((cpu) => invalidation.all(cpu));
    uses(1, 2);
    expect(counts()['qemu.iotlbMiss']).toBe(5);
    expect(iommu.queue).toEqual([]);
    expect(ALL).toBeLessThan(0);
  });
});

describe('vhost behind it', () => {
  test('asks QEMU once for each page, and again after the guest has unmapped it; QEMU tells it of that', () => {
    const { books, loop, iommu, invalidation, run, counts } = bench();
    const iotlb = new VhostIotlb(books, loop, iommu);
    const { domain } = iommu;
    domain.map(5);
    const find = (...pages: number[]) => run((cpu) => iotlb.find(cpu, pages), 'worker');
    find(5, 6, 5);
    expect(counts()).toMatchObject({ 'vhost.iotlbMiss': 2, 'vhost.iotlbUpdate': 2, 'qemu.iotlbMiss': 2 });
    find(5, 6);
    expect(counts()).toMatchObject({ 'vhost.iotlbMiss': 2, 'vhost.iotlbUpdate': 2 });
    domain.unmap(5);
    run((cpu) => invalidation.page(cpu, domain, 5));
    expect(counts()['vhost.iotlbUpdate']).toBe(3);
    find(5, 6);
    expect(counts()).toMatchObject({ 'vhost.iotlbMiss': 3, 'vhost.iotlbUpdate': 4 });
    run((cpu) => invalidation.all(cpu));
    find(5, 6);
    expect(counts()).toMatchObject({ 'vhost.iotlbMiss': 5, 'vhost.iotlbUpdate': 7 });
  });
});
