/** A VM's memory as far as devices care: which buffer holds which packet, and where memory ends. */

/**
 * Buffers are handed out in units of this many bytes. Simplification: only where a buffer begins counts; a longer one, for
 * packets that are not cut into frames, reaches into those behind it and does them no harm.
 */
export const BUFFER_SIZE = 2048;
const SHIFT = 11;
/** Device memory and page zero are never handed out. */
const FIRST_BUFFER = 512;

export const NO_PACKET = -1;

export class GuestMemory {
  readonly size: number;
  private readonly contents: Int32Array;
  /** Per buffer, the page at which a driver behind an IOMMU mapped it for its device. */
  private readonly pages: Int32Array;
  /** Per buffer, num_buffers of the header in it. */
  private readonly counts: Uint16Array;
  private readonly free: number[] = [];
  private fresh = FIRST_BUFFER;

  /** @param buffers frames the guest may hold at once. */
  constructor(buffers: number) {
    this.contents = new Int32Array(FIRST_BUFFER + buffers).fill(NO_PACKET);
    this.pages = new Int32Array(this.contents.length);
    this.counts = new Uint16Array(this.contents.length);
    this.size = this.contents.length * BUFFER_SIZE;
  }

  /** Address of a free buffer. @throws RangeError when the guest has used up its memory. */
  allocate(): number {
    const buffer = this.free.pop();
    if (buffer !== undefined) return buffer << SHIFT;
    if (this.fresh === this.contents.length) throw new RangeError('the guest is out of network buffers');
    return this.fresh++ << SHIFT;
  }

  release(address: number): void {
    this.contents[address >>> SHIFT] = NO_PACKET;
    this.free.push(address >>> SHIFT);
  }

  /** Whether [address, address + length) is ordinary memory of this guest. */
  contains(address: number, length: number): boolean {
    return Number.isSafeInteger(address) && address >= 0 && length >= 0 && address + length <= this.size;
  }

  /** Puts `packet` into the buffer at `address`. @param buffers that it fills, with those behind it (num_buffers). */
  write(address: number, packet: number, buffers = 1): void {
    this.contents[address >>> SHIFT] = packet;
    this.counts[address >>> SHIFT] = buffers;
  }

  /** Buffers that the packet in the one at `address` fills. */
  buffers(address: number): number {
    return this.counts[address >>> SHIFT];
  }

  setPage(address: number, page: number): void {
    this.pages[address >>> SHIFT] = page;
  }

  /** All buffers are mapped once, as they lie, in pages of 2 to the power of `shift` bytes. @returns how many pages. */
  mapAsItLies(shift: number): number {
    for (let buffer = 0; buffer < this.pages.length; buffer++)
      this.pages[buffer] = (buffer << SHIFT) >>> shift;
    return Math.ceil(this.size / 2 ** shift);
  }

  /** Where the device behind an IOMMU finds the buffer at `address`. */
  page(address: number): number {
    return this.pages[address >>> SHIFT];
  }

  /** The packet in the buffer at `address`, or NO_PACKET. */
  read(address: number): number {
    return this.contents[address >>> SHIFT];
  }
}
