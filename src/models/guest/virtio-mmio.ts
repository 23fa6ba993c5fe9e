/**
 * Linux's virtio_mmio and virtio_net on a device that the command line or ACPI named (drivers/virtio/virtio_mmio.c):
 * identity, features, queues; one interrupt for everything.
 * Simplification: after a reset the status is read back once, as over PCI.
 */
import type { Accesses } from '../hardware/pci/pci-bus.ts';
import type { Region } from '../hardware/pci/pci-function.ts';
import { NO_VECTOR } from '../virtio/device-registers.ts';
import { type Features, NO_FEATURES, windowOf, withWindow } from '../virtio/features.ts';
import { MMIO, MMIO_MAGIC, MMIO_VERSION } from '../virtio/mmio-transport.ts';
import type { Refusal } from '../virtio/negotiation.ts';
import { VIRTIO_ID_NET } from '../virtio/pci-transport.ts';
import { linuxVirtioNet } from './virtio-net-features.ts';
import { setUp, type VirtioProbe } from './virtio-pci.ts';
import type { DeviceInterface } from './virtio-pci-interface.ts';

/** Where the rings lie in guest memory is of no consequence here. */
const RING_ADDRESS = 0x1000_0000;

const mmioInterface = ({ read: readAt, write: writeAt }: Region): DeviceInterface => {
  const read = (field: keyof typeof MMIO): number => readAt(MMIO[field], 4);
  const write = (field: keyof typeof MMIO, value: number): void => writeAt(MMIO[field], 4, value);
  return {
    kind: 'mmio',
    readStatus: () => read('status'),
    writeStatus: (bits) => write('status', bits),
    readFeatures: () =>
      [1, 0].reduce((set: Features, window) => {
        write('device_features_sel', window);
        return withWindow(set, window, read('device_features'));
      }, NO_FEATURES),
    writeFeatures: (features) => {
      for (const window of [1, 0]) {
        write('driver_features_sel', window);
        write('driver_features', windowOf(features, window));
      }
    },
    configVector: () => NO_VECTOR,
    setUpQueue: (index) => {
      write('queue_sel', index);
      if (read('queue_ready') !== 0) return null;
      const size = read('queue_num_max');
      if (size === 0) return null;
      write('queue_num', size);
      for (const field of ['queue_desc', 'queue_driver', 'queue_device'] as const) {
        write(field, RING_ADDRESS);
        writeAt(MMIO[field] + 4, 4, 0);
      }
      write('queue_ready', 1);
      return NO_VECTOR;
    },
    dropQueue: (index) => {
      write('queue_sel', index);
      write('queue_ready', 0);
    },
    // One register for all queues: the value that is written says which is meant.
    notifyAddress: () => MMIO.queue_notify,
    enableQueue: () => {},
    readDeviceConfig: (bytes) => {
      read('config_generation');
      for (let i = 0; i < bytes; i++) readAt(MMIO.config + i, 1);
      read('config_generation');
    },
  };
};

/** The device's registers, each access counted: under KVM each one exits. */
const counted = ({ read, write }: Region, accesses: Accesses): Region => ({
  read: (offset, width) => {
    accesses['memory read']++;
    return read(offset, width);
  },
  write: (offset, width, value) => {
    accesses['memory write']++;
    write(offset, width, value);
  },
});

/** @returns what driver and device agreed on, or why the driver gave up. */
export const probeVirtioMmio = (
  region: Region,
  accesses: Accesses,
  release: string,
): VirtioProbe | Refusal => {
  const registers = counted(region, accesses);
  if (registers.read(MMIO.magic, 4) !== MMIO_MAGIC) return { refusal: 'it is no virtio device' };
  if (registers.read(MMIO.version, 4) !== MMIO_VERSION) return { refusal: 'its version is not 2' };
  const id = registers.read(MMIO.device_id, 4);
  registers.read(MMIO.vendor_id, 4);
  if (id !== VIRTIO_ID_NET) return { refusal: 'it is a virtio device of another kind' };
  const probe = setUp(mmioInterface(registers), linuxVirtioNet(release), 0);
  return 'refusal' in probe ? probe : { ...probe, vectors: 'mmio' };
};
