/**
 * QEMU's virtio-net-pci as the guest finds it (hw/virtio/virtio-pci.c): identity, structures and registers. A device
 * with a legacy interface is a transitional one; without `disable-legacy` QEMU makes one on a conventional PCI bus.
 * Simplification: the 16 KiB of modern registers lie behind a 32-bit BAR; the window in configuration space is missing.
 */
import type { Width } from '../hardware/pci/config-space.ts';
import { NO_REGISTERS, PciFunction, type Region } from '../hardware/pci/pci-function.ts';
import { DeviceRegisters } from '../virtio/device-registers.ts';
import { hasFeature } from '../virtio/features.ts';
import { DeviceStatus } from '../virtio/negotiation.ts';
import {
  COMMON_CFG,
  capabilityBody,
  DEVICE_CFG,
  ISR_CFG,
  MODERN_BASE,
  NOTIFY_CFG,
  TRANSITIONAL_NET,
  VENDOR_CAPABILITY,
  VIRTIO_ID_NET,
  VIRTIO_VENDOR,
} from '../virtio/pci-transport.ts';
import { masked, type VirtioBackend } from './backend-features.ts';
import { offeredBy, refusedProperties, type VirtioNetProperties } from './virtio-net-properties.ts';

const NETWORK_CLASS = 0x020000;
/** QEMU's own subsystem id of devices that say nothing better. */
const QEMU_SUBSYSTEM = 0x1100;
const LEGACY_BAR = 0;
const MSI_X_BAR = 1;
const MODERN_BAR = 4;
const LEGACY_SIZE = 32;
const PAGE = 0x1000;
/** Queues that a device may have; notification addresses are four bytes apart. */
const QUEUES_MAX = 1024;
const NOTIFY_MULTIPLIER = 4;
const CONTROL_QUEUE_SIZE = 64;

/** Where the modern structures lie behind their BAR: a page each, notifications last. */
export const MODERN_LAYOUT = [
  { type: COMMON_CFG, offset: 0, length: PAGE },
  { type: ISR_CFG, offset: PAGE, length: PAGE },
  { type: DEVICE_CFG, offset: 2 * PAGE, length: PAGE },
  { type: NOTIFY_CFG, offset: 3 * PAGE, length: QUEUES_MAX * NOTIFY_MULTIPLIER },
] as const;

export class VirtioNetPci {
  readonly fn: PciFunction;
  readonly registers: DeviceRegisters;

  /** @throws RangeError with the reason why QEMU refuses these properties. */
  constructor(properties: VirtioNetProperties, backend: VirtioBackend) {
    const offered = masked(offeredBy(properties), backend);
    const refused = refusedProperties(properties, offered);
    if (refused !== null) throw new RangeError(refused);
    const legacy = !properties['disable-legacy'];
    const { vectors, rx_queue_size, tx_queue_size } = properties;
    const sizes = [rx_queue_size, tx_queue_size, CONTROL_QUEUE_SIZE];
    this.registers = new DeviceRegisters(new DeviceStatus(offered, legacy), sizes, vectors);
    this.fn = new PciFunction({
      vendor: VIRTIO_VENDOR,
      device: legacy ? TRANSITIONAL_NET : MODERN_BASE + VIRTIO_ID_NET,
      revision: legacy ? 0 : 1,
      classCode: NETWORK_CLASS,
      subsystemVendor: VIRTIO_VENDOR,
      subsystem: legacy ? VIRTIO_ID_NET : QEMU_SUBSYSTEM,
    });
    if (hasFeature(offered, 'VIRTIO_F_VERSION_1')) this.addModern();
    if (vectors > 0) this.fn.addMsiX(vectors, MSI_X_BAR);
    if (legacy) {
      this.fn.addBar(LEGACY_BAR, { space: 'port', size: LEGACY_SIZE, region: this.legacyRegisters() });
    }
  }

  private addModern(): void {
    for (const { type, offset, length } of MODERN_LAYOUT) {
      const multiplier = type === NOTIFY_CFG ? NOTIFY_MULTIPLIER : 0;
      const body = capabilityBody({ type, bar: MODERN_BAR, offset, length, multiplier });
      this.fn.config.addCapability(VENDOR_CAPABILITY, body);
    }
    this.fn.addBar(MODERN_BAR, { space: 'memory', size: 4 * PAGE, region: this.modernRegisters() });
  }

  private modernRegisters(): Region {
    const { registers } = this;
    const common: Region = {
      read: (offset) => registers.readCommon(offset),
      write: (offset, _width, value) => registers.writeCommon(offset, value),
    };
    const isr: Region = { read: () => registers.takeIsr(), write: () => {} };
    const pages = [common, isr, NO_REGISTERS, NO_REGISTERS];
    return {
      read: (offset: number, width: Width) => pages[offset >>> 12].read(offset & 0xfff, width),
      write: (offset, width, value) => pages[offset >>> 12].write(offset & 0xfff, width, value),
    };
  }

  private legacyRegisters(): Region {
    const { registers } = this;
    return {
      read: (offset) => registers.readLegacy(offset),
      write: (offset, _width, value) => registers.writeLegacy(offset, value),
    };
  }
}
