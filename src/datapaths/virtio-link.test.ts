/** What was negotiated decides what runs: interrupts by vector or line, kicks by memory or port. */
import { describe, expect, test } from 'vitest';
import { MODULES } from '../models/guest/pci-drivers.ts';
import { machine } from '../scenario/machines.test-support.ts';
import { ms } from '../units.ts';
import type { Datapath } from './datapath.ts';
import { datapathOf } from './index.ts';
import { Trial } from './trial.test-support.ts';

const PACKETS = 50;

/** So many lone packets, a millisecond apart, and what was counted for them. */
const sent = (
  kind: string,
  {
    tunables = {},
    kernel = '6.12',
    ...params
  }: { tunables?: Record<string, unknown>; kernel?: string; transport?: 'mmio' },
) => {
  const { world, records } = new Trial({
    machine: machine('server-3ghz'),
    datapath: datapathOf(kind) as Datapath,
    params: { tunables, ...params },
    guest: { kernel, drivers: MODULES },
    loads: [{ kind: 'periodic', rate: 1000, size: 60 }],
    stop: ms(PACKETS + 0.5),
  }).run('drained');
  const { counters, ledger } = world.books;
  const count = (metric: string, component: string): number =>
    counters.counter(metric, component, 'vm').value;
  const paid = (cost: string): number =>
    ledger
      .spending()
      .filter((line) => line.cost === cost)
      .reduce((sum, line) => sum + line.count, 0);
  expect(records[0].completed).toBe(PACKETS);
  return { count, paid };
};

describe.each(['virtio-net', 'vhost-net'])('%s', (kind) => {
  // A lone packet's own completion interrupts: one interrupt each.
  test('with a vector for each queue an interrupt costs no exit', () => {
    const { count } = sent(kind, {});
    expect(count('interrupts.taken', 'virtio-net tx')).toBe(PACKETS);
    expect(count('exits.other', 'eoi')).toBe(0);
    expect(count('exits.device', 'read ISR')).toBe(0);
  });

  test('with one vector for both the interrupts come on it, and cost no exit either', () => {
    const { count, paid } = sent(kind, { tunables: { vectors: 2 } });
    expect(count('interrupts.taken', 'virtio-net virtqueues')).toBe(PACKETS);
    expect(count('interrupts.taken', 'virtio-net tx')).toBe(0);
    expect(count('exits.other', 'eoi') + paid('exit.heavy')).toBe(0);
  });

  test.each([0, 1])(
    'with %i vectors each costs a heavy exit that reads the ISR status, and an EOI',
    (vectors) => {
      const { count, paid } = sent(kind, { tunables: { vectors } });
      expect(count('interrupts.taken', 'virtio-net INTx')).toBe(PACKETS);
      expect(count('exits.device', 'read ISR')).toBe(PACKETS);
      expect(count('exits.other', 'eoi')).toBe(PACKETS);
      expect(paid('exit.heavy')).toBe(PACKETS);
    },
  );

  // vm_interrupt of drivers/virtio/virtio_mmio.c: readl(InterruptStatus), writel(InterruptACK), then each virtqueue.
  test('over MMIO each interrupt costs two heavy exits, and an EOI of the level-triggered line', () => {
    const { count, paid } = sent(kind, { transport: 'mmio' });
    expect(count('interrupts.taken', 'virtio-net mmio')).toBe(PACKETS);
    expect(count('exits.device', 'read InterruptStatus')).toBe(PACKETS);
    expect(count('exits.device', 'write InterruptACK')).toBe(PACKETS);
    expect(count('exits.other', 'eoi')).toBe(PACKETS);
    expect(paid('exit.heavy')).toBe(2 * PACKETS);
  });

  test('over MMIO the kick carries the queue as its value, so KVM decodes it though the machine has fast MMIO', () => {
    const { count, paid } = sent(kind, { transport: 'mmio' });
    expect([paid('exit.kick'), paid('exit.decode')]).toEqual([PACKETS, PACKETS]);
    expect(count('kicks', 'tx')).toBe(PACKETS);
    expect(sent(kind, {}).paid('exit.decode')).toBe(0);
  });

  test('a guest before Linux 4.0 does not know MMIO devices of version 2', () => {
    expect(() => sent(kind, { kernel: '3.10', transport: 'mmio' })).toThrow(/does not know version 2/);
  });

  test('over MMIO there is no legacy device', () => {
    expect(() => sent(kind, { transport: 'mmio', tunables: { 'disable-modern': true } })).toThrow(
      /legacy interface/,
    );
  });

  test('a modern device is kicked through memory, a legacy one through a port', () => {
    const modern = sent(kind, {});
    expect([modern.paid('exit.kick'), modern.paid('exit.pio')]).toEqual([PACKETS, 0]);
    const legacy = sent(kind, { tunables: { 'disable-modern': true } });
    expect([legacy.paid('exit.kick'), legacy.paid('exit.pio')]).toEqual([0, PACKETS]);
    expect(legacy.count('kicks', 'tx')).toBe(PACKETS);
  });

  test('a guest before 4.12 orphans what it sends: after the first no completion interrupts', () => {
    expect(sent(kind, { kernel: '3.10' }).count('interrupts.taken', 'virtio-net tx')).toBe(1);
  });

  test('a device behind an IOMMU is a modern one, unless its legacy interface is asked for', () => {
    const behind = sent(kind, { tunables: { iommu_platform: true } });
    expect([behind.paid('exit.kick'), behind.paid('exit.pio')]).toEqual([PACKETS, 0]);
    const legacy = { iommu_platform: true, 'disable-legacy': false };
    expect(() => sent(kind, { tunables: legacy })).toThrow(/iommu_platform .* needs disable-legacy/);
    expect(() => sent(kind, { kernel: '4.4', tunables: { iommu_platform: true } })).toThrow(
      /the driver does not know VIRTIO_F_ACCESS_PLATFORM/,
    );
  });

  test('a guest without a driver cannot be wired', () => {
    expect(() => sent(kind, { kernel: '2.6.32', tunables: { 'disable-legacy': true } })).toThrow(
      /no driver for its virtio device: no legacy interface for Linux 2.6.32/,
    );
  });
});

test.each([{ tunables: { vectors: 0 } }, { transport: 'mmio' as const }])(
  'with %o vhost needs QEMU for each interrupt',
  (params) => {
    const { paid } = sent('vhost-net', params);
    expect(paid('qemu.mainLoop')).toBe(PACKETS);
    expect(paid('interrupt.irqfd')).toBe(0);
    expect(sent('vhost-net', {}).paid('qemu.mainLoop')).toBe(0);
  },
);
