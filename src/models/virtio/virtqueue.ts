/** A virtqueue of the layout that was negotiated: one ring in the guest's memory, and its two sides. */
import type { BackendRules } from './backend-rules.ts';
import type { BufferRule, DeviceQueue } from './device-queue.ts';
import type { DriverOptions, DriverQueue } from './driver-queue.ts';
import type { GuestMemory } from './guest-memory.ts';
import { type Misdeed, misbehavePacked, misbehaveSplit } from './misdeeds.ts';
import { PackedDevice } from './packed-device.ts';
import { PackedDriver } from './packed-driver.ts';
import { type Cursor, PackedRing } from './packed-ring.ts';
import { SplitDevice } from './split-device.ts';
import { SplitDriver } from './split-driver.ts';
import { SplitRing } from './split-ring.ts';

/** What both sides agreed on. */
export interface RingFormat {
  /** VIRTIO_F_RING_PACKED. */
  readonly packed: boolean;
  /** VIRTIO_F_EVENT_IDX. */
  readonly eventIdx: boolean;
  /** VIRTIO_F_IN_ORDER. */
  readonly inOrder: boolean;
}

export interface Virtqueue {
  readonly size: number;
  driver(options: Omit<DriverOptions, 'inOrder'>): DriverQueue;
  device(memory: GuestMemory, rules: BackendRules, rule?: BufferRule): DeviceQueue;
  /** A device that polls the ring hears of each buffer that is made available, through the memory it looks at. */
  pollOffered(look: () => void): void;
  /** A driver that polls the ring hears of buffers that are used. */
  pollUsed(look: () => void): void;
  /** A hostile driver's next buffer breaks a rule. @returns false where this layout has no room for the misdeed. */
  misbehave(misdeed: Misdeed): boolean;
  /** What of a ring's invariants does not hold, or null. */
  broken(): string | null;
}

/** @param size entries of the ring. @throws RangeError for a size that the layout does not allow. */
export const virtqueue = ({ packed, eventIdx, inOrder }: RingFormat, size: number): Virtqueue =>
  packed
    ? packedQueue(new PackedRing(size, eventIdx), inOrder)
    : splitQueue(new SplitRing(size, eventIdx), inOrder);

/** Where a driver begins. */
const START: Cursor = { slot: 0, wrap: true };

const polled = (ring: SplitRing | PackedRing): Pick<Virtqueue, 'size' | 'pollOffered' | 'pollUsed'> => ({
  size: ring.size,
  pollOffered: (look) => {
    ring.onOffered = look;
  },
  pollUsed: (look) => {
    ring.onUsed = look;
  },
});

/** No more descriptors are in flight than there are. */
const overfull = (driver: DriverQueue | null): string | null =>
  driver === null || (driver.numFree >= 0 && driver.numFree <= driver.size)
    ? null
    : `${driver.numFree} of ${driver.size} descriptors are free`;

/**
 * With EVENT_IDX a stale event lets through one kick per time that kicks were asked for, one at the start, and one per
 * turn of the index; where the device moves the event at each pop there is no such limit.
 */
const tooManyKicks = (
  { kicked, offered }: SplitDriver,
  { enabled, ring, rules }: SplitDevice,
): string | null => {
  const most = enabled + 1 + Math.floor(offered / 65_536);
  return !ring.eventIdx || rules.popMovesEvent || kicked <= most
    ? null
    : `${kicked} kicks, where the device asked for them ${enabled} times in ${offered} buffers`;
};

const splitQueue = (ring: SplitRing, inOrder: boolean): Virtqueue => {
  let driver: SplitDriver | null = null;
  let device: SplitDevice | null = null;
  return {
    ...polled(ring),
    driver: (options) => {
      driver = new SplitDriver(ring, { ...options, inOrder });
      return driver;
    },
    device: (memory, rules, rule) => {
      device = new SplitDevice(ring, memory, rules, rule, inOrder);
      return device;
    },
    broken: () => overfull(driver) ?? (driver && device && tooManyKicks(driver, device)),
    misbehave: (misdeed) => {
      const claimed = misbehaveSplit(ring, misdeed);
      driver?.goOn(claimed);
      return claimed > 0;
    },
  };
};

const packedQueue = (ring: PackedRing, inOrder: boolean): Virtqueue => {
  let driver: PackedDriver | null = null;
  return {
    ...polled(ring),
    driver: (options) => {
      driver = new PackedDriver(ring, { ...options, inOrder });
      return driver;
    },
    device: (memory, rules, rule) => new PackedDevice(ring, memory, rules, rule, inOrder),
    broken: () => overfull(driver),
    misbehave: (misdeed) => {
      const slots = misbehavePacked(ring, driver ?? START, misdeed);
      driver?.goOn(slots);
      return slots > 0;
    },
  };
};
