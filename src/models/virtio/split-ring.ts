/** A split virtqueue as both sides see it in guest memory (virtio 1.2 §2.7): nothing but the shared fields. */

/** Descriptor flags. */
export const NEXT = 1;
export const WRITE = 2;
export const INDIRECT = 4;
/** avail.flags: the driver wants no interrupts. */
export const NO_INTERRUPT = 1;
/** used.flags: the device wants no kicks. */
export const NO_NOTIFY = 1;

/** Bytes of one descriptor. */
export const DESCRIPTOR_SIZE = 16;
/** Largest queue the specification allows. */
export const QUEUE_SIZE_MAX = 32_768;

/** A table of descriptors: the ring's own, or an indirect one. */
export class DescriptorTable {
  readonly address: Float64Array;
  readonly length: Float64Array;
  readonly flags: Uint16Array;
  readonly next: Uint16Array;

  constructor(size: number) {
    this.address = new Float64Array(size);
    this.length = new Float64Array(size);
    this.flags = new Uint16Array(size);
    this.next = new Uint16Array(size);
  }

  get size(): number {
    return this.flags.length;
  }

  write(slot: number, address: number, length: number, flags: number, next: number): void {
    this.address[slot] = address;
    this.length[slot] = length;
    this.flags[slot] = flags;
    this.next[slot] = next;
  }
}

export class SplitRing {
  readonly size: number;
  readonly eventIdx: boolean;
  readonly table: DescriptorTable;
  /** Indirect tables by guest address. */
  readonly indirect = new Map<number, DescriptorTable>();
  readonly avail: Uint16Array;
  readonly usedId: Uint32Array;
  readonly usedLength: Float64Array;
  availFlags = 0;
  usedFlags = 0;
  /** All indices are free-running u16. */
  availIdx = 0;
  usedIdx = 0;
  /** At the end of the avail ring: the driver asks for an interrupt when used entry `usedEvent` is written. */
  usedEvent = 0;
  /** At the end of the used ring: the device asks for a kick when avail entry `availEvent` is written. */
  availEvent = 0;

  /** @param size a power of two, at most 32,768. @param eventIdx VIRTIO_F_EVENT_IDX was negotiated. */
  constructor(size: number, eventIdx: boolean) {
    if (!Number.isInteger(Math.log2(size)) || size < 1 || size > QUEUE_SIZE_MAX) {
      throw new RangeError(
        `a split ring has a power of two of at most ${QUEUE_SIZE_MAX} entries, not ${size}`,
      );
    }
    this.size = size;
    this.eventIdx = eventIdx;
    this.table = new DescriptorTable(size);
    this.avail = new Uint16Array(size);
    this.usedId = new Uint32Array(size);
    this.usedLength = new Float64Array(size);
  }
}

/** Difference of two free-running indices. */
export const distance = (to: number, from: number): number => (to - from) & 0xffff;

/**
 * Whether moving an index from `old` to `now` passed `event` (virtio 1.2 §2.7.10): true exactly when an entry was
 * written at index `event`, that is when some i in (old, now] equals event + 1, modulo 2^16.
 */
export const needEvent = (event: number, now: number, old: number): boolean =>
  ((now - event - 1) & 0xffff) < ((now - old) & 0xffff);
