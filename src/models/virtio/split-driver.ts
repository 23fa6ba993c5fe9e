/** The driver's side of a split ring, with Linux's rules for kicks and interrupts (drivers/virtio/virtio_ring.c). */
import {
  DESCRIPTOR_SIZE,
  DescriptorTable,
  distance,
  INDIRECT,
  NEXT,
  needEvent,
  WRITE,
} from './descriptor.ts';
import { type DriverOptions, type DriverQueue, NOTHING, type Piece } from './driver-queue.ts';
import type { UsedFault } from './fault.ts';
import { NO_INTERRUPT, NO_NOTIFY, type SplitRing } from './split-ring.ts';

export class SplitDriver implements DriverQueue {
  readonly ring: SplitRing;
  private readonly options: DriverOptions;
  private readonly token: Int32Array;
  private readonly chainLength: Uint16Array;
  private freeHead = 0;
  numFree: number;
  private availShadow = 0;
  private numAdded = 0;
  /** Buffers offered, and kicks that they took, since the beginning. */
  offered = 0;
  kicked = 0;
  private lastUsed = 0;
  /** The driver's local copy of "interrupts are off". */
  private off = false;
  private eventTriggered = false;
  /** Last buffer of a batch that the device used in order, while it is being reaped. */
  private batchLast = NOTHING;
  /** In order: the head of the oldest buffer that is not yet reaped. */
  private oldest = 0;
  fault: UsedFault | null = null;

  constructor(ring: SplitRing, options: DriverOptions) {
    this.ring = ring;
    this.options = options;
    this.numFree = ring.size;
    this.token = new Int32Array(ring.size).fill(NOTHING);
    this.chainLength = new Uint16Array(ring.size);
    for (let i = 0; i < ring.size; i++) ring.table.next[i] = (i + 1) % ring.size;
  }

  get size(): number {
    return this.ring.size;
  }

  addOne(address: number, length: number, writable: boolean, token: number): boolean {
    if (this.numFree === 0 || this.fault !== null) return false;
    const { table } = this.ring;
    const head = this.freeHead;
    this.freeHead = table.next[head];
    table.address[head] = address;
    table.length[head] = length;
    table.flags[head] = writable ? WRITE : 0;
    this.ring.lines.driverWrote(this.ring.tableLine(head));
    this.publish(head, 1, token);
    return true;
  }

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
      this.ring.lines.driverWrote(this.ring.tableLine(head));
    } else {
      let slot = head;
      const slots = pieces.map(() => {
        const mine = slot;
        slot = table.next[slot];
        return mine;
      });
      this.freeHead = slot;
      for (const mine of slots) this.ring.lines.driverWrote(this.ring.tableLine(mine));
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
    const entry = this.availShadow & (ring.size - 1);
    ring.avail[entry] = head;
    ring.lines.driverWrote(ring.availEntryLine(entry));
    ring.lines.driverWrote(ring.availLine);
    this.availShadow = (this.availShadow + 1) & 0xffff;
    ring.availIdx = this.availShadow;
    this.numAdded++;
    this.offered++;
    ring.onOffered?.();
  }

  /** A hostile guest wrote `entries` of the avail ring behind the driver's back, which goes on behind them. */
  goOn(entries: number): void {
    this.availShadow = (this.availShadow + entries) & 0xffff;
  }

  get outstanding(): number {
    return distance(this.availShadow, this.lastUsed);
  }

  kickPrepare(): boolean {
    const { ring } = this;
    const old = (this.availShadow - this.numAdded) & 0xffff;
    this.numAdded = 0;
    if (this.fault !== null) return false;
    ring.lines.driverReads(ring.eventIdx ? ring.availEventLine : ring.usedLine);
    const kick = ring.eventIdx
      ? needEvent(ring.availEvent, this.availShadow, old)
      : (ring.usedFlags & NO_NOTIFY) === 0;
    if (kick) this.kicked++;
    return kick;
  }

  get moreUsed(): boolean {
    this.ring.lines.driverReads(this.ring.usedLine);
    return this.lastUsed !== this.ring.usedIdx && this.fault === null;
  }

  get usedCount(): number {
    this.ring.lines.driverReads(this.ring.usedLine);
    return distance(this.ring.usedIdx, this.lastUsed);
  }

  reap(): number {
    if (!this.moreUsed) return NOTHING;
    const head = this.options.inOrder ? this.nextInOrder() : this.usedHead();
    if (head === NOTHING) return NOTHING;
    const token = this.token[head];
    this.detach(head);
    this.lastUsed = (this.lastUsed + 1) & 0xffff;
    if (!this.off) this.writeUsedEvent(this.lastUsed);
    return token;
  }

  /** The head in the next used entry, or NOTHING where it is none of ours. */
  private usedHead(): number {
    const { ring } = this;
    const entry = this.lastUsed & (ring.size - 1);
    ring.lines.driverReads(ring.usedEntryLine(entry));
    const head = ring.usedId[entry];
    if (head < ring.size && this.token[head] !== NOTHING) return head;
    this.fault = head < ring.size ? 'used id is not a head' : 'used id out of range';
    return NOTHING;
  }

  /** One entry speaks for all buffers up to the one that it names (virtio 1.2 §2.7.9). */
  private nextInOrder(): number {
    if (this.batchLast === NOTHING) this.batchLast = this.usedHead();
    if (this.batchLast === NOTHING) return NOTHING;
    const head = this.oldest;
    this.oldest = (head + this.chainLength[head]) & (this.ring.size - 1);
    if (head === this.batchLast) this.batchLast = NOTHING;
    return head;
  }

  private detach(head: number): void {
    const { table } = this.ring;
    const slots = this.chainLength[head];
    this.token[head] = NOTHING;
    this.numFree += slots;
    if (table.flags[head] & INDIRECT) this.ring.indirect.delete(table.address[head]);
    // In order, descriptors become free in the order of the table, and are taken so again.
    if (this.options.inOrder) return;
    let tail = head;
    for (let i = 1; i < slots; i++) tail = table.next[tail];
    table.next[tail] = this.freeHead;
    this.freeHead = head;
  }

  private writeUsedEvent(index: number): void {
    const { ring } = this;
    ring.usedEvent = index & 0xffff;
    ring.lines.driverWrote(ring.usedEventLine);
  }

  private writeFlags(flags: number): void {
    const { ring } = this;
    ring.availFlags = flags;
    ring.lines.driverWrote(ring.availLine);
  }

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
    if (ring.eventIdx) this.writeUsedEvent(0);
    else this.writeFlags(NO_INTERRUPT);
  }

  private enable(usedEvent: number): void {
    this.eventTriggered = false;
    this.off = false;
    if (this.ring.eventIdx) this.writeUsedEvent(usedEvent);
    else this.writeFlags(0);
  }

  enableCallbacks(): boolean {
    this.enable(this.lastUsed);
    return this.moreUsed;
  }

  enableCallbacksDelayed(): boolean {
    const enough = Math.floor((distance(this.availShadow, this.lastUsed) * 3) / 4);
    this.enable(this.lastUsed + enough);
    // Linux does not ask here whether the queue is broken, and its callers may loop for ever; ours go on without it.
    return this.fault !== null || distance(this.ring.usedIdx, this.lastUsed) <= enough;
  }

  takeLines(): number {
    return this.ring.lines.takeByDriver();
  }
}
