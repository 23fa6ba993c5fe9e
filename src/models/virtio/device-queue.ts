/** The device's side of a split ring: takes what the driver offers, trusts none of it, and decides about signals. */
import { InvariantError } from '../../accounting/invariant.ts';
import type { Fault } from './fault.ts';
import type { GuestMemory } from './guest-memory.ts';
import {
  DESCRIPTOR_SIZE,
  type DescriptorTable,
  distance,
  INDIRECT,
  NEXT,
  NO_INTERRUPT,
  NO_NOTIFY,
  needEvent,
  type SplitRing,
  WRITE,
} from './split-ring.ts';

/**
 * Whose rules the device side follows. QEMU: while notifications are on every pop moves avail_event along, and
 * empty pieces are refused. vhost: avail_event is written only when notifications are switched on, with the index
 * it has seen, and empty pieces are passed over.
 */
export type Backend = 'qemu' | 'vhost';

/** `pop`: nothing offered. */
export const EMPTY = -1;
/** `pop`: the driver broke a rule; see `fault`. */
export const BROKEN = -2;

const PIECES_MAX = 1024;

/** vhost refuses longer tables; QEMU has no limit, but `next` reaches no further. */
const INDIRECT_MAX = 65_536;

/** What a kind of device asks of a buffer besides; looks at the buffer popped last. */
export type BufferRule = (queue: DeviceQueue) => Fault | null;
const ANY_BUFFER: BufferRule = () => null;

export class DeviceQueue {
  readonly ring: SplitRing;
  readonly backend: Backend;
  private readonly memory: GuestMemory;
  private readonly rule: BufferRule;
  private lastAvail = 0;
  private shadowAvail = 0;
  private inUse = 0;
  private staged = 0;
  private signalledUsed = 0;
  private signalledValid = false;
  private notified = true;
  /** What the last `pop` found wrong. */
  fault: Fault | null = null;

  /** The buffer popped last: its pieces, the readable ones first. */
  readonly address = new Float64Array(PIECES_MAX);
  readonly length = new Float64Array(PIECES_MAX);
  pieces = 0;
  readable = 0;

  constructor(ring: SplitRing, memory: GuestMemory, backend: Backend, rule: BufferRule = ANY_BUFFER) {
    this.ring = ring;
    this.memory = memory;
    this.backend = backend;
    this.rule = rule;
  }

  /** Takes the next offered buffer. @returns its head, EMPTY or BROKEN; a broken pop does not move the device on. */
  pop(): number {
    const { ring } = this;
    if (this.fault !== null) {
      // QEMU wants a reset before it looks again; vhost looks whenever its handler runs.
      if (this.backend === 'qemu') return BROKEN;
      this.fault = null;
    }
    if (this.lastAvail === this.shadowAvail) {
      const offered = ring.availIdx;
      if (distance(offered, this.lastAvail) > ring.size) {
        return this.broken('avail index moved by more than the ring size');
      }
      this.shadowAvail = offered;
      if (this.lastAvail === this.shadowAvail) return EMPTY;
    }
    if (this.backend === 'qemu' && this.inUse >= ring.size) {
      return this.broken('more buffers in use than the ring has entries');
    }
    const head = ring.avail[this.lastAvail & (ring.size - 1)];
    if (head >= ring.size) return this.broken('head out of range');
    const fault = this.walk(head) ?? this.rule(this);
    if (fault !== null) return this.broken(fault);
    this.lastAvail = (this.lastAvail + 1) & 0xffff;
    this.inUse++;
    if (this.backend === 'qemu' && this.notified && ring.eventIdx) ring.availEvent = this.lastAvail;
    return head;
  }

  private broken(fault: Fault): typeof BROKEN {
    this.fault = fault;
    return BROKEN;
  }

  private walk(head: number): Fault | null {
    const { table, size } = this.ring;
    this.pieces = 0;
    this.readable = 0;
    return this.walkChain(table, head, size);
  }

  private walkIndirect(slot: number): Fault | null {
    const { table, indirect } = this.ring;
    const length = table.length[slot];
    if (length === 0 || length % DESCRIPTOR_SIZE !== 0) return 'bad indirect table length';
    if (this.backend === 'vhost' && length / DESCRIPTOR_SIZE > INDIRECT_MAX)
      return 'bad indirect table length';
    const nested = indirect.get(table.address[slot]);
    if (nested === undefined || !this.memory.contains(table.address[slot], length)) {
      return 'indirect table outside guest memory';
    }
    if ((table.flags[slot] & NEXT) !== 0) return 'nested indirect table';
    return this.walkChain(nested, 0, Math.min(nested.size, length / DESCRIPTOR_SIZE));
  }

  private walkChain(table: DescriptorTable, first: number, size: number): Fault | null {
    let slot = first;
    for (let seen = 0; ; seen++) {
      if (seen === size) return 'looped chain';
      // A table may end a chain of the ring (virtio 1.2 §2.7.5.3.2), but not stand inside another table.
      if ((table.flags[slot] & INDIRECT) !== 0) {
        return table === this.ring.table ? this.walkIndirect(slot) : 'nested indirect table';
      }
      const fault = this.take(table.address[slot], table.length[slot], (table.flags[slot] & WRITE) !== 0);
      if (fault !== null) return fault;
      if ((table.flags[slot] & NEXT) === 0) return null;
      slot = table.next[slot];
      if (slot >= size) return 'next out of range';
    }
  }

  private take(address: number, length: number, writable: boolean): Fault | null {
    if (!writable && this.readable < this.pieces) return 'readable piece after a writable one';
    if (length === 0) return this.backend === 'qemu' ? 'zero length' : null;
    if (!this.memory.contains(address, length)) return 'address outside guest memory';
    if (this.pieces === PIECES_MAX) return 'too many pieces';
    this.address[this.pieces] = address;
    this.length[this.pieces] = length;
    this.pieces++;
    if (!writable) this.readable++;
    return null;
  }

  /** Takes back the last `count` pops: the buffers stay available (vhost_discard_vq_desc). */
  unpop(count: number): void {
    this.lastAvail = (this.lastAvail - count) & 0xffff;
    this.inUse -= count;
  }

  /** More was offered than was popped; looks at memory. */
  get availableNow(): boolean {
    return this.ring.availIdx !== this.lastAvail;
  }

  /** Writes a used entry; the driver sees it at the next `flush`. */
  push(head: number, written: number): void {
    const { ring } = this;
    const slot = (ring.usedIdx + this.staged) & (ring.size - 1);
    ring.usedId[slot] = head;
    ring.usedLength[slot] = written;
    this.staged++;
  }

  /** Publishes the used entries written since the last flush. */
  flush(): void {
    const { ring } = this;
    if (this.staged > this.inUse) throw new InvariantError('more buffers were used than were available');
    ring.usedIdx = (ring.usedIdx + this.staged) & 0xffff;
    // The used index came round to where the last decision was made: that one says nothing any more.
    if (distance(ring.usedIdx, this.signalledUsed) < this.staged) this.signalledValid = false;
    this.inUse -= this.staged;
    this.staged = 0;
  }

  /** Whether what was flushed since the last decision calls for an interrupt. */
  shouldSignal(): boolean {
    const { ring } = this;
    if (!ring.eventIdx) return (ring.availFlags & NO_INTERRUPT) === 0;
    const old = this.signalledUsed;
    const valid = this.signalledValid;
    this.signalledUsed = ring.usedIdx;
    this.signalledValid = true;
    return !valid || needEvent(ring.usedEvent, ring.usedIdx, old);
  }

  /** Asks for no kicks. With EVENT_IDX this writes nothing: the stale event index does it. */
  suppressKicks(): void {
    this.notified = false;
    if (!this.ring.eventIdx) this.ring.usedFlags = NO_NOTIFY;
  }

  /** Asks for a kick at the next buffer. @returns true when one slipped in: look again. */
  allowKicks(): boolean {
    const { ring } = this;
    this.notified = true;
    if (ring.eventIdx) ring.availEvent = this.backend === 'qemu' ? ring.availIdx : this.shadowAvail;
    else ring.usedFlags = 0;
    return this.availableNow;
  }
}
