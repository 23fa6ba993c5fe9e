/**
 * The registers of a virtio-mmio device, version 2 (virtio 1.2 §4.2.2). There is no bus to scan: the kernel's command
 * line, ACPI or a device tree says where they are.
 */

/** Offsets. */
export const MMIO = {
  magic: 0x000,
  version: 0x004,
  device_id: 0x008,
  vendor_id: 0x00c,
  device_features: 0x010,
  device_features_sel: 0x014,
  driver_features: 0x020,
  driver_features_sel: 0x024,
  queue_sel: 0x030,
  queue_num_max: 0x034,
  queue_num: 0x038,
  queue_ready: 0x044,
  queue_notify: 0x050,
  interrupt_status: 0x060,
  interrupt_ack: 0x064,
  status: 0x070,
  queue_desc: 0x080,
  queue_driver: 0x090,
  queue_device: 0x0a0,
  config_generation: 0x0fc,
  config: 0x100,
} as const;

/** "virt", little-endian. */
export const MMIO_MAGIC = 0x74726976;
export const MMIO_VERSION = 2;
