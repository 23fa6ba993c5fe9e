/**
 * Linux's virtio_pci and virtio_net on a function that they found (drivers/virtio/virtio_pci_common.c,
 * virtio_dev_probe, virtnet_probe): modern interface first, then legacy; features; queues; vectors.
 * Simplification: what the kernel's PCI core does besides (command register, vector table) is not counted.
 */
import type { Found, PciBus } from '../hardware/pci/pci-bus.ts';
import { MSI_X } from '../hardware/pci/pci-function.ts';
import { NO_VECTOR } from '../virtio/device-registers.ts';
import { hasFeature } from '../virtio/features.ts';
import { type Agreement, agree, type DriverSide, driverReady, type Refusal } from '../virtio/negotiation.ts';
import {
  COMMON_CFG,
  type ConfigReader,
  capabilities,
  DEVICE_CFG,
  findStructure,
  ISR_CFG,
  MODERN_BASE,
  NOTIFY_CFG,
  notificationSize,
} from '../virtio/pci-transport.ts';
import { hasSince } from './kernel-release.ts';
import { linuxVirtioNet, VIRTIO_MODERN_SINCE, VIRTIO_MSI_X_SINCE } from './virtio-net-features.ts';
import { type DeviceInterface, legacyInterface, modernInterface } from './virtio-pci-interface.ts';

/** How the device interrupts: an MSI-X vector for each queue, one for both, the level-triggered line, or that of MMIO. */
export type Vectors = 'per queue' | 'shared' | 'INTx' | 'mmio';

export interface VirtioProbe extends Agreement {
  readonly interface: DeviceInterface['kind'];
  readonly vectors: Vectors;
  /** Address that a kick of queue i goes to. */
  readonly notify: readonly number[];
}

const MAC_BYTES = 6;
/** Vector of configuration changes, and of all queues where they share one. */
const CONFIG_VECTOR = 0;
const SHARED_VECTOR = 1;

const readerOf = (bus: PciBus, slot: number): ConfigReader => ({
  read: (offset, width) => bus.readConfig(slot, offset, width),
});

const modern = (bus: PciBus, { slot, resources }: Found): DeviceInterface | null => {
  const config = readerOf(bus, slot);
  const address = (bar: number): number => resources[bar]?.address ?? 0;
  const find = (type: number) => findStructure(config, type, (bar) => resources[bar] !== undefined);
  const common = find(COMMON_CFG);
  if (common === null) return null;
  const [isr, notify, device] = [ISR_CFG, NOTIFY_CFG, DEVICE_CFG].map(find);
  if (isr === null || notify === null || device === null) return null;
  return modernInterface(bus, {
    common: address(common.bar) + common.offset,
    deviceConfig: address(device.bar) + device.offset,
    notifyBase: address(notify.bar),
    notify,
  });
};

/** Legacy drivers want a transitional id and ABI version 0 as revision (vp_legacy_probe). */
const legacy = (bus: PciBus, { identity, resources: [header] }: Found): DeviceInterface | null => {
  if (identity.device >= MODERN_BASE || identity.revision !== 0 || header?.space !== 'port') return null;
  return legacyInterface(bus, header.address);
};

/** Entries of the MSI-X table; 0: there is none. */
const tableSize = (config: ConfigReader): number => {
  for (const at of capabilities(config, MSI_X)) return (config.read(at + 2, 2) & 0x7ff) + 1;
  return 0;
};

/** Tries to set up all queues in one way. @returns whether the device had enough vectors. */
const tryQueues = (device: DeviceInterface, queues: number, vectors: Vectors): boolean => {
  if (vectors !== 'INTx' && device.configVector(CONFIG_VECTOR) === NO_VECTOR) return false;
  for (let index = 0; index < queues; index++) {
    // The control queue has no callback, and so no vector.
    const wanted =
      vectors === 'INTx' || index === CONTROL ? NO_VECTOR : vectors === 'shared' ? SHARED_VECTOR : 1 + index;
    const got = device.setUpQueue(index, wanted);
    if (got !== null && (wanted === NO_VECTOR || got !== NO_VECTOR)) continue;
    for (let done = index; done >= 0; done--) device.dropQueue(done);
    return false;
  }
  return true;
};

/** Index of the control queue of a device with one queue pair; it follows receive and transmit. */
const CONTROL = 2;
/** Vectors that each way needs: one for the configuration, and one a queue or one for all (vp_find_vqs). */
const NEEDED = { 'per queue': 3, shared: 2, INTx: 0 } as const;

const findQueues = (device: DeviceInterface, queues: number, table: number): Vectors | null => {
  for (const vectors of ['per queue', 'shared', 'INTx'] as const) {
    if (table >= NEEDED[vectors] && tryQueues(device, queues, vectors)) return vectors;
  }
  return null;
};

/** @returns what driver and device agreed on, or why the driver gave up. */
export const probeVirtioNet = (
  bus: PciBus,
  found: Found,
  release: string,
  driver: DriverSide = linuxVirtioNet(release),
): VirtioProbe | Refusal => {
  const table = hasSince(release, VIRTIO_MSI_X_SINCE) ? tableSize(readerOf(bus, found.slot)) : 0;
  const knowsModern = hasSince(release, VIRTIO_MODERN_SINCE);
  const device = (knowsModern ? modern(bus, found) : null) ?? legacy(bus, found);
  if (device === null) {
    return {
      refusal: knowsModern
        ? 'it has neither a modern nor a legacy interface'
        : `no legacy interface for Linux ${release}`,
    };
  }
  return setUp(device, driver, table);
};

/**
 * Features, queues and vectors of a device whose interface is known.
 * @param table entries of its MSI-X table.
 */
export const setUp = (device: DeviceInterface, driver: DriverSide, table: number): VirtioProbe | Refusal => {
  const agreement = agree(device, driver, device.kind === 'legacy');
  if ('refusal' in agreement) return agreement;
  const { negotiated } = agreement;
  if (hasFeature(negotiated, 'VIRTIO_NET_F_MAC')) device.readDeviceConfig(MAC_BYTES);
  const queues = hasFeature(negotiated, 'VIRTIO_NET_F_CTRL_VQ') ? 3 : 2;
  const vectors = findQueues(device, queues, table);
  if (vectors === null) return { refusal: 'its queues cannot be set up' };
  const indices = Array.from({ length: queues }, (_, index) => index);
  const bytes = notificationSize(hasFeature(negotiated, 'VIRTIO_F_NOTIFICATION_DATA'));
  const notify = indices.map((index) => device.notifyAddress(index, bytes));
  for (const index of indices) device.enableQueue(index);
  driverReady(device);
  return { ...agreement, interface: device.kind, vectors, notify };
};
