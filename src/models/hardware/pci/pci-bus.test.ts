import { describe, expect, test } from 'vitest';
import { BAR_0, CAPABILITY_POINTER } from './config-space.ts';
import { PciBus, SLOTS } from './pci-bus.ts';
import { type Identity, MSI_X, NO_REGISTERS, PciFunction, type Region } from './pci-function.ts';

const E1000: Identity = {
  vendor: 0x8086,
  device: 0x100e,
  revision: 3,
  classCode: 0x020000,
  subsystemVendor: 0x1af4,
  subsystem: 0x1100,
};

describe('a function', () => {
  test('tells its identity where PCI 3.0 §6.1 puts it, little-endian', () => {
    const fn = new PciFunction(E1000);
    expect([0x00, 0x08, 0x2c].map((at) => fn.readConfig(at, 4))).toEqual([
      0x100e_8086, 0x0200_0003, 0x1100_1af4,
    ]);
    expect(fn.readConfig(0x0a, 2)).toBe(0x0200);
  });

  test('has a size in the bits of a base address that stay zero (§6.2.5.1)', () => {
    const fn = new PciFunction(E1000);
    fn.addBar(0, { space: 'memory', size: 0x20000, region: NO_REGISTERS });
    fn.addBar(1, { space: 'port', size: 64, region: NO_REGISTERS });
    for (const bar of [0, 1, 2]) fn.writeConfig(BAR_0 + 4 * bar, 4, 0xffff_ffff);
    expect([0, 1, 2].map((bar) => fn.readConfig(BAR_0 + 4 * bar, 4))).toEqual([0xfffe_0000, 0xffff_ffc1, 0]);
    expect(() => fn.addBar(2, { space: 'memory', size: 48, region: NO_REGISTERS })).toThrow(RangeError);
  });

  test('lists its capabilities in order; MSI-X tells its vectors less one', () => {
    const fn = new PciFunction(E1000);
    expect(fn.readConfig(0x06, 2) & 0x10).toBe(0);
    const first = fn.config.addCapability(0x09, new Uint8Array(3));
    fn.addMsiX(4, 1);
    expect(fn.readConfig(0x06, 2) & 0x10).toBe(0x10);
    expect(fn.readConfig(CAPABILITY_POINTER, 1)).toBe(first);
    const second = fn.readConfig(first + 1, 1);
    expect(second % 4).toBe(0);
    expect([fn.readConfig(second, 1), fn.readConfig(second + 2, 2)]).toEqual([MSI_X, 3]);
    expect(fn.readConfig(second + 1, 1)).toBe(0);
  });

  test('has 192 bytes for capabilities', () => {
    const fn = new PciFunction(E1000);
    fn.config.addCapability(0x09, new Uint8Array(190));
    expect(() => fn.config.addCapability(0x09, new Uint8Array(1))).toThrow(RangeError);
  });
});

describe('a bus', () => {
  test('finds what is plugged, gives it addresses that do not overlap, and leads accesses there', () => {
    const bus = new PciBus();
    const seen: number[] = [];
    const region: Region = { read: (offset) => offset + 1, write: (offset) => seen.push(offset) };
    const [one, other] = [new PciFunction(E1000), new PciFunction({ ...E1000, device: 0x10d3 })];
    one.addBar(0, { space: 'memory', size: 0x1000, region: NO_REGISTERS });
    other.addBar(2, { space: 'memory', size: 0x4000, region });
    other.addBar(3, { space: 'port', size: 32, region });
    bus.plug(3, one);
    bus.plug(9, other);
    const [first, second] = bus.enumerate();
    expect([first.slot, second.slot]).toEqual([3, 9]);
    expect(first.identity).toEqual(E1000);
    const [memory, port] = [second.resources[2]!, second.resources[3]!];
    expect([memory.size, port.size]).toEqual([0x4000, 32]);
    expect(memory.address % memory.size).toBe(0);
    const below = first.resources[0]!;
    expect(memory.address).toBeGreaterThanOrEqual(below.address + below.size);
    expect(bus.read('memory', memory.address + 0x123, 4)).toBe(0x124);
    bus.write('port', port.address + 18, 1, 0);
    expect(seen).toEqual([18]);
  });

  test('answers with ones where nobody is', () => {
    const bus = new PciBus();
    bus.plug(0, new PciFunction(E1000));
    expect([bus.readConfig(1, 0, 2), bus.read('memory', 0x1234, 4), bus.read('port', 0x60, 1)]).toEqual([
      0xffff, 0xffff_ffff, 0xff,
    ]);
  });

  test('counts every access: one for an empty slot, more for a card', () => {
    const bus = new PciBus();
    bus.enumerate();
    expect(bus.accesses['config read']).toBe(SLOTS);
    const busy = new PciBus();
    const fn = new PciFunction(E1000);
    fn.addBar(0, { space: 'memory', size: 0x1000, region: NO_REGISTERS });
    busy.plug(0, fn);
    busy.enumerate();
    // Of the card: ids, header type, class, subsystem, pin; of each of six BARs one write and one read, an address for one.
    expect(busy.accesses['config read']).toBe(SLOTS - 1 + 5 + 6);
    expect(busy.accesses['config write']).toBe(6 + 1);
  });

  test('a slot takes one card', () => {
    const bus = new PciBus();
    bus.plug(3, new PciFunction(E1000));
    expect(() => bus.plug(3, new PciFunction(E1000))).toThrow(RangeError);
    expect(() => bus.plug(SLOTS, new PciFunction(E1000))).toThrow(RangeError);
  });
});
