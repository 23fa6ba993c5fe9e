/** A polling guest on every virtio datapath: what it negotiates, and what it never pays. */
import { describe, expect, test } from 'vitest';
import { hasFeature } from '../models/virtio/features.ts';
import { machine } from '../scenario/machines.test-support.ts';
import { ms } from '../units.ts';
import { bootWith, type Card, CURRENT_LINUX } from './guest-bus.ts';
import { datapathOf } from './index.ts';
import { Trial } from './trial.test-support.ts';
import type { GuestIommuSettings } from './world.ts';

const KINDS = ['virtio-net', 'vhost-net', 'vhost-user', 'vdpa'] as const;
/** What a kernel and its interrupts cost a guest. */
const KERNEL = [
  ...['syscall', 'stack.tx', 'stack.rx', 'socket.receive', 'copy.perByte', 'stack.qdisc', 'idle.enter'],
  ...['irq.entry', 'napi.schedule', 'napi.complete', 'virtioNet.tx', 'virtioNet.rx', 'virtioNet.txClean'],
  ...['exit.msr', 'halt.poll', 'interrupt.postedDelivery'],
];

const LOADS = [
  { kind: 'poisson', rate: 50_000, size: 60 },
  { kind: 'receive', rate: 50_000, size: 60 },
  { kind: 'request-response', rate: 1, size: 60 },
] as const;

const ran = (kind: string, tunables = {}, viommu?: GuestIommuSettings): Trial =>
  new Trial({
    machine: machine('server-3ghz'),
    datapath: datapathOf(kind),
    ...(viommu && { viommu }),
    params: { guestDriver: 'pmd', tunables },
    loads: LOADS,
    stop: ms(10),
  }).run('stopped');

describe.each(KINDS)('%s', (kind) => {
  const { world, records } = ran(kind);
  const { books, sim } = world;
  const mine = books.ledger.spending().filter(({ payer }) => payer.startsWith('vm vcpu0'));
  const total = (metric: string): number =>
    books.counters
      .since([])
      .filter(({ counter }) => counter.metric === metric && counter.vm === 'vm')
      .reduce((sum, { value }) => sum + value, 0);

  test('carries all loads', () => {
    for (const record of records) expect(record.completed).toBeGreaterThan(100);
  });

  test('takes no interrupt, never halts, sets no timer, and pays nothing of a kernel', () => {
    expect(['interrupts.raised', 'interrupts.taken', 'exits.other'].map(total)).toEqual([0, 0, 0]);
    expect(mine.filter(({ cost }) => KERNEL.includes(cost))).toEqual([]);
    // The application is started once.
    expect(mine.find(({ cost }) => cost === 'task.switch')?.count).toBe(1);
  });

  test('keeps its core busy all the time', () => {
    const [{ exitLatency }] = world.machine.idleStates;
    // The core was idle when the VM was started, and never again.
    expect(books.ledger.idle.get('core0')).toBe(exitLatency);
    expect(mine.reduce((sum, { busy }) => sum + busy, 0)).toBe(sim.now - exitLatency);
  });
});

describe('kicks', () => {
  const kicks = (trial: Trial): number =>
    trial.world.books.counters
      .since([])
      .filter(({ counter }) => counter.metric === 'kicks')
      .reduce((sum, { value }) => sum + value, 0);

  test.each([{}, { packed: true }])('are never wanted by a switch that polls %j', (tunables) => {
    expect(kicks(ran('vhost-user', tunables))).toBe(0);
  });

  test.each(['vhost-net', 'virtio-net'])('remain on %s, whose backend sleeps', (kind) => {
    const trial = ran(kind);
    // The client's requests come one at a time, each long after the last: at least those kick.
    expect(kicks(trial)).toBeGreaterThan(trial.records[2].completed / 2);
  });
});

describe('behind an IOMMU that it sees', () => {
  /** 4096 buffers of 2 KiB, and 512 before them that are never handed out, lie in so many pages of 2 MiB. */
  const HUGE_PAGES = 5;
  const iommus: readonly GuestIommuSettings[] = [
    { device: 'intel-iommu', cachingMode: true, strict: false },
    { device: 'virtio-iommu', strict: false },
  ];

  test.each(KINDS.flatMap((kind) => iommus.map((viommu) => [kind, viommu] as const)))(
    '%s: its memory is mapped once, so that nothing is announced and no page looked up twice: %j',
    (kind, viommu) => {
      const { world, records } = ran(kind, { iommu_platform: true }, viommu);
      const accesses = world.books.counters
        .since([])
        .filter(({ counter, value }) => /IQT_REG|iommu/.test(counter.component) && value > 0);
      expect(accesses).toEqual([]);
      for (const record of records) expect(record.completed).toBeGreaterThan(100);
      expect([...records.flatMap(({ drops }) => [...drops.keys()])]).toEqual([]);
      const misses = world.books.ledger
        .spending()
        .filter(({ cost }) => ['qemu.iotlbMiss', 'vhost.iotlbMiss'].includes(cost));
      for (const { count } of misses) expect(count).toBeLessThanOrEqual(HUGE_PAGES);
    },
  );
});

describe('what it negotiates', () => {
  const boot = (kind: string, tunables = {}, guest = CURRENT_LINUX) => {
    const { params, card } = datapathOf(kind);
    const made = card?.(params.parse({ tunables }) as never) as Card;
    return bootWith({ ...guest, polls: true }, [{ kind, ...made }]).cards[0];
  };

  test('is what DPDK knows: no EVENT_IDX, no offloads, and packed rings and IN_ORDER where offered', () => {
    const { driver, virtio } = boot('vhost-user', { packed: true, in_order: true });
    const has = (name: Parameters<typeof hasFeature>[1]) => hasFeature(virtio?.negotiated ?? 0n, name);
    expect(driver).toBe('net_virtio');
    expect([has('VIRTIO_F_EVENT_IDX'), has('VIRTIO_NET_F_CSUM'), has('VIRTIO_NET_F_GUEST_TSO4')]).toEqual([
      false,
      false,
      false,
    ]);
    expect([has('VIRTIO_F_VERSION_1'), has('VIRTIO_F_RING_PACKED'), has('VIRTIO_F_IN_ORDER')]).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('does not depend on what the guest’s kernel knows', () => {
    const old = boot('vhost-user', {}, { kernel: '2.6.32', drivers: [] });
    expect(old.virtio?.negotiated).toBe(boot('vhost-user').virtio?.negotiated);
  });
});
