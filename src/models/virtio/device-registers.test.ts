import { expect, test } from 'vitest';
import { COMMON, DeviceRegisters, LEGACY, NO_VECTOR } from './device-registers.ts';
import { featureSet } from './features.ts';
import { DeviceStatus } from './negotiation.ts';

const OFFERED = featureSet('VIRTIO_F_VERSION_1', 'VIRTIO_F_EVENT_IDX');
const registers = (vectors = 3) => new DeviceRegisters(new DeviceStatus(OFFERED, true), [256, 512], vectors);

test('features are read and written through a window of 32 bits', () => {
  const device = registers();
  device.writeCommon(COMMON.device_feature_select, 1);
  expect(device.readCommon(COMMON.device_feature)).toBe(1);
  device.writeCommon(COMMON.device_feature_select, 0);
  expect(device.readCommon(COMMON.device_feature)).toBe(2 ** 29);
  device.writeCommon(COMMON.driver_feature_select, 1);
  device.writeCommon(COMMON.driver_feature, 1);
  expect(device.device.accepted).toBe(featureSet('VIRTIO_F_VERSION_1'));
});

test('the selected queue shows its size; one that does not exist has size 0', () => {
  const device = registers();
  const sizes = [0, 1, 2].map((queue) => {
    device.writeCommon(COMMON.queue_select, queue);
    return device.readCommon(COMMON.queue_size);
  });
  expect(sizes).toEqual([256, 512, 0]);
  expect(device.readCommon(COMMON.num_queues)).toBe(2);
});

test('a vector that the device does not have reads back as NO_VECTOR (§4.1.5.1.2)', () => {
  const device = registers(2);
  for (const [asked, got] of [
    [0, 0],
    [1, 1],
    [2, NO_VECTOR],
  ]) {
    device.writeCommon(COMMON.config_msix_vector, asked);
    expect(device.readCommon(COMMON.config_msix_vector)).toBe(got);
    device.writeCommon(COMMON.queue_msix_vector, asked);
    expect(device.readCommon(COMMON.queue_msix_vector)).toBe(got);
  }
});

test('a reset disables queues and takes their vectors away', () => {
  const device = registers();
  device.writeCommon(COMMON.queue_msix_vector, 1);
  device.writeCommon(COMMON.queue_enable, 1);
  expect(device.readCommon(COMMON.queue_enable)).toBe(1);
  device.writeCommon(COMMON.queue_enable, 0);
  expect(device.readCommon(COMMON.queue_enable)).toBe(1);
  device.writeCommon(COMMON.device_status, 0);
  expect([COMMON.queue_enable, COMMON.queue_msix_vector].map((at) => device.readCommon(at))).toEqual([
    0,
    NO_VECTOR,
  ]);
});

test('the legacy header shows 32 feature bits, and a queue lives while it has an address', () => {
  const device = registers();
  expect(device.readLegacy(LEGACY.device_features)).toBe(2 ** 29);
  device.writeLegacy(LEGACY.driver_features, 2 ** 29);
  expect(device.device.accepted).toBe(featureSet('VIRTIO_F_EVENT_IDX'));
  device.writeLegacy(LEGACY.queue_select, 1);
  expect(device.readLegacy(LEGACY.queue_size)).toBe(512);
  device.writeLegacy(LEGACY.queue_address, 0x10);
  expect([device.queues[1].enabled, device.readLegacy(LEGACY.queue_address)]).toEqual([true, 0x10]);
  device.writeLegacy(LEGACY.queue_msix_vector, 9);
  expect(device.readLegacy(LEGACY.queue_msix_vector)).toBe(NO_VECTOR);
  device.writeLegacy(LEGACY.device_status, 0);
  expect(device.queues[1].enabled).toBe(false);
});

test('reading the ISR status clears it (§4.1.4.5)', () => {
  const device = registers(0);
  device.isr = 1;
  expect([device.takeIsr(), device.takeIsr()]).toEqual([1, 0]);
  device.isr = 3;
  expect([device.readLegacy(LEGACY.isr_status), device.readLegacy(LEGACY.isr_status)]).toEqual([3, 0]);
});
