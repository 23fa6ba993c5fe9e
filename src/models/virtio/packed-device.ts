/** The device's side of a packed ring (virtqueue_packed_* of QEMU's virtio.c, lib/vhost of DPDK). */
import { InvariantError } from '../../accounting/invariant.ts';
import type { BackendRules } from './backend-rules.ts';
import { DESCRIPTOR_SIZE, type DescriptorTable, INDIRECT, NEXT } from './descriptor.ts';
import { ANY_BUFFER, BROKEN, type BufferRule, DeviceQueue, EMPTY } from './device-queue.ts';
import type { Fault } from './fault.ts';
import type { GuestMemory } from './guest-memory.ts';
import {
  DESC,
  DISABLE,
  ENABLE,
  isAvailable,
  offWrapOf,
  type PackedRing,
  packedNeedEvent,
  usedFlags,
} from './packed-ring.ts';
import type { RingLines } from './ring-lines.ts';

export class PackedDevice extends DeviceQueue {
  readonly ring: PackedRing;
  protected readonly lines: RingLines;
  protected readonly indirect: ReadonlyMap<number, DescriptorTable>;
  private readonly inOrder: boolean;
  private lastAvail = 0;
  private availWrap = true;
  private usedIdx = 0;
  private usedWrap = true;
  /**
   * Of each buffer that is popped and not yet used, its id and how many slots it takes; `pop` returns the place here.
   * Neither the slot where it began (others may begin there before it is used) nor the id (a hostile driver may give
   * two the same) would do.
   */
  private readonly id: Uint16Array;
  private readonly slots: Uint16Array;
  /** A stack of free places. */
  private readonly free: Uint16Array;
  private freeTop: number;
  /** Slots popped and not yet used. */
  private slotsInUse = 0;
  /** Buffers pushed and not yet flushed, and what was written to them. */
  private readonly stagedHead: number[] = [];
  private readonly stagedLength: number[] = [];
  private readonly marked = { lastAvail: 0, availWrap: true, inUse: 0, slotsInUse: 0, freeTop: 0 };
  /** Behind what was looked at and left available, as an event offset; null: nothing was. */
  private seen: number | null = null;
  /** Id of the buffer walked last. */
  private bufferId = 0;
  private signalledUsed = 0;
  private signalledValid = false;

  /** @param inOrder VIRTIO_F_IN_ORDER was negotiated. */
  constructor(
    ring: PackedRing,
    memory: GuestMemory,
    rules: BackendRules,
    rule: BufferRule = ANY_BUFFER,
    inOrder = false,
  ) {
    super(memory, rules, rule);
    this.ring = ring;
    this.lines = ring.lines;
    this.indirect = ring.indirect;
    this.inOrder = inOrder;
    this.id = new Uint16Array(ring.size);
    this.slots = new Uint16Array(ring.size);
    this.free = Uint16Array.from({ length: ring.size }, (_, i) => i);
    this.freeTop = ring.size;
  }

  get size(): number {
    return this.ring.size;
  }

  pop(): number {
    const { ring } = this;
    if (this.blocked) return BROKEN;
    this.seen = null;
    if (!this.availableNow) return EMPTY;
    const head = this.lastAvail;
    const slots = this.walk(head);
    if (this.fault !== null) return this.broken(this.fault);
    // QEMU asks before it walks a chain, the others trust that none reaches into slots that are still theirs.
    if (this.slotsInUse + slots > ring.size) {
      return this.broken('more buffers in use than the ring has entries');
    }
    const fault = this.rule(this);
    if (fault !== null) return this.broken(fault);
    const place = this.free[--this.freeTop];
    this.id[place] = this.bufferId;
    this.slots[place] = slots;
    this.accepted();
    this.slotsInUse += slots;
    this.lastAvail = head + slots;
    if (this.lastAvail >= ring.size) {
      this.lastAvail -= ring.size;
      this.availWrap = !this.availWrap;
    }
    return place;
  }

  /** Walks the chain at slot `head`. @returns the slots that it takes; `fault` says what is wrong with it. */
  private walk(head: number): number {
    const { ring } = this;
    const { table, size } = ring;
    this.begin();
    let slot = head;
    for (let count = 1; ; count++) {
      ring.lines.deviceReads(ring.tableLine(slot));
      this.fault = (table.flags[slot] & INDIRECT) === 0 ? this.take(table, slot) : this.walkIndirect(slot);
      if (this.fault !== null) return 0;
      if ((table.flags[slot] & NEXT) === 0) {
        // The id is in the last descriptor of a chain (virtio 1.2 §2.8.6); Linux writes it into all.
        this.bufferId = table.next[slot];
        return count;
      }
      if (count === size) {
        this.fault = 'looped chain';
        return 0;
      }
      slot = slot + 1 === size ? 0 : slot + 1;
    }
  }

  /** All entries of an indirect table belong to the buffer, in their order; their NEXT flags are reserved. */
  private walkIndirect(slot: number): Fault | null {
    const { table } = this.ring;
    const nested = this.indirectTable(table, slot);
    if (typeof nested === 'string') return nested;
    if ((table.flags[slot] & NEXT) !== 0) return 'nested indirect table';
    const entries = Math.min(nested.size, table.length[slot] / DESCRIPTOR_SIZE);
    for (let i = 0; i < entries; i++) {
      if ((nested.flags[i] & INDIRECT) !== 0) return 'nested indirect table';
      const fault = this.take(nested, i);
      if (fault !== null) return fault;
    }
    return null;
  }

  mark(): void {
    const { marked } = this;
    marked.lastAvail = this.lastAvail;
    marked.availWrap = this.availWrap;
    marked.inUse = this.inUse;
    marked.slotsInUse = this.slotsInUse;
    marked.freeTop = this.freeTop;
  }

  rewind(): void {
    const { marked } = this;
    this.seen = offWrapOf(this.lastAvail, this.availWrap);
    this.lastAvail = marked.lastAvail;
    this.availWrap = marked.availWrap;
    this.inUse = marked.inUse;
    this.slotsInUse = marked.slotsInUse;
    this.freeTop = marked.freeTop;
  }

  get availableNow(): boolean {
    const { ring } = this;
    ring.lines.deviceReads(ring.tableLine(this.lastAvail));
    return isAvailable(ring.table.flags[this.lastAvail], this.availWrap);
  }

  push(head: number, written: number): void {
    this.stagedHead.push(head);
    this.stagedLength.push(written);
  }

  flush(): void {
    const { stagedHead, stagedLength, ring } = this;
    const count = stagedHead.length;
    if (count > this.inUse) throw new InvariantError('more buffers were used than were available');
    const skips = this.inOrder && this.rules.skipsUsed && stagedLength.every((written) => written === 0);
    if (skips && count > 0) this.writeUsed(this.usedIdx, this.usedWrap, this.id[stagedHead[count - 1]], 0);
    for (let i = 0; i < count; i++) {
      const slots = this.slots[stagedHead[i]];
      if (!skips) this.writeUsed(this.usedIdx, this.usedWrap, this.id[stagedHead[i]], stagedLength[i]);
      this.free[this.freeTop++] = stagedHead[i];
      this.slotsInUse -= slots;
      this.usedIdx += slots;
      if (this.usedIdx < ring.size) continue;
      this.usedIdx -= ring.size;
      this.usedWrap = !this.usedWrap;
      if (this.rules.wrapForgetsSignal) this.signalledValid = false;
    }
    this.inUse -= count;
    stagedHead.length = 0;
    stagedLength.length = 0;
    ring.onUsed?.();
  }

  private writeUsed(slot: number, wrap: boolean, id: number, written: number): void {
    const { table, lines } = this.ring;
    table.next[slot] = id;
    table.length[slot] = written;
    table.flags[slot] = usedFlags(wrap);
    lines.deviceWrote(this.ring.tableLine(slot));
  }

  shouldSignal(): boolean {
    const { ring } = this;
    const { size, driverEvent } = ring;
    ring.lines.deviceReads(ring.driverEventLine);
    const now = this.usedIdx;
    const old = this.signalledUsed;
    const valid = this.signalledValid;
    this.signalledUsed = now;
    this.signalledValid = true;
    if (driverEvent.flags !== DESC) return driverEvent.flags !== DISABLE;
    return !valid || packedNeedEvent(driverEvent, size, this.usedWrap, now, now <= old ? old - size : old);
  }

  /** Unlike on a split ring with EVENT_IDX, this is written. */
  suppressKicks(): void {
    this.notified = false;
    this.writeEventFlags(DISABLE);
  }

  allowKicks(): boolean {
    const { deviceEvent, eventIdx } = this.ring;
    this.notified = true;
    // Buffers that were seen, and were too few, are no news (virtio_queue_set_notification_and_check of QEMU 9.1).
    if (eventIdx) deviceEvent.offWrap = this.seen ?? offWrapOf(this.lastAvail, this.availWrap);
    this.writeEventFlags(eventIdx ? DESC : ENABLE);
    return this.availableNow;
  }

  private writeEventFlags(flags: typeof ENABLE | typeof DISABLE | typeof DESC): void {
    const { ring } = this;
    ring.deviceEvent.flags = flags;
    ring.lines.deviceWrote(ring.deviceEventLine);
  }
}
