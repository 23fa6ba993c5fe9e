/** The driver's side of a virtqueue, whatever its layout: what Linux's virtqueue_* functions offer a driver. */
import type { UsedFault } from './fault.ts';

/** One piece of a buffer that is added to the ring. */
export interface Piece {
  readonly address: number;
  readonly length: number;
  /** The device writes into it. */
  readonly writable: boolean;
}

export interface DriverOptions {
  /** VIRTIO_F_INDIRECT_DESC was negotiated. */
  readonly indirect: boolean;
  /** VIRTIO_F_IN_ORDER was negotiated: the device uses buffers in the order in which they were offered. */
  readonly inOrder: boolean;
  /** Kernels 5.13–6.3 without the fix of 2023-03: reaping re-arms the event during the poll. */
  readonly rearmsWhileReaping: boolean;
}

/** Returned by `reap` when no used entry is left. */
export const NOTHING = -1;

export interface DriverQueue {
  readonly size: number;
  /** Free descriptors. */
  readonly numFree: number;
  /** Buffers added and not yet reaped. */
  readonly outstanding: number;
  /**
   * The device returned what it never got (BAD_RING): Linux marks the queue broken and uses it no more. Only a reset
   * of the device would mend it, and no driver of this model resets one.
   */
  readonly fault: UsedFault | null;

  /** Adds a buffer of one piece. @returns false when no descriptor is free or the queue is broken. */
  addOne(address: number, length: number, writable: boolean, token: number): boolean;
  /**
   * Adds a buffer of several pieces: one slot each, or one slot with an indirect table.
   * @param indirectAddress guest address of the table, where indirect descriptors are in use.
   */
  add(pieces: readonly Piece[], token: number, indirectAddress?: number): boolean;
  /** Whether the device must be kicked for what was added since the last call. */
  kickPrepare(): boolean;

  /** A used entry is there to be taken. */
  readonly moreUsed: boolean;
  /** Used entries that wait to be taken, by the device's index; a packed ring has none to tell: null. */
  readonly usedCount: number | null;
  /** Takes one used buffer back. @returns its token, or NOTHING: there is none, or the queue is broken (`fault`). */
  reap(): number;

  /** The interrupt handler asks whether it was for this queue. */
  interrupted(): boolean;
  disableCallbacks(): void;
  /** Asks for an interrupt at the next used buffer. @returns true when buffers slipped in: poll again. */
  enableCallbacks(): boolean;
  /** Asks for an interrupt when 3/4 of what is outstanding is used. @returns false when more than that is already. */
  enableCallbacksDelayed(): boolean;

  /** Cache lines of the ring that this side fetched from the device's cache since the last call. */
  takeLines(): number;
}
