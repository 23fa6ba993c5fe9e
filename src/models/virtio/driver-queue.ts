/** The driver's side of a split ring, with Linux's rules for kicks and interrupts (drivers/virtio/virtio_ring.c). */
import type { UsedFault } from './fault.ts';
import {
  DESCRIPTOR_SIZE,
  DescriptorTable,
  distance,
  INDIRECT,
  NEXT,
  NO_INTERRUPT,
  NO_NOTIFY,
  needEvent,
  type SplitRing,
  WRITE,
} from './split-ring.ts';

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
  /** Kernels 5.13–6.3 without the fix of 2023-03: reaping re-arms the event during the poll. */
  readonly rearmsWhileReaping: boolean;
}

/** Returned by `reap` when no used entry is left. */
export const NOTHING = -1;

export class DriverQueue {
  readonly ring: SplitRing;
  private readonly options: DriverOptions;
  private readonly token: Int32Array;
  private readonly chainLength: Uint16Array;
  private freeHead = 0;
  numFree: number;
  private availShadow = 0;
  private numAdded = 0;
  private lastUsed = 0;
  /** The driver's local copy of "interrupts are off". */
  private off = false;
  private eventTriggered = false;
  /**
   * The device returned what it never got (BAD_RING): Linux marks the queue broken and uses it no more. Only a reset
   * of the device would mend it, and no driver of this model resets one.
   */
  fault: UsedFault | null = null;

  constructor(ring: SplitRing, options: DriverOptions) {
    this.ring = ring;
    this.options = options;
    this.numFree = ring.size;
    this.token = new Int32Array(ring.size).fill(NOTHING);
    this.chainLength = new Uint16Array(ring.size);
    for (let i = 0; i < ring.size; i++) ring.table.next[i] = (i + 1) % ring.size;
  }

  /** Adds a buffer of one piece. @returns false when no descriptor is free or the queue is broken. */
  addOne(address: number, length: number, writable: boolean, token: number): boolean {
    if (this.numFree === 0 || this.fault !== null) return false;
    const { table } = this.ring;
    const head = this.freeHead;
    this.freeHead = table.next[head];
    table.address[head] = address;
    table.length[head] = length;
    table.flags[head] = writable ? WRITE : 0;
    this.publish(head, 1, token);
    return true;
  }

  /**
   * Adds a buffer of several pieces: one slot each, or one slot with an indirect table.
   * @param indirectAddress guest address of the table, where indirect descriptors are in use.
   */
  add(pieces: readonly Piece[], token: number, indirectAddress = 0): boolean {
    const { table, indirect } = this.ring;
    const useIndirect = this.options.indirect && pieces.length > 1 && this.numFree > 0;
    const need = useIndirect ? 1 : pieces.length;
    if (this.numFree < need || this.fault !== null) return false;
    const head = this.freeHead;
    if (useIndirect) {
      const nested = new DescriptorTable(pieces.length);
      this.describe(
        nested,
        pieces,
        (i) => i,
        (i) => i + 1,
      );
      indirect.set(indirectAddress, nested);
      this.freeHead = table.next[head];
      table.address[head] = indirectAddress;
      table.length[head] = pieces.length * DESCRIPTOR_SIZE;
      table.flags[head] = INDIRECT;
    } else {
      let slot = head;
      const slots = pieces.map(() => {
        const mine = slot;
        slot = table.next[slot];
        return mine;
      });
      this.freeHead = slot;
      this.describe(
        table,
        pieces,
        (i) => slots[i],
        (i) => slots[i + 1],
      );
    }
    this.publish(head, need, token);
    return true;
  }

  private describe(
    table: DescriptorTable,
    pieces: readonly Piece[],
    slot: (i: number) => number,
    next: (i: number) => number,
  ): void {
    pieces.forEach(({ address, length, writable }, i) => {
      const last = i === pieces.length - 1;
      const flags = (writable ? WRITE : 0) | (last ? 0 : NEXT);
      table.write(slot(i), address, length, flags, last ? table.next[slot(i)] : next(i));
    });
  }

  private publish(head: number, slots: number, token: number): void {
    const { ring } = this;
    this.token[head] = token;
    this.chainLength[head] = slots;
    this.numFree -= slots;
    ring.avail[this.availShadow & (ring.size - 1)] = head;
    this.availShadow = (this.availShadow + 1) & 0xffff;
    ring.availIdx = this.availShadow;
    this.numAdded++;
  }

  /** Buffers added and not yet reaped. */
  get outstanding(): number {
    return distance(this.availShadow, this.lastUsed);
  }

  /** Whether the device must be kicked for what was added since the last call. */
  kickPrepare(): boolean {
    const { ring } = this;
    const old = (this.availShadow - this.numAdded) & 0xffff;
    this.numAdded = 0;
    if (this.fault !== null) return false;
    if (ring.eventIdx) return needEvent(ring.availEvent, this.availShadow, old);
    return (ring.usedFlags & NO_NOTIFY) === 0;
  }

  /** A used entry is there to be taken. */
  get moreUsed(): boolean {
    return this.lastUsed !== this.ring.usedIdx && this.fault === null;
  }

  /** Takes one used buffer back. @returns its token, or NOTHING: there is none, or the queue is broken (`fault`). */
  reap(): number {
    const { ring } = this;
    if (!this.moreUsed) return NOTHING;
    const head = ring.usedId[this.lastUsed & (ring.size - 1)];
    const token = head < ring.size ? this.token[head] : NOTHING;
    if (token === NOTHING) {
      this.fault = head < ring.size ? 'used id is not a head' : 'used id out of range';
      return NOTHING;
    }
    this.detach(head);
    this.lastUsed = (this.lastUsed + 1) & 0xffff;
    if (!this.off) ring.usedEvent = this.lastUsed;
    return token;
  }

  private detach(head: number): void {
    const { table } = this.ring;
    const slots = this.chainLength[head];
    this.token[head] = NOTHING;
    if (table.flags[head] & INDIRECT) this.ring.indirect.delete(table.address[head]);
    let tail = head;
    for (let i = 1; i < slots; i++) tail = table.next[tail];
    table.next[tail] = this.freeHead;
    this.freeHead = head;
    this.numFree += slots;
  }

  /** The interrupt handler asks whether it was for this queue. */
  interrupted(): boolean {
    if (!this.moreUsed) return false;
    if (this.ring.eventIdx) this.eventTriggered = true;
    return true;
  }

  disableCallbacks(): void {
    if (this.off) return;
    const { ring } = this;
    // The event that just fired lies behind the used index: it cannot fire again, so the write is saved.
    if (ring.eventIdx && this.eventTriggered) {
      if (!this.options.rearmsWhileReaping) this.off = true;
      return;
    }
    this.off = true;
    if (ring.eventIdx) ring.usedEvent = 0;
    else ring.availFlags = NO_INTERRUPT;
  }

  private enable(usedEvent: number): void {
    const { ring } = this;
    this.eventTriggered = false;
    this.off = false;
    if (ring.eventIdx) ring.usedEvent = usedEvent & 0xffff;
    else ring.availFlags = 0;
  }

  /** Asks for an interrupt at the next used buffer. @returns true when buffers slipped in: poll again. */
  enableCallbacks(): boolean {
    this.enable(this.lastUsed);
    return this.moreUsed;
  }

  /** Asks for an interrupt when 3/4 of what is outstanding is used. @returns false when more than that is already. */
  enableCallbacksDelayed(): boolean {
    const enough = Math.floor((distance(this.availShadow, this.lastUsed) * 3) / 4);
    this.enable(this.lastUsed + enough);
    // Linux does not ask here whether the queue is broken, and its callers may loop for ever; ours go on without it.
    return this.fault !== null || distance(this.ring.usedIdx, this.lastUsed) <= enough;
  }
}
