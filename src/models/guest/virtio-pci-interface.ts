/**
 * The two ways in which Linux's virtio_pci talks to a device, access by access: the modern structures in memory space
 * (drivers/virtio/virtio_pci_modern.c) and the legacy header in port space (virtio_pci_legacy.c).
 */
import type { PciBus } from '../hardware/pci/pci-bus.ts';
import { COMMON, LEGACY, NO_VECTOR } from '../virtio/device-registers.ts';
import { type Features, NO_FEATURES, windowOf, withWindow } from '../virtio/features.ts';
import type { StatusPort } from '../virtio/negotiation.ts';
import { notifyAddress, type Structure } from '../virtio/pci-transport.ts';

/** A transport, of PCI or not. Vectors as the driver asks for them; NO_VECTOR leaves a queue without. */
export interface DeviceInterface extends StatusPort {
  readonly kind: 'modern' | 'legacy' | 'mmio';
  /** Sets the vector of configuration changes. @returns what the device made of it. */
  configVector(vector: number): number;
  /** Makes the queue known to the device. @returns the vector that it has, or null: there is no such queue. */
  setUpQueue(index: number, vector: number): number | null;
  /** Undoes `setUpQueue`. */
  dropQueue(index: number): void;
  /** Where to write to notify this queue. @param size bytes of a notification. */
  notifyAddress(index: number, size: 2 | 4): number;
  enableQueue(index: number): void;
  /** Reads `bytes` of the device's own configuration, at its beginning. */
  readDeviceConfig(bytes: number): void;
}

/** Where the rings lie in guest memory is of no consequence here: any address that is not zero. */
const RING_ADDRESS = 0x1000_0000;
const PAGE_SHIFT = 12;

export interface ModernAddresses {
  readonly common: number;
  readonly deviceConfig: number;
  readonly notifyBase: number;
  readonly notify: Structure;
}

export const modernInterface = (bus: PciBus, at: ModernAddresses): DeviceInterface => {
  const read = (field: keyof typeof COMMON, width: 1 | 2 | 4): number =>
    bus.read('memory', at.common + COMMON[field], width);
  const write = (field: keyof typeof COMMON, width: 1 | 2 | 4, value: number): void =>
    bus.write('memory', at.common + COMMON[field], width, value);
  const select = (index: number): void => write('queue_select', 2, index);
  return {
    kind: 'modern',
    readStatus: () => read('device_status', 1),
    writeStatus: (bits) => write('device_status', 1, bits),
    readFeatures: () =>
      [0, 1].reduce((set: Features, window) => {
        write('device_feature_select', 4, window);
        return withWindow(set, window, read('device_feature', 4));
      }, NO_FEATURES),
    writeFeatures: (features) => {
      for (const window of [0, 1]) {
        write('driver_feature_select', 4, window);
        write('driver_feature', 4, windowOf(features, window));
      }
    },
    configVector: (vector) => {
      write('config_msix_vector', 2, vector);
      return read('config_msix_vector', 2);
    },
    setUpQueue: (index, vector) => {
      if (index >= read('num_queues', 2)) return null;
      select(index);
      const size = read('queue_size', 2);
      if (size === 0 || read('queue_enable', 2) !== 0) return null;
      write('queue_size', 2, size);
      // Each 64-bit address is written as two halves.
      for (const field of ['queue_desc', 'queue_driver', 'queue_device'] as const) {
        write(field, 4, RING_ADDRESS);
        bus.write('memory', at.common + COMMON[field] + 4, 4, 0);
      }
      if (vector === NO_VECTOR) return NO_VECTOR;
      write('queue_msix_vector', 2, vector);
      return read('queue_msix_vector', 2);
    },
    dropQueue: (index) => {
      select(index);
      write('queue_msix_vector', 2, NO_VECTOR);
      read('queue_msix_vector', 2);
    },
    notifyAddress: (index, size) => {
      select(index);
      return notifyAddress(at.notifyBase, at.notify, read('queue_notify_off', 2), size);
    },
    enableQueue: (index) => {
      select(index);
      write('queue_enable', 2, 1);
    },
    readDeviceConfig: (bytes) => {
      // virtio_cread_bytes: the generation before and after tells whether the bytes belong together.
      read('config_generation', 1);
      for (let i = 0; i < bytes; i++) bus.read('memory', at.deviceConfig + i, 1);
      read('config_generation', 1);
    },
  };
};

/** @param base port of the header. */
export const legacyInterface = (bus: PciBus, base: number): DeviceInterface => {
  const read = (field: keyof typeof LEGACY, width: 1 | 2 | 4): number =>
    bus.read('port', base + LEGACY[field], width);
  const write = (field: keyof typeof LEGACY, width: 1 | 2 | 4, value: number): void =>
    bus.write('port', base + LEGACY[field], width, value);
  return {
    kind: 'legacy',
    readStatus: () => read('device_status', 1),
    writeStatus: (bits) => write('device_status', 1, bits),
    readFeatures: () => withWindow(NO_FEATURES, 0, read('device_features', 4)),
    writeFeatures: (features) => write('driver_features', 4, windowOf(features, 0)),
    configVector: (vector) => {
      write('config_msix_vector', 2, vector);
      return read('config_msix_vector', 2);
    },
    setUpQueue: (index, vector) => {
      write('queue_select', 2, index);
      if (read('queue_size', 2) === 0 || read('queue_address', 4) !== 0) return null;
      write('queue_address', 4, RING_ADDRESS >>> PAGE_SHIFT);
      if (vector === NO_VECTOR) return NO_VECTOR;
      write('queue_msix_vector', 2, vector);
      return read('queue_msix_vector', 2);
    },
    dropQueue: (index) => {
      write('queue_select', 2, index);
      write('queue_msix_vector', 2, NO_VECTOR);
      write('queue_address', 4, 0);
    },
    // One register for all queues: the value that is written says which is meant.
    notifyAddress: () => base + LEGACY.queue_notify,
    enableQueue: () => {},
    readDeviceConfig: (bytes) => {
      // MSI-X is not enabled yet, so the two vectors are not there.
      for (let i = 0; i < bytes; i++) bus.read('port', base + LEGACY.device_config + i, 1);
    },
  };
};
