/** A PCI function: its identity, up to six base address registers with what lies behind them, and MSI-X. */
import {
  BAR_0,
  CLASS_CODE,
  ConfigSpace,
  DEVICE_ID,
  INTERRUPT_PIN,
  REVISION_ID,
  SUBSYSTEM_ID,
  SUBSYSTEM_VENDOR_ID,
  VENDOR_ID,
  type Width,
} from './config-space.ts';

export interface Identity {
  readonly vendor: number;
  readonly device: number;
  readonly revision: number;
  /** 24 bits: class, subclass, interface. */
  readonly classCode: number;
  readonly subsystemVendor: number;
  readonly subsystem: number;
}

export type Space = 'memory' | 'port';

/** What a driver finds behind a base address register. */
export interface Region {
  read(offset: number, width: Width): number;
  write(offset: number, width: Width, value: number): void;
}

/** Registers that read as zero and take no notice of writes: those that drivers of this model never touch in set-up. */
export const NO_REGISTERS: Region = { read: () => 0, write: () => {} };

export interface Bar {
  readonly space: Space;
  /** Bytes, a power of two. */
  readonly size: number;
  readonly region: Region;
}

/** Type bits of a base address register: an I/O port; memory that may lie above 4 GiB. */
const PORT_BIT = 1;
export const BARS = 6;
/** Capability id, and the bits of a vector table's size that message control has (§6.8.2). */
export const MSI_X = 0x11;
const MSI_X_TABLE_SIZE = 0x7ff;
const MSI_X_ENTRY = 16;

export class PciFunction {
  readonly identity: Identity;
  readonly config = new ConfigSpace();
  private readonly bars: (Bar | undefined)[] = [];

  constructor(identity: Identity) {
    this.identity = identity;
    const { config } = this;
    config.set(VENDOR_ID, 2, identity.vendor);
    config.set(DEVICE_ID, 2, identity.device);
    config.set(REVISION_ID, 1, identity.revision);
    config.set(CLASS_CODE, 1, identity.classCode & 0xff);
    config.set(CLASS_CODE + 1, 2, identity.classCode >>> 8);
    config.set(SUBSYSTEM_VENDOR_ID, 2, identity.subsystemVendor);
    config.set(SUBSYSTEM_ID, 2, identity.subsystem);
    config.set(INTERRUPT_PIN, 1, 1);
  }

  addBar(index: number, bar: Bar): void {
    if (!Number.isInteger(Math.log2(bar.size))) throw new RangeError(`a BAR of ${bar.size} bytes`);
    this.bars[index] = bar;
    this.config.set(BAR_0 + 4 * index, 4, bar.space === 'port' ? PORT_BIT : 0);
  }

  /** @param vectors entries of the vector table, which gets a BAR of its own. */
  addMsiX(vectors: number, bar: number): void {
    const body = new DataView(new ArrayBuffer(10));
    body.setUint16(0, (vectors - 1) & MSI_X_TABLE_SIZE, true);
    body.setUint32(2, bar, true);
    body.setUint32(6, (0x800 | bar) >>> 0, true);
    this.config.addCapability(MSI_X, new Uint8Array(body.buffer));
    const table = Math.max(0x1000, 2 ** Math.ceil(Math.log2(vectors * MSI_X_ENTRY)));
    this.addBar(bar, { space: 'memory', size: table, region: NO_REGISTERS });
  }

  bar(index: number): Bar | undefined {
    return this.bars[index];
  }

  /** Address at which software put the BAR; 0 before it did. */
  barAddress(index: number): number {
    const bar = this.bars[index];
    if (bar === undefined) return 0;
    return (this.config.read(BAR_0 + 4 * index, 4) & -bar.size) >>> 0;
  }

  readConfig(offset: number, width: Width): number {
    return this.config.read(offset, width);
  }

  /** Only base addresses can be written; their low bits are fixed, which tells the size to whoever writes ones. */
  writeConfig(offset: number, width: Width, value: number): void {
    const index = (offset - BAR_0) / 4;
    const bar = Number.isInteger(index) && width === 4 ? this.bars[index] : undefined;
    if (bar === undefined) return;
    const type = bar.space === 'port' ? PORT_BIT : 0;
    this.config.set(offset, 4, ((value & -bar.size) | type) >>> 0);
  }
}
