/**
 * A virtio-net device behind the MMIO transport as the guest finds it: hw/virtio/virtio-mmio.c of QEMU with
 * `force-legacy=off`, and the like of Firecracker. It has no vectors, and one line for everything.
 */
import type { Region } from '../hardware/pci/pci-function.ts';
import { COMMON, DeviceRegisters } from '../virtio/device-registers.ts';
import { hasFeature } from '../virtio/features.ts';
import { MMIO, MMIO_MAGIC, MMIO_VERSION } from '../virtio/mmio-transport.ts';
import { DeviceStatus } from '../virtio/negotiation.ts';
import { VIRTIO_ID_NET, VIRTIO_VENDOR } from '../virtio/pci-transport.ts';
import { masked, type VirtioBackend } from './backend-features.ts';
import { offeredBy, refusedProperties, type VirtioNetProperties } from './virtio-net-properties.ts';

const CONTROL_QUEUE_SIZE = 64;

/** Registers that the PCI transport has too, by its names. */
const READS: ReadonlyMap<number, number> = new Map([
  [MMIO.device_features, COMMON.device_feature],
  [MMIO.queue_num_max, COMMON.queue_size],
  [MMIO.queue_ready, COMMON.queue_enable],
  [MMIO.status, COMMON.device_status],
]);
const WRITES: ReadonlyMap<number, number> = new Map([
  [MMIO.device_features_sel, COMMON.device_feature_select],
  [MMIO.driver_features_sel, COMMON.driver_feature_select],
  [MMIO.driver_features, COMMON.driver_feature],
  [MMIO.queue_sel, COMMON.queue_select],
  [MMIO.queue_num, COMMON.queue_size],
  [MMIO.queue_ready, COMMON.queue_enable],
  [MMIO.status, COMMON.device_status],
]);

const IDENTITY: ReadonlyMap<number, number> = new Map([
  [MMIO.magic, MMIO_MAGIC],
  [MMIO.version, MMIO_VERSION],
  [MMIO.device_id, VIRTIO_ID_NET],
  [MMIO.vendor_id, VIRTIO_VENDOR],
]);

export class VirtioNetMmio {
  readonly registers: DeviceRegisters;

  /** @throws RangeError with the reason why there is no such device. */
  constructor(properties: VirtioNetProperties, backend: VirtioBackend) {
    const modern = { ...properties, 'disable-legacy': true };
    const offered = masked(offeredBy(modern), backend);
    if (!hasFeature(offered, 'VIRTIO_F_VERSION_1')) {
      throw new RangeError(
        'a virtio-mmio device of version 2 has no legacy interface: it needs VIRTIO_F_VERSION_1',
      );
    }
    const refused = refusedProperties(modern, offered);
    if (refused !== null) throw new RangeError(refused);
    const { rx_queue_size, tx_queue_size } = properties;
    const sizes = [rx_queue_size, tx_queue_size, CONTROL_QUEUE_SIZE];
    this.registers = new DeviceRegisters(new DeviceStatus(offered, false), sizes, 0);
  }

  /** Where the driver finds them. */
  get mmio(): Region {
    const { registers } = this;
    return {
      read: (offset) => {
        const common = READS.get(offset);
        if (common !== undefined) return registers.readCommon(common);
        return offset === MMIO.interrupt_status ? registers.isr : (IDENTITY.get(offset) ?? 0);
      },
      write: (offset, _width, value) => {
        const common = WRITES.get(offset);
        if (common !== undefined) registers.writeCommon(common, value);
        if (offset === MMIO.interrupt_ack) registers.acknowledge(value);
      },
    };
  }
}
