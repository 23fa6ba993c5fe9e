/** The configuration space of a PCI function: 256 bytes, of which the first 64 are the header (PCI 3.0 §6.1). */

/** Offsets in a type 0 header. */
export const VENDOR_ID = 0x00;
export const DEVICE_ID = 0x02;
export const STATUS = 0x06;
export const REVISION_ID = 0x08;
export const CLASS_CODE = 0x09;
export const HEADER_TYPE = 0x0e;
export const BAR_0 = 0x10;
export const SUBSYSTEM_VENDOR_ID = 0x2c;
export const SUBSYSTEM_ID = 0x2e;
export const CAPABILITY_POINTER = 0x34;
export const INTERRUPT_PIN = 0x3d;

/** Status bit: the function has a list of capabilities. */
export const CAPABILITY_LIST = 0x10;
const HEADER_SIZE = 0x40;
const SIZE = 0x100;

export type Width = 1 | 2 | 4;

export class ConfigSpace {
  private readonly bytes = new DataView(new ArrayBuffer(SIZE));
  private free = HEADER_SIZE;
  /** Where the address of the next capability is to be written. */
  private link = CAPABILITY_POINTER;

  /** Little-endian, as everything in the configuration space. */
  read(offset: number, width: Width): number {
    if (width === 1) return this.bytes.getUint8(offset);
    return width === 2 ? this.bytes.getUint16(offset, true) : this.bytes.getUint32(offset, true);
  }

  /** What the device itself sets; a driver's writes go through the function, which knows what is writable. */
  set(offset: number, width: Width, value: number): void {
    if (width === 1) this.bytes.setUint8(offset, value);
    else if (width === 2) this.bytes.setUint16(offset, value, true);
    else this.bytes.setUint32(offset, value, true);
  }

  /**
   * Appends a capability to the list.
   * @param body what follows id and link, bytes.
   * @returns its offset. @throws RangeError when the 192 bytes behind the header are full.
   */
  addCapability(id: number, body: Uint8Array): number {
    const at = this.free;
    const end = at + 2 + body.length;
    if (end > SIZE)
      throw new RangeError(`no room for capability 0x${id.toString(16)} in configuration space`);
    this.set(at, 1, id);
    body.forEach((byte, i) => {
      this.set(at + 2 + i, 1, byte);
    });
    this.set(this.link, 1, at);
    this.set(STATUS, 2, this.read(STATUS, 2) | CAPABILITY_LIST);
    this.link = at + 1;
    // Capabilities begin at multiples of four: the two low bits of a link are reserved.
    this.free = (end + 3) & ~3;
    return at;
  }
}
