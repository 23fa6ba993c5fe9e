/** The driver's side of a packed ring, with Linux's rules (virtqueue_*_packed in drivers/virtio/virtio_ring.c). */
import { DESCRIPTOR_SIZE, DescriptorTable, INDIRECT, NEXT, WRITE } from './descriptor.ts';
import { type DriverOptions, type DriverQueue, NOTHING, type Piece } from './driver-queue.ts';
import type { UsedFault } from './fault.ts';
import {
  availableFlags,
  type Cursor,
  DESC,
  DISABLE,
  ENABLE,
  isUsed,
  offWrapOf,
  type PackedRing,
  packedNeedEvent,
} from './packed-ring.ts';

export class PackedDriver implements DriverQueue, Cursor {
  readonly ring: PackedRing;
  private readonly options: DriverOptions;
  /** By buffer id: the caller's token, the slots it takes, and the next free id. */
  private readonly token: Int32Array;
  private readonly chainLength: Uint16Array;
  private readonly nextId: Uint16Array;
  /** Of an indirect buffer, the address of its table; else 0. */
  private readonly tableAddress: Float64Array;
  private freeId = 0;
  numFree: number;
  private nextAvail = 0;
  private availWrap = true;
  private numAdded = 0;
  private lastUsed = 0;
  private usedWrap = true;
  outstanding = 0;
  readonly usedCount = null;
  /** The driver's copy of its event structure's flags (event_flags_shadow). */
  private shadow: typeof ENABLE | typeof DISABLE | typeof DESC;
  private eventTriggered = false;
  /** In order: the id of the oldest buffer that is not yet reaped, and of the last one of a batch under way. */
  private oldest = 0;
  private batchLast = NOTHING;
  fault: UsedFault | null = null;

  constructor(ring: PackedRing, options: DriverOptions) {
    this.ring = ring;
    this.options = options;
    this.numFree = ring.size;
    this.token = new Int32Array(ring.size).fill(NOTHING);
    this.chainLength = new Uint16Array(ring.size);
    this.nextId = new Uint16Array(ring.size);
    this.tableAddress = new Float64Array(ring.size);
    for (let i = 0; i < ring.size; i++) this.nextId[i] = (i + 1) % ring.size;
    this.shadow = ENABLE;
  }

  get size(): number {
    return this.ring.size;
  }

  /** Where the next buffer goes. */
  get slot(): number {
    return this.nextAvail;
  }

  get wrap(): boolean {
    return this.availWrap;
  }

  addOne(address: number, length: number, writable: boolean, token: number): boolean {
    if (this.numFree === 0 || this.fault !== null) return false;
    this.ring.table.write(this.nextAvail, address, length, 0, this.freeId);
    this.publish(1, writable ? WRITE : 0, token);
    return true;
  }

  add(pieces: readonly Piece[], token: number, indirectAddress = 0): boolean {
    const { table, indirect, size } = this.ring;
    const useIndirect = this.options.indirect && pieces.length > 1 && this.numFree > 0;
    const need = useIndirect ? 1 : pieces.length;
    if (this.numFree < need || this.fault !== null) return false;
    const id = this.freeId;
    if (useIndirect) {
      const nested = new DescriptorTable(pieces.length);
      pieces.forEach(({ address, length, writable }, i) => {
        nested.write(i, address, length, writable ? WRITE : 0, 0);
      });
      indirect.set(indirectAddress, nested);
      this.tableAddress[id] = indirectAddress;
      table.write(this.nextAvail, indirectAddress, pieces.length * DESCRIPTOR_SIZE, 0, id);
      this.publish(1, INDIRECT, token);
      return true;
    }
    let slot = this.nextAvail;
    let wrap = this.availWrap;
    let headFlags = 0;
    pieces.forEach(({ address, length, writable }, i) => {
      const flags = (i === pieces.length - 1 ? 0 : NEXT) | (writable ? WRITE : 0);
      if (i === 0) headFlags = flags;
      // All but the head's flags: the device looks at nothing before those are written.
      table.write(slot, address, length, i === 0 ? table.flags[slot] : flags | availableFlags(wrap), id);
      if (++slot < size) return;
      slot = 0;
      wrap = !wrap;
    });
    this.publish(need, headFlags, token);
    return true;
  }

  /** Hands the buffer of `slots` descriptors at `nextAvail` over by writing its head's flags. */
  private publish(slots: number, headFlags: number, token: number): void {
    const { ring } = this;
    const id = this.freeId;
    const head = this.nextAvail;
    this.freeId = this.nextId[id];
    this.token[id] = token;
    this.chainLength[id] = slots;
    this.numFree -= slots;
    this.outstanding++;
    for (let i = 0; i < slots; i++) {
      const slot = head + i;
      ring.lines.driverWrote(ring.tableLine(slot < ring.size ? slot : slot - ring.size));
    }
    ring.table.flags[head] = headFlags | availableFlags(this.availWrap);
    this.goOn(slots);
    this.numAdded += slots;
    ring.onOffered?.();
  }

  /** Goes on behind `slots` that were written, by this driver or by a hostile guest behind its back. */
  goOn(slots: number): void {
    const { size } = this.ring;
    this.nextAvail += slots;
    if (this.nextAvail < size) return;
    this.nextAvail -= size;
    this.availWrap = !this.availWrap;
  }

  kickPrepare(): boolean {
    const { ring } = this;
    const old = this.nextAvail - this.numAdded;
    this.numAdded = 0;
    if (this.fault !== null) return false;
    ring.lines.driverReads(ring.deviceEventLine);
    return packedNeedEvent(ring.deviceEvent, ring.size, this.availWrap, this.nextAvail, old);
  }

  get moreUsed(): boolean {
    const { ring } = this;
    if (this.fault !== null) return false;
    if (this.batchLast !== NOTHING) return true;
    ring.lines.driverReads(ring.tableLine(this.lastUsed));
    return isUsed(ring.table.flags[this.lastUsed], this.usedWrap);
  }

  reap(): number {
    if (!this.moreUsed) return NOTHING;
    const id = this.options.inOrder ? this.nextInOrder() : this.usedId();
    if (id === NOTHING) return NOTHING;
    const token = this.token[id];
    this.detach(id);
    if (this.shadow === DESC) this.writeEvent(this.lastUsed, this.usedWrap);
    return token;
  }

  /** The id in the used descriptor, or NOTHING where it is none of ours. */
  private usedId(): number {
    const { ring } = this;
    const id = ring.table.next[this.lastUsed];
    if (id < ring.size && this.token[id] !== NOTHING) return id;
    this.fault = id < ring.size ? 'used id is not a head' : 'used id out of range';
    return NOTHING;
  }

  /** One used descriptor speaks for all buffers up to the one that it names (virtio 1.2 §2.8.7). */
  private nextInOrder(): number {
    if (this.batchLast === NOTHING) this.batchLast = this.usedId();
    if (this.batchLast === NOTHING) return NOTHING;
    const id = this.oldest;
    this.oldest = this.nextId[id];
    if (id === this.batchLast) this.batchLast = NOTHING;
    return id;
  }

  private detach(id: number): void {
    const { ring } = this;
    const slots = this.chainLength[id];
    this.token[id] = NOTHING;
    this.numFree += slots;
    this.outstanding--;
    if (this.tableAddress[id] !== 0) {
      ring.indirect.delete(this.tableAddress[id]);
      this.tableAddress[id] = 0;
    }
    // In order, ids become free in the order in which they were taken, and are taken so again.
    if (!this.options.inOrder) {
      this.nextId[id] = this.freeId;
      this.freeId = id;
    }
    this.lastUsed += slots;
    if (this.lastUsed < ring.size) return;
    this.lastUsed -= ring.size;
    this.usedWrap = !this.usedWrap;
  }

  interrupted(): boolean {
    if (!this.moreUsed) return false;
    if (this.ring.eventIdx) this.eventTriggered = true;
    return true;
  }

  disableCallbacks(): void {
    if (this.shadow === DISABLE) return;
    // The event that just fired lies behind the used slot: it cannot fire again, so the write is saved.
    if (this.eventTriggered) {
      if (!this.options.rearmsWhileReaping) this.shadow = DISABLE;
      return;
    }
    this.writeFlags(DISABLE);
  }

  private enable(offset: number, wrap: boolean): void {
    this.eventTriggered = false;
    if (this.ring.eventIdx) this.writeEvent(offset, wrap);
    if (this.shadow === DISABLE) this.writeFlags(this.ring.eventIdx ? DESC : ENABLE);
  }

  enableCallbacks(): boolean {
    this.enable(this.lastUsed, this.usedWrap);
    return this.moreUsed;
  }

  enableCallbacksDelayed(): boolean {
    const { size } = this.ring;
    const offset = this.lastUsed + Math.floor(((size - this.numFree) * 3) / 4);
    const wraps = offset >= size;
    this.enable(wraps ? offset - size : offset, wraps ? !this.usedWrap : this.usedWrap);
    // Any used buffer makes Linux look again here, not only those beyond the 3/4.
    return !this.moreUsed;
  }

  private writeEvent(offset: number, wrap: boolean): void {
    const { driverEvent, driverEventLine, lines } = this.ring;
    driverEvent.offWrap = offWrapOf(offset, wrap);
    lines.driverWrote(driverEventLine);
  }

  private writeFlags(flags: typeof ENABLE | typeof DISABLE | typeof DESC): void {
    const { driverEvent, driverEventLine, lines } = this.ring;
    this.shadow = flags;
    driverEvent.flags = flags;
    lines.driverWrote(driverEventLine);
  }

  takeLines(): number {
    return this.ring.lines.takeByDriver();
  }
}
