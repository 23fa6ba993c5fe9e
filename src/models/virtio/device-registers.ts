/**
 * The registers of a virtio device: what common configuration structure, legacy header and MMIO transport have in common,
 * and the layout of the first two (virtio 1.2 §4.1.4.3 and §4.1.4.10). Vectors that the device does not have read back as NO_VECTOR.
 */
import { IsrStatus } from './isr-status.ts';
import type { DeviceStatus } from './negotiation.ts';

export const NO_VECTOR = 0xffff;

/** Offsets in the common configuration structure. */
export const COMMON = {
  device_feature_select: 0x00,
  device_feature: 0x04,
  driver_feature_select: 0x08,
  driver_feature: 0x0c,
  config_msix_vector: 0x10,
  num_queues: 0x12,
  device_status: 0x14,
  config_generation: 0x15,
  queue_select: 0x16,
  queue_size: 0x18,
  queue_msix_vector: 0x1a,
  queue_enable: 0x1c,
  queue_notify_off: 0x1e,
  queue_desc: 0x20,
  queue_driver: 0x28,
  queue_device: 0x30,
} as const;
export const COMMON_SIZE = 0x38;

/** Offsets in the legacy header. The vectors are there once MSI-X is enabled; before, the device's own follow at 20. */
export const LEGACY = {
  device_features: 0,
  driver_features: 4,
  queue_address: 8,
  queue_size: 12,
  queue_select: 14,
  queue_notify: 16,
  device_status: 18,
  isr_status: 19,
  config_msix_vector: 20,
  queue_msix_vector: 22,
  device_config: 20,
} as const;

/** Addresses of the ring's parts are 64 bits wide, in the legacy header one page number of 32. */
export interface QueueRegisters {
  size: number;
  vector: number;
  enabled: boolean;
  pageNumber: number;
}

export class DeviceRegisters extends IsrStatus {
  readonly device: DeviceStatus;
  readonly queues: readonly QueueRegisters[];
  /** Entries of the vector table; 0: the device has no MSI-X. */
  readonly vectors: number;
  configVector = NO_VECTOR;
  private featureSelect = 0;
  private driverFeatureSelect = 0;
  private selected = 0;

  /** @param sizes greatest size of each queue. */
  constructor(device: DeviceStatus, sizes: readonly number[], vectors: number) {
    super();
    this.device = device;
    this.vectors = vectors;
    this.queues = sizes.map((size) => ({ size, vector: NO_VECTOR, enabled: false, pageNumber: 0 }));
  }

  private get queue(): QueueRegisters | undefined {
    return this.queues[this.selected];
  }

  private vector(asked: number): number {
    return asked < this.vectors ? asked : NO_VECTOR;
  }

  readCommon(offset: number): number {
    const { device, queue } = this;
    switch (offset) {
      case COMMON.device_feature:
        return device.offeredWindow(this.featureSelect);
      case COMMON.config_msix_vector:
        return this.configVector;
      case COMMON.num_queues:
        return this.queues.length;
      case COMMON.device_status:
        return device.status;
      case COMMON.queue_size:
        return queue?.size ?? 0;
      case COMMON.queue_msix_vector:
        return queue?.vector ?? NO_VECTOR;
      case COMMON.queue_enable:
        return queue?.enabled === true ? 1 : 0;
      case COMMON.queue_notify_off:
        return this.selected;
      default:
        return 0;
    }
  }

  writeCommon(offset: number, value: number): void {
    const { device, queue } = this;
    switch (offset) {
      case COMMON.device_feature_select:
        this.featureSelect = value;
        return;
      case COMMON.driver_feature_select:
        this.driverFeatureSelect = value;
        return;
      case COMMON.driver_feature:
        device.acceptWindow(this.driverFeatureSelect, value);
        return;
      case COMMON.config_msix_vector:
        this.configVector = this.vector(value);
        return;
      case COMMON.device_status:
        this.writeStatus(value);
        return;
      case COMMON.queue_select:
        this.selected = value;
        return;
      default:
        if (queue !== undefined) this.writeQueue(queue, offset, value);
    }
  }

  private writeQueue(queue: QueueRegisters, offset: number, value: number): void {
    if (offset === COMMON.queue_size) queue.size = value;
    if (offset === COMMON.queue_msix_vector) queue.vector = this.vector(value);
    // Writing 0 is forbidden to drivers (§4.1.4.3.2): only a reset disables a queue.
    if (offset === COMMON.queue_enable && value === 1) queue.enabled = true;
  }

  private writeStatus(value: number): void {
    this.device.write(value);
    if (value !== 0) return;
    this.isr = 0;
    this.configVector = NO_VECTOR;
    for (const queue of this.queues) {
      queue.vector = NO_VECTOR;
      queue.enabled = false;
      queue.pageNumber = 0;
    }
  }

  readLegacy(offset: number): number {
    const { device, queue } = this;
    switch (offset) {
      case LEGACY.device_features:
        return device.offeredWindow(0);
      case LEGACY.queue_address:
        return queue?.pageNumber ?? 0;
      case LEGACY.queue_size:
        return queue?.size ?? 0;
      case LEGACY.device_status:
        return device.status;
      case LEGACY.isr_status:
        return this.takeIsr();
      case LEGACY.config_msix_vector:
        return this.configVector;
      case LEGACY.queue_msix_vector:
        return queue?.vector ?? NO_VECTOR;
      default:
        return 0;
    }
  }

  writeLegacy(offset: number, value: number): void {
    const { device, queue } = this;
    switch (offset) {
      case LEGACY.driver_features:
        device.acceptWindow(0, value);
        return;
      case LEGACY.queue_select:
        this.selected = value;
        return;
      case LEGACY.device_status:
        this.writeStatus(value);
        return;
      case LEGACY.config_msix_vector:
        this.configVector = this.vector(value);
        return;
      default:
        if (queue === undefined) return;
        if (offset === LEGACY.queue_msix_vector) queue.vector = this.vector(value);
        if (offset !== LEGACY.queue_address) return;
        queue.pageNumber = value;
        queue.enabled = value !== 0;
    }
  }
}
