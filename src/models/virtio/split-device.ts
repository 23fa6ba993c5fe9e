/** The device's side of a split ring (virtqueue_split_pop of QEMU, vhost_get_vq_desc of Linux, vhost of DPDK). */
import { InvariantError } from '../../accounting/invariant.ts';
import type { BackendRules } from './backend-rules.ts';
import { DESCRIPTOR_SIZE, type DescriptorTable, distance, INDIRECT, NEXT, needEvent } from './descriptor.ts';
import { ANY_BUFFER, BROKEN, type BufferRule, DeviceQueue, EMPTY } from './device-queue.ts';
import type { Fault } from './fault.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { RingLines } from './ring-lines.ts';
import { NO_INTERRUPT, NO_NOTIFY, type SplitRing } from './split-ring.ts';

export class SplitDevice extends DeviceQueue {
  readonly ring: SplitRing;
  protected readonly lines: RingLines;
  protected readonly indirect: ReadonlyMap<number, DescriptorTable>;
  private readonly inOrder: boolean;
  private lastAvail = 0;
  private shadowAvail = 0;
  /** Buffers pushed and not yet flushed, and the used entries written for them. */
  private staged = 0;
  /** How often kicks were asked for. */
  enabled = 0;
  private markedAvail = 0;
  private markedInUse = 0;
  private signalledUsed = 0;
  private signalledValid = false;

  /** @param inOrder VIRTIO_F_IN_ORDER was negotiated. */
  constructor(
    ring: SplitRing,
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
  }

  get size(): number {
    return this.ring.size;
  }

  pop(): number {
    const { ring, rules } = this;
    if (this.blocked) return BROKEN;
    if (this.lastAvail === this.shadowAvail) {
      ring.lines.deviceReads(ring.availLine);
      const offered = ring.availIdx;
      if (distance(offered, this.lastAvail) > ring.size) {
        return this.broken('avail index moved by more than the ring size');
      }
      this.shadowAvail = offered;
      if (this.lastAvail === this.shadowAvail) return EMPTY;
    }
    if (rules.countsInUse && this.inUse >= ring.size) {
      return this.broken('more buffers in use than the ring has entries');
    }
    const entry = this.lastAvail & (ring.size - 1);
    ring.lines.deviceReads(ring.availEntryLine(entry));
    const head = ring.avail[entry];
    if (head >= ring.size) return this.broken('head out of range');
    const fault = this.walk(head) ?? this.rule(this);
    if (fault !== null) return this.broken(fault);
    this.lastAvail = (this.lastAvail + 1) & 0xffff;
    this.accepted();
    if (rules.popMovesEvent && this.notified && ring.eventIdx) this.writeAvailEvent(this.lastAvail);
    return head;
  }

  private walk(head: number): Fault | null {
    this.begin();
    return this.walkChain(this.ring.table, head, this.ring.size);
  }

  private walkChain(table: DescriptorTable, first: number, size: number): Fault | null {
    const { ring } = this;
    let slot = first;
    for (let seen = 0; ; seen++) {
      if (seen === size) return 'looped chain';
      if (table === ring.table) ring.lines.deviceReads(ring.tableLine(slot));
      // A table may end a chain of the ring (virtio 1.2 §2.7.5.3.2), but not stand inside another table.
      if ((table.flags[slot] & INDIRECT) !== 0) {
        return table === ring.table ? this.walkIndirect(slot) : 'nested indirect table';
      }
      const fault = this.take(table, slot);
      if (fault !== null) return fault;
      if ((table.flags[slot] & NEXT) === 0) return null;
      slot = table.next[slot];
      if (slot >= size) return 'next out of range';
    }
  }

  private walkIndirect(slot: number): Fault | null {
    const { table } = this.ring;
    const nested = this.indirectTable(table, slot);
    if (typeof nested === 'string') return nested;
    if ((table.flags[slot] & NEXT) !== 0) return 'nested indirect table';
    return this.walkChain(nested, 0, Math.min(nested.size, table.length[slot] / DESCRIPTOR_SIZE));
  }

  mark(): void {
    this.markedAvail = this.lastAvail;
    this.markedInUse = this.inUse;
  }

  rewind(): void {
    this.lastAvail = this.markedAvail;
    this.inUse = this.markedInUse;
  }

  get availableNow(): boolean {
    this.ring.lines.deviceReads(this.ring.availLine);
    return this.ring.availIdx !== this.lastAvail;
  }

  push(head: number, written: number): void {
    const { ring } = this;
    // In order, one entry in the place of the first speaks for all that nothing was written to (virtio 1.2 §2.7.9).
    const skips = this.inOrder && this.rules.skipsUsed && written === 0;
    const entry = (ring.usedIdx + (skips ? 0 : this.staged)) & (ring.size - 1);
    ring.usedId[entry] = head;
    ring.usedLength[entry] = written;
    ring.lines.deviceWrote(ring.usedEntryLine(entry));
    this.staged++;
  }

  flush(): void {
    const { ring } = this;
    if (this.staged > this.inUse) throw new InvariantError('more buffers were used than were available');
    ring.usedIdx = (ring.usedIdx + this.staged) & 0xffff;
    ring.lines.deviceWrote(ring.usedLine);
    // The used index came round to where the last decision was made: that one says nothing any more.
    if (distance(ring.usedIdx, this.signalledUsed) < this.staged) this.signalledValid = false;
    this.inUse -= this.staged;
    this.staged = 0;
    ring.onUsed?.();
  }

  shouldSignal(): boolean {
    const { ring } = this;
    ring.lines.deviceReads(ring.eventIdx ? ring.usedEventLine : ring.availLine);
    if (!ring.eventIdx) return (ring.availFlags & NO_INTERRUPT) === 0;
    const old = this.signalledUsed;
    const valid = this.signalledValid;
    this.signalledUsed = ring.usedIdx;
    this.signalledValid = true;
    return !valid || needEvent(ring.usedEvent, ring.usedIdx, old);
  }

  /** With EVENT_IDX this writes nothing: the stale event index does it. */
  suppressKicks(): void {
    this.notified = false;
    if (!this.ring.eventIdx) this.writeFlags(NO_NOTIFY);
  }

  allowKicks(): boolean {
    const { ring } = this;
    this.notified = true;
    this.enabled++;
    if (ring.eventIdx) this.writeAvailEvent(this.announced);
    else this.writeFlags(0);
    return this.availableNow;
  }

  private get announced(): number {
    const { announces } = this.rules;
    if (announces === 'memory') return this.ring.availIdx;
    return announces === 'seen' ? this.shadowAvail : this.lastAvail;
  }

  private writeAvailEvent(index: number): void {
    const { ring } = this;
    ring.availEvent = index;
    ring.lines.deviceWrote(ring.availEventLine);
  }

  private writeFlags(flags: number): void {
    const { ring } = this;
    ring.usedFlags = flags;
    ring.lines.deviceWrote(ring.usedLine);
  }
}
