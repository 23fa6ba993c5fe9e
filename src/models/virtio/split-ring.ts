/** A split virtqueue as both sides see it in guest memory (virtio 1.2 §2.7): nothing but the shared fields. */
import { DESCRIPTOR_SIZE, DescriptorTable, QUEUE_SIZE_MAX } from './descriptor.ts';
import { LINE, RingLines } from './ring-lines.ts';

/** avail.flags: the driver wants no interrupts. */
export const NO_INTERRUPT = 1;
/** used.flags: the device wants no kicks. */
export const NO_NOTIFY = 1;

/** Bytes of flags and index before the entries of the avail and the used ring, and of one entry of each. */
const HEADER = 4;
const AVAIL_ENTRY = 2;
const USED_ENTRY = 8;

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

  /** Called when buffers are made available, and when buffers are used: for sides that poll this memory. */
  onOffered: (() => void) | null = null;
  onUsed: (() => void) | null = null;

  readonly lines: RingLines;
  /** The lines of avail.flags and avail.idx, used.flags and used.idx, used_event and avail_event. */
  readonly availLine: number;
  readonly usedLine: number;
  readonly usedEventLine: number;
  readonly availEventLine: number;

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
    // Each of the three parts begins with a line of its own, as Linux aligns them.
    this.availLine = Math.ceil((size * DESCRIPTOR_SIZE) / LINE);
    this.usedEventLine = this.availLine + Math.floor((HEADER + AVAIL_ENTRY * size) / LINE);
    this.usedLine = this.usedEventLine + 1;
    this.availEventLine = this.usedLine + Math.floor((HEADER + USED_ENTRY * size) / LINE);
    this.lines = new RingLines(this.availEventLine + 1);
  }

  /** The line of descriptor `slot`. */
  tableLine(slot: number): number {
    return slot >>> 2;
  }

  /** The line of entry `slot` of the avail ring. */
  availEntryLine(slot: number): number {
    return this.availLine + ((HEADER + AVAIL_ENTRY * slot) >>> 6);
  }

  /** The line of entry `slot` of the used ring. */
  usedEntryLine(slot: number): number {
    return this.usedLine + ((HEADER + USED_ENTRY * slot) >>> 6);
  }
}
