/** Descriptors, which split and packed rings and indirect tables are made of (virtio 1.2 §2.7.5, §2.8.5). */

/** Descriptor flags. */
export const NEXT = 1;
export const WRITE = 2;
export const INDIRECT = 4;

/** Bytes of one descriptor. */
export const DESCRIPTOR_SIZE = 16;
/** Largest queue the specification allows. */
export const QUEUE_SIZE_MAX = 32_768;

/** A table of descriptors: a ring's own, or an indirect one. */
export class DescriptorTable {
  readonly address: Float64Array;
  readonly length: Float64Array;
  readonly flags: Uint16Array;
  /** Split: the slot that follows where NEXT is set. Packed: the buffer id. */
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

/** Difference of two free-running indices. */
export const distance = (to: number, from: number): number => (to - from) & 0xffff;

/**
 * Whether moving an index from `old` to `now` passed `event` (virtio 1.2 §2.7.10): true exactly when an entry was
 * written at index `event`, that is when some i in (old, now] equals event + 1, modulo 2^16.
 */
export const needEvent = (event: number, now: number, old: number): boolean =>
  ((now - event - 1) & 0xffff) < ((now - old) & 0xffff);
