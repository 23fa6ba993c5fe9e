/**
 * A guest's PCI bus as its kernel finds it: all slots are asked for a vendor, base addresses are sized and assigned,
 * and accesses reach the register behind an address. Every access is counted, since under KVM each one exits.
 * Simplification: one bus, one function a slot; a configuration access is one access, as with PCI Express's memory
 * window (the older port pair makes two of it).
 */
import { BAR_0, HEADER_TYPE, INTERRUPT_PIN, REVISION_ID, VENDOR_ID, type Width } from './config-space.ts';
import { BARS, type Identity, type PciFunction, type Space } from './pci-function.ts';

/** Slots of a bus. */
export const SLOTS = 32;
/** What a slot without a card answers. */
const ABSENT = 0xffff_ffff;
/** Where assignment begins: below the local APIC, and above the ports of the chipset. */
const MEMORY_START = 0xe000_0000;
const PORT_START = 0xc000;

/** Accesses by kind; each is an exit to whoever emulates the device. */
export interface Accesses {
  'config read': number;
  'config write': number;
  'memory read': number;
  'memory write': number;
  'port read': number;
  'port write': number;
}

/** A base address as the kernel assigned it. */
export interface Resource {
  readonly space: Space;
  readonly address: number;
  readonly size: number;
}

export interface Found {
  readonly slot: number;
  readonly identity: Identity;
  /** By BAR; undefined where there is none. */
  readonly resources: readonly (Resource | undefined)[];
}

export class PciBus {
  readonly accesses: Accesses = {
    'config read': 0,
    'config write': 0,
    'memory read': 0,
    'memory write': 0,
    'port read': 0,
    'port write': 0,
  };
  private readonly slots = new Map<number, PciFunction>();
  private readonly next = { memory: MEMORY_START, port: PORT_START };

  /** @throws RangeError where the slot is taken or does not exist. */
  plug(slot: number, fn: PciFunction): void {
    if (slot < 0 || slot >= SLOTS || this.slots.has(slot)) throw new RangeError(`no free slot ${slot}`);
    this.slots.set(slot, fn);
  }

  readConfig(slot: number, offset: number, width: Width): number {
    this.accesses['config read']++;
    return this.slots.get(slot)?.readConfig(offset, width) ?? ABSENT >>> (32 - 8 * width);
  }

  writeConfig(slot: number, offset: number, width: Width, value: number): void {
    this.accesses['config write']++;
    this.slots.get(slot)?.writeConfig(offset, width, value);
  }

  /** The kernel's scan: every slot; of each card its identity, then its base addresses are sized and assigned. */
  enumerate(): Found[] {
    const found: Found[] = [];
    for (let slot = 0; slot < SLOTS; slot++) {
      const ids = this.readConfig(slot, VENDOR_ID, 4);
      if (ids === ABSENT) continue;
      this.readConfig(slot, HEADER_TYPE, 1);
      const revision = this.readConfig(slot, REVISION_ID, 4);
      const subsystem = this.readConfig(slot, 0x2c, 4);
      this.readConfig(slot, INTERRUPT_PIN, 1);
      const resources = this.assign(slot);
      found.push({
        slot,
        identity: {
          vendor: ids & 0xffff,
          device: ids >>> 16,
          revision: revision & 0xff,
          classCode: revision >>> 8,
          subsystemVendor: subsystem & 0xffff,
          subsystem: subsystem >>> 16,
        },
        resources,
      });
    }
    return found;
  }

  /** Writes ones into each base address register: the bits that stay zero give its size. */
  private assign(slot: number): (Resource | undefined)[] {
    return Array.from({ length: BARS }, (_, bar) => {
      const at = BAR_0 + 4 * bar;
      this.writeConfig(slot, at, 4, ABSENT);
      const mask = this.readConfig(slot, at, 4);
      if (mask === 0) return undefined;
      const space: Space = mask & 1 ? 'port' : 'memory';
      const size = (~(mask & (space === 'port' ? ~3 : ~15)) + 1) >>> 0;
      const address = Math.ceil(this.next[space] / size) * size;
      this.next[space] = address + size;
      this.writeConfig(slot, at, 4, address);
      return { space, address, size };
    });
  }

  read(space: Space, address: number, width: Width): number {
    this.accesses[`${space} read`]++;
    const hit = this.decode(space, address);
    return hit === null ? ABSENT >>> (32 - 8 * width) : hit.region.read(hit.offset, width);
  }

  write(space: Space, address: number, width: Width, value: number): void {
    this.accesses[`${space} write`]++;
    const hit = this.decode(space, address);
    hit?.region.write(hit.offset, width, value);
  }

  /** Which register an address means. */
  private decode(space: Space, address: number) {
    for (const fn of this.slots.values()) {
      for (let index = 0; index < BARS; index++) {
        const bar = fn.bar(index);
        if (bar === undefined || bar.space !== space) continue;
        const base = fn.barAddress(index);
        const offset = address - base;
        if (base !== 0 && offset >= 0 && offset < bar.size) return { region: bar.region, offset };
      }
    }
    return null;
  }
}
