import { describe, expect, test } from 'vitest';
import {
  COMMON_CFG,
  type ConfigReader,
  capabilities,
  capabilityBody,
  findStructure,
  NOTIFY_CFG,
  notificationSize,
  notifyAddress,
  type Structure,
  VENDOR_CAPABILITY,
  virtioIdOf,
} from './pci-transport.ts';

const card = (device: number, subsystem = 0, vendor = 0x1af4) => ({ vendor, device, subsystem });

describe('device ids (§4.1.2)', () => {
  test.each([
    ['modern network card', card(0x1041), 1],
    ['modern block device', card(0x1042), 2],
    ['last modern id', card(0x107f), 0x3f],
    ['transitional network card: its subsystem says what it is', card(0x1000, 1), 1],
    ['transitional entropy source', card(0x1005, 4), 4],
    ['below the range', card(0x0fff, 1), null],
    ['above the range', card(0x1080, 1), null],
    ['another vendor', card(0x1041, 1, 0x8086), null],
  ])('%s', (_name, identity, id) => {
    expect(virtioIdOf(identity)).toBe(id);
  });
});

/** A configuration space with the given capabilities as [id, bytes behind id and link], 0x20 apart. */
const configOf = (list: readonly (readonly [number, Uint8Array])[], { loop = false } = {}): ConfigReader => {
  const view = new DataView(new ArrayBuffer(256));
  if (list.length > 0) view.setUint16(0x06, 0x10, true);
  view.setUint8(0x34, 0x40);
  list.forEach(([id, body], i) => {
    const at = 0x40 + 0x20 * i;
    view.setUint8(at, id);
    const last = i === list.length - 1;
    view.setUint8(at + 1, last ? (loop ? 0x40 : 0) : at + 0x20);
    body.forEach((byte, j) => {
      view.setUint8(at + 2 + j, byte);
    });
  });
  return {
    read: (offset, width) =>
      width === 1
        ? view.getUint8(offset)
        : width === 2
          ? view.getUint16(offset, true)
          : view.getUint32(offset, true),
  };
};

const structure = (part: Partial<Structure>): Structure => ({
  type: COMMON_CFG,
  bar: 4,
  offset: 0,
  length: 0x1000,
  multiplier: 0,
  ...part,
});
const virtio = (part: Partial<Structure>): readonly [number, Uint8Array] => [
  VENDOR_CAPABILITY,
  capabilityBody(structure(part)),
];
const MSI_X: readonly [number, Uint8Array] = [0x11, new Uint8Array(10)];
const every = () => true;

describe('the capability list (§4.1.4)', () => {
  test('a structure is laid out as struct virtio_pci_cap', () => {
    expect([
      ...capabilityBody(structure({ type: 2, bar: 3, offset: 0x3000, length: 0x1000, multiplier: 4 })),
    ]).toEqual([20, 2, 3, 0, 0, 0, 0x00, 0x30, 0, 0, 0x00, 0x10, 0, 0, 4, 0, 0, 0]);
    expect(capabilityBody(structure({}))[0]).toBe(16);
  });

  test('the first structure of a type is taken: the device lists the best first', () => {
    const config = configOf([
      MSI_X,
      virtio({ type: NOTIFY_CFG, bar: 2, multiplier: 0 }),
      virtio({ type: NOTIFY_CFG, multiplier: 4 }),
    ]);
    expect(findStructure(config, NOTIFY_CFG, every)).toEqual(structure({ type: NOTIFY_CFG, bar: 2 }));
  });

  test('one behind a BAR that is not there is passed over, and one with a reserved BAR, too', () => {
    const config = configOf([
      virtio({ bar: 6 }),
      virtio({ bar: 2, offset: 0x10 }),
      virtio({ bar: 4, offset: 0x20 }),
    ]);
    expect(findStructure(config, COMMON_CFG, (bar) => bar !== 2)).toEqual(structure({ offset: 0x20 }));
    expect(findStructure(config, COMMON_CFG, every)?.bar).toBe(2);
  });

  test('capabilities with other ids and reserved types are ignored', () => {
    const config = configOf([MSI_X, virtio({ type: 77 }), virtio({})]);
    expect(findStructure(config, COMMON_CFG, every)).toEqual(structure({}));
    expect(findStructure(config, NOTIFY_CFG, every)).toBeNull();
  });

  test('no list, and a list that bites its tail', () => {
    expect(findStructure(configOf([]), COMMON_CFG, every)).toBeNull();
    const looped = configOf([MSI_X, MSI_X], { loop: true });
    expect(findStructure(looped, COMMON_CFG, every)).toBeNull();
    expect([...capabilities(looped, 0x11)]).toHaveLength(48);
  });
});

describe('notify addresses (§4.1.4.4)', () => {
  const at = (multiplier: number, queue: number, length = 0x1000): number =>
    notifyAddress(0xfe00_0000, structure({ type: NOTIFY_CFG, offset: 0x3000, length, multiplier }), queue, 2);

  test.each([
    ['QEMU: four bytes apart', 4, 2, 0xfe00_3008],
    ['a page for each queue', 4096, 0, 0xfe00_3000],
    ['multiplier 0: one address for all', 0, 7, 0xfe00_3000],
  ])('%s', (_name, multiplier, queue, address) => {
    expect(at(multiplier, queue)).toBe(address);
  });

  test('an address beyond the structure is an error: length ≥ offset × multiplier + 2', () => {
    expect(at(4, 1, 6)).toBe(0xfe00_3004);
    expect(() => at(4, 1, 5)).toThrow(RangeError);
    // With NOTIFICATION_DATA a notification is four bytes long.
    const four = structure({ type: NOTIFY_CFG, length: 8, multiplier: 4 });
    expect(notifyAddress(0, four, 1, 4)).toBe(4);
    expect(() => notifyAddress(0, { ...four, length: 7 }, 1, 4)).toThrow(RangeError);
  });

  test('a notification is two bytes, with NOTIFICATION_DATA four', () => {
    expect([notificationSize(false), notificationSize(true)]).toEqual([2, 4]);
  });
});
