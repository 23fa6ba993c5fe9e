/** A virtqueue of the layout that was negotiated: one ring in the guest's memory, and its two sides. */
import type { BackendRules } from './backend-rules.ts';
import type { BufferRule, DeviceQueue } from './device-queue.ts';
import type { DriverOptions, DriverQueue } from './driver-queue.ts';
import type { GuestMemory } from './guest-memory.ts';
import { PackedDevice } from './packed-device.ts';
import { PackedDriver } from './packed-driver.ts';
import { PackedRing } from './packed-ring.ts';
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
}

/** @param size entries of the ring. @throws RangeError for a size that the layout does not allow. */
export const virtqueue = ({ packed, eventIdx, inOrder }: RingFormat, size: number): Virtqueue => {
  const ring = packed ? new PackedRing(size, eventIdx) : new SplitRing(size, eventIdx);
  return {
    size,
    driver: (options) =>
      ring instanceof PackedRing
        ? new PackedDriver(ring, { ...options, inOrder })
        : new SplitDriver(ring, { ...options, inOrder }),
    device: (memory, rules, rule) =>
      ring instanceof PackedRing
        ? new PackedDevice(ring, memory, rules, rule, inOrder)
        : new SplitDevice(ring, memory, rules, rule, inOrder),
    pollOffered: (look) => {
      ring.onOffered = look;
    },
    pollUsed: (look) => {
      ring.onUsed = look;
    },
  };
};
