/** A packed virtqueue as both sides see it in guest memory (virtio 1.2 §2.8): one table, and an event structure per side. */
import { DescriptorTable, needEvent, QUEUE_SIZE_MAX } from './descriptor.ts';
import { RingLines } from './ring-lines.ts';

/** Descriptor flags: made available when AVAIL equals the driver's wrap counter and USED does not, used when both do. */
export const AVAIL = 1 << 7;
export const USED = 1 << 15;

/** Flags of an event structure: notify always, never, or at the descriptor that it names. */
export const ENABLE = 0;
export const DISABLE = 1;
export const DESC = 2;

/** A place in the ring: where a side goes on, and its wrap counter there. */
export interface Cursor {
  readonly slot: number;
  readonly wrap: boolean;
}

/** The wrap counter in an event structure's word. */
const WRAP = 1 << 15;

/** What one side asks of the other (struct pvirtq_event_suppress). */
export interface EventStructure {
  /** With DESC: a slot of the ring, and in bit 15 the wrap counter that belongs to it; one word, written at once. */
  offWrap: number;
  flags: typeof ENABLE | typeof DISABLE | typeof DESC;
}

export class PackedRing {
  readonly size: number;
  readonly eventIdx: boolean;
  /** `next` holds the buffer id. */
  readonly table: DescriptorTable;
  /** Indirect tables by guest address. */
  readonly indirect = new Map<number, DescriptorTable>();
  /** Written by the driver: which interrupts it wants. */
  readonly driverEvent: EventStructure = { offWrap: 0, flags: ENABLE };
  /** Written by the device: which kicks it wants. */
  readonly deviceEvent: EventStructure = { offWrap: 0, flags: ENABLE };

  /** Called when buffers are made available, and when buffers are used: for sides that poll this memory. */
  onOffered: (() => void) | null = null;
  onUsed: (() => void) | null = null;

  readonly lines: RingLines;
  readonly driverEventLine: number;
  readonly deviceEventLine: number;

  /** @param size 1 to 32,768, of any kind. @param eventIdx VIRTIO_F_EVENT_IDX was negotiated. */
  constructor(size: number, eventIdx: boolean) {
    if (!Number.isInteger(size) || size < 1 || size > QUEUE_SIZE_MAX) {
      throw new RangeError(`a packed ring has 1 to ${QUEUE_SIZE_MAX} entries, not ${size}`);
    }
    this.size = size;
    this.eventIdx = eventIdx;
    this.table = new DescriptorTable(size);
    this.driverEventLine = this.tableLine(size - 1) + 1;
    this.deviceEventLine = this.driverEventLine + 1;
    this.lines = new RingLines(this.deviceEventLine + 1);
  }

  /** The line of descriptor `slot`. */
  tableLine(slot: number): number {
    return slot >>> 2;
  }
}

/** Flags of a descriptor that is made available under the driver's wrap counter. */
export const availableFlags = (wrap: boolean): number => (wrap ? AVAIL : USED);

/** Flags of a descriptor that is used under the device's wrap counter. */
export const usedFlags = (wrap: boolean): number => (wrap ? AVAIL | USED : 0);

/** The word for slot `offset` under wrap counter `wrap`. */
export const offWrapOf = (offset: number, wrap: boolean): number => offset | (wrap ? WRAP : 0);

export const isAvailable = (flags: number, wrap: boolean): boolean =>
  (flags & (AVAIL | USED)) === availableFlags(wrap);

export const isUsed = (flags: number, wrap: boolean): boolean => (flags & (AVAIL | USED)) === usedFlags(wrap);

/**
 * Whether `event` asks for a notification of the slots in [old, now), where `wrap` is the wrap counter at `now`
 * (vring_packed_need_event of QEMU, virtqueue_kick_prepare_packed of Linux).
 */
export const packedNeedEvent = (
  { offWrap, flags }: EventStructure,
  size: number,
  wrap: boolean,
  now: number,
  old: number,
): boolean => {
  if (flags !== DESC) return flags !== DISABLE;
  const offset = offWrap & ~WRAP;
  return needEvent(((offWrap & WRAP) !== 0) === wrap ? offset : offset - size, now, old);
};
