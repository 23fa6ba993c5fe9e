/** A guest meets its devices: which driver binds, what is negotiated, and how many accesses that takes. */
import { describe, expect, test } from 'vitest';
import { bindDrivers, bindMmio } from '../models/guest/bind-drivers.ts';
import { MODULES } from '../models/guest/pci-drivers.ts';
import { type Accesses, PciBus, SLOTS } from '../models/hardware/pci/pci-bus.ts';
import { NO_REGISTERS, PciFunction } from '../models/hardware/pci/pci-function.ts';
import { VirtioNetMmio } from '../models/host/virtio-net-mmio.ts';
import { VirtioNetPci } from '../models/host/virtio-net-pci.ts';
import type { VirtioNetProperties } from '../models/host/virtio-net-properties.ts';
import { hasFeature } from '../models/virtio/features.ts';

const card = (vendor: number, device: number, revision = 0): PciFunction => {
  const fn = new PciFunction({
    ...{ vendor, device, revision },
    ...{ classCode: 0x020000, subsystemVendor: vendor, subsystem: 0 },
  });
  fn.addBar(0, { space: 'memory', size: 0x20000, region: NO_REGISTERS });
  return fn;
};

const virtio = (properties: Partial<VirtioNetProperties> = {}): VirtioNetPci =>
  new VirtioNetPci(
    {
      ...{ vectors: 4, 'disable-legacy': false, 'disable-modern': false },
      ...{ rx_queue_size: 256, tx_queue_size: 256, ...properties },
    },
    'qemu',
  );

const boot = (functions: readonly PciFunction[], kernel = '6.12', drivers: readonly string[] = MODULES) => {
  const bus = new PciBus();
  functions.forEach((fn, i) => {
    bus.plug(3 + i, fn);
  });
  return bindDrivers(bus, { kernel, drivers });
};

/** Reads and writes of the device's own structures: not of configuration space. */
const registerAccesses = (accesses: Accesses): number =>
  accesses['memory read'] + accesses['memory write'] + accesses['port read'] + accesses['port write'];

describe('several cards in one guest', () => {
  test('each is bound by the driver whose table has it; an unknown one by none', () => {
    const { bindings } = boot([card(0x8086, 0x100e, 3), virtio().fn, card(0xdead, 0xbeef)]);
    expect(bindings.map(({ place, id, driver }) => [place, id, driver])).toEqual([
      ['00:03.0', '8086:100e', 'e1000'],
      ['00:04.0', '1af4:1000', 'virtio_net'],
      ['00:05.0', 'dead:beef', null],
    ]);
    expect(bindings[2].reason).toBe('Linux has no driver for it');
  });

  test('the revision tells an RTL8139C+ from the older chip', () => {
    const { bindings } = boot([card(0x10ec, 0x8139, 0x20), card(0x10ec, 0x8139, 0x10)]);
    expect(bindings.map(({ driver }) => driver)).toEqual(['8139cp', '8139too']);
  });

  test('a virtio device that is no network card is left alone', () => {
    const { bindings } = boot([card(0x1af4, 0x1042, 1)]);
    expect(bindings[0]).toMatchObject({ driver: null, reason: 'it is a virtio device of another kind' });
  });
});

describe('drivers that are not there', () => {
  test.each([
    ['no virtio_pci', ['virtio_net', 'e1000'], 'the guest has no virtio_pci'],
    ['no virtio_net', ['virtio_pci', 'e1000'], 'the guest has no virtio_net'],
  ])('%s', (_name, drivers, reason) => {
    const { bindings } = boot([card(0x8086, 0x100e), virtio().fn], '6.12', drivers);
    expect(bindings[0].driver).toBe('e1000');
    expect(bindings[1]).toMatchObject({ driver: null, reason });
  });

  test('a kernel older than the driver', () => {
    const { bindings } = boot([card(0x8086, 0x10ed)], '2.6.32');
    expect(bindings[0]).toMatchObject({ driver: null, reason: 'ixgbevf is not in Linux 2.6.32' });
  });
});

describe('interfaces', () => {
  const probe = (properties: Partial<VirtioNetProperties>, kernel: string) => {
    const device = virtio(properties);
    return { device, ...boot([device.fn], kernel).bindings[0] };
  };

  test('a new kernel uses the modern one of a transitional device', () => {
    const { virtio: agreed, device } = probe({}, '6.12');
    expect(agreed).toMatchObject({ interface: 'modern', vectors: 'per queue' });
    expect(hasFeature(agreed!.negotiated, 'VIRTIO_F_VERSION_1')).toBe(true);
    expect(device.registers.device.accepted).toBe(agreed!.negotiated);
    expect(device.registers.device.status).toBe(15);
    // Vector 0 is for the configuration; the control queue has none.
    expect(device.registers.configVector).toBe(0);
    expect(device.registers.queues.map(({ vector, enabled }) => [vector, enabled])).toEqual([
      [1, true],
      [2, true],
      [0xffff, true],
    ]);
  });

  test('a kernel before 4.0 uses the legacy one: 32 bits, port space, one notify register', () => {
    const { virtio: agreed, device } = probe({}, '2.6.32');
    expect(agreed).toMatchObject({ interface: 'legacy' });
    expect(agreed!.negotiated >> 32n).toBe(0n);
    expect(hasFeature(agreed!.negotiated, 'VIRTIO_F_EVENT_IDX')).toBe(false);
    expect(hasFeature(agreed!.negotiated, 'VIRTIO_F_INDIRECT_DESC')).toBe(true);
    expect(new Set(agreed!.notify).size).toBe(1);
    expect(device.registers.device.status).toBe(7);
  });

  test('a kernel before 4.0 finds nothing to talk to on a modern-only device', () => {
    const { driver, reason } = probe({ 'disable-legacy': true }, '2.6.32');
    expect(driver).toBeNull();
    expect(reason).toMatch(/no legacy interface for Linux 2.6.32/);
  });

  test('a device with disable-modern is legacy for any kernel', () => {
    const { virtio: agreed } = probe({ 'disable-modern': true }, '6.12');
    expect(agreed).toMatchObject({ interface: 'legacy' });
    expect(hasFeature(agreed!.negotiated, 'VIRTIO_F_EVENT_IDX')).toBe(true);
    expect(hasFeature(agreed!.negotiated, 'VIRTIO_F_ANY_LAYOUT')).toBe(true);
  });

  test('notify addresses are four bytes apart behind the notification structure', () => {
    const { notify } = probe({}, '6.12').virtio!;
    expect(notify.map((address) => address - notify[0])).toEqual([0, 4, 8]);
    expect(notify[0] % 0x4000).toBe(0x3000);
  });

  test('a device behind an IOMMU refuses a kernel that does not know it', () => {
    const properties = { 'disable-legacy': true, iommu_platform: true };
    expect(probe(properties, '4.8').driver).toBe('virtio_net');
    const { driver, reason, device } = probe(properties, '4.7');
    expect([driver, reason]).toEqual([null, 'the device refuses the features']);
    expect(device.registers.device.refusal).toMatch(/ACCESS_PLATFORM/);
  });
});

describe('vectors (vp_find_vqs): one each, one for both, the line', () => {
  test.each([
    [4, '6.12', 'per queue', 3],
    [3, '6.12', 'per queue', 3],
    [2, '6.12', 'shared', 2],
    [1, '6.12', 'INTx', 0],
    [0, '6.12', 'INTx', 0],
    // Before 2.6.31 virtio_pci knew no MSI-X.
    [4, '2.6.30', 'INTx', 0],
    [2, '2.6.32', 'shared', 2],
  ])('%i vectors, Linux %s: %s', (vectors, kernel, way, used) => {
    const device = virtio({ vectors });
    const [{ virtio: agreed }] = boot([device.fn], kernel).bindings;
    expect(agreed?.vectors).toBe(way);
    const { queues, configVector } = device.registers;
    const taken = [configVector, ...queues.map(({ vector }) => vector)].filter((vector) => vector !== 0xffff);
    expect(new Set(taken).size).toBe(used);
  });

  test.each(['6.12', '2.6.32'])(
    'Linux %s: a vector that reads back as NO_VECTOR sends the driver on',
    (kernel) => {
      const device = virtio({ vectors: 4 });
      // The table has four entries, but the device runs out of vectors after two.
      Object.defineProperty(device.registers, 'vectors', { value: 2 });
      const [{ virtio: agreed }] = boot([device.fn], kernel).bindings;
      expect(agreed?.vectors).toBe('shared');
      expect(device.registers.queues.map(({ vector }) => vector)).toEqual([1, 1, 0xffff]);
    },
  );
});

describe('accesses in set-up', () => {
  /** Queues with a vector; the control queue has none. */
  const setUp = (kernel: string, properties: Partial<VirtioNetProperties> = {}): number =>
    registerAccesses(boot([virtio(properties).fn], kernel).accesses);

  test('modern: 29 for the device, 17 for each queue, 2 less without a vector', () => {
    // Reset, ACKNOWLEDGE, DRIVER, DRIVER_OK: 2 each; features read and written: 4 each; FEATURES_OK and its second look:
    // 3; configuration vector: 2; MAC: 6 bytes between two generations. A queue: number of queues, select, size, enabled?,
    // size, three addresses in halves, vector and its second look, select and offset, select and enable.
    const device = 4 * 2 + 2 * 4 + 3 + 2 + 8;
    const queue = 4 + 1 + 6 + 2 + 2 + 2;
    expect(setUp('6.12')).toBe(device + 3 * queue - 2);
    expect(setUp('6.12', { ctrl_vq: false, ...NO_CONTROL })).toBe(device + 2 * queue);
  });

  test('legacy: 18 for the device, 6 for each queue', () => {
    // Features: one access each way; the MAC has no generation. A queue: select, size, address read and written, vector
    // and its second look.
    const device = 4 * 2 + 2 + 2 + 6;
    expect(setUp('2.6.32')).toBe(device + 3 * 6 - 2);
  });

  test('about 10 for each queue and 20 besides: right within a factor of two, modern above and legacy below', () => {
    const rule = 10 * 3 + 20;
    expect(setUp('6.12') / rule).toBeGreaterThan(1);
    expect(setUp('6.12') / rule).toBeLessThan(2);
    expect(setUp('2.6.32') / rule).toBeGreaterThan(0.5);
    expect(setUp('2.6.32') / rule).toBeLessThan(1);
  });

  test('a guest without the driver only looks at the bus', () => {
    const { accesses } = boot([virtio().fn], '6.12', []);
    expect(registerAccesses(accesses)).toBe(0);
    expect(accesses['config read']).toBe(SLOTS - 1 + 5 + 6);
  });
});

describe('a device that is on no bus', () => {
  const DEFAULTS = { vectors: 4, 'disable-legacy': false, 'disable-modern': false };
  const sizes = { rx_queue_size: 256, tx_queue_size: 256 };

  const probe = (kernel: string, drivers: readonly string[] = MODULES) => {
    const { accesses } = new PciBus();
    const { mmio, registers } = new VirtioNetMmio({ ...DEFAULTS, ...sizes }, 'qemu');
    return { accesses, registers, binding: bindMmio(mmio, 1, { kernel, drivers }, accesses) };
  };

  test('is found by its registers, and negotiates as over PCI, without a vector', () => {
    const { binding, registers } = probe('6.12');
    expect(binding).toMatchObject({ place: '0xd0001000', driver: 'virtio_net', virtio: { vectors: 'mmio' } });
    expect(binding.virtio?.negotiated).toBe(
      boot([virtio({ 'disable-legacy': true }).fn]).bindings[0].virtio?.negotiated,
    );
    expect(registers.queues.map(({ size, enabled, vector }) => [size, enabled, vector])).toEqual([
      [256, true, 0xffff],
      [256, true, 0xffff],
      [64, true, 0xffff],
    ]);
  });

  test('takes 31 accesses, and 11 for each queue', () => {
    // Identity: 4. Reset, ACKNOWLEDGE, DRIVER, DRIVER_OK: 2 each; features read and written: 4 each; FEATURES_OK and its
    // second look: 3; MAC: 6 bytes between two generations. A queue: select, ready?, greatest size, size, three addresses
    // in halves, ready.
    const device = 4 + 4 * 2 + 2 * 4 + 3 + 8;
    expect(registerAccesses(probe('6.12').accesses)).toBe(device + 3 * (4 + 6 + 1));
  });

  test('needs virtio_mmio, of a release that knows version 2', () => {
    expect(probe('6.12', ['virtio_pci', 'virtio_net']).binding.reason).toBe('the guest has no virtio_mmio');
    expect(probe('3.19').binding.reason).toBe('virtio_mmio of Linux 3.19 does not know version 2');
  });
});

/** What needs the control queue goes with it: a device must not offer it alone. */
const NO_CONTROL: Partial<VirtioNetProperties> = {
  ...{ ctrl_rx: false, ctrl_vlan: false, ctrl_rx_extra: false, ctrl_mac_addr: false },
  ...{ ctrl_guest_offloads: false, guest_announce: false },
};
