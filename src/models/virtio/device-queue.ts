/** The device's side of a virtqueue, whatever its layout: takes what the driver offers and trusts none of it. */
import type { BackendRules } from './backend-rules.ts';
import { DESCRIPTOR_SIZE, type DescriptorTable, WRITE } from './descriptor.ts';
import type { Fault } from './fault.ts';
import type { GuestMemory } from './guest-memory.ts';
import { LINE, type RingLines } from './ring-lines.ts';

/** `pop`: nothing offered. */
export const EMPTY = -1;
/** `pop`: the driver broke a rule; see `fault`. */
export const BROKEN = -2;

const PIECES_MAX = 1024;

/** What a kind of device asks of a buffer besides; looks at the buffer popped last. */
export type BufferRule = (queue: DeviceQueue) => Fault | null;
export const ANY_BUFFER: BufferRule = () => null;

export abstract class DeviceQueue {
  readonly rules: BackendRules;
  protected readonly memory: GuestMemory;
  protected readonly rule: BufferRule;
  protected abstract readonly lines: RingLines;
  /** Indirect tables by guest address. */
  protected abstract readonly indirect: ReadonlyMap<number, DescriptorTable>;
  /** Buffers popped and not yet given back. */
  protected inUse = 0;
  protected notified = true;
  /** Descriptors walked in the pop at hand, and before that beyond the first of each buffer. */
  protected walked = 0;
  private extra = 0;
  /** What the last `pop` found wrong. */
  fault: Fault | null = null;

  /** The buffer popped last: its pieces, the readable ones first (none counts as readable where directions are ignored). */
  readonly address = new Float64Array(PIECES_MAX);
  readonly length = new Float64Array(PIECES_MAX);
  pieces = 0;
  readable = 0;

  constructor(memory: GuestMemory, rules: BackendRules, rule: BufferRule) {
    this.memory = memory;
    this.rules = rules;
    this.rule = rule;
  }

  /** Entries of the ring. */
  abstract get size(): number;
  /** Takes the next offered buffer. @returns its head, EMPTY or BROKEN; a broken pop does not move the device on. */
  abstract pop(): number;
  /** Remembers this point, for `rewind`. */
  abstract mark(): void;
  /** Takes back the pops since `mark`: the buffers stay available (vhost_discard_vq_desc, virtqueue_unpop). */
  abstract rewind(): void;
  /** More was offered than was popped; looks at memory. */
  abstract get availableNow(): boolean;
  /** Gives the buffer `head` back; the driver sees it at the next `flush`. */
  abstract push(head: number, written: number): void;
  /** Publishes what was pushed since the last flush. */
  abstract flush(): void;
  /** Whether what was flushed since the last decision calls for an interrupt. */
  abstract shouldSignal(): boolean;
  /** Asks for no kicks. */
  abstract suppressKicks(): void;
  /** Asks for a kick at the next buffer. @returns true when one slipped in: look again. */
  abstract allowKicks(): boolean;

  /** Cache lines of the ring that this side fetched from the driver's cache since the last call. */
  takeLines(): number {
    return this.lines.takeByDevice();
  }

  /**
   * Descriptors that were read and checked since the last call, without the first of each buffer, which is in the price
   * of a packet: the others of a chain or table, and all that led to a fault.
   */
  takeDescriptors(): number {
    const { extra } = this;
    this.extra = 0;
    return extra;
  }

  /** A ring found broken stays so until a reset, or until it is looked at again. */
  protected get blocked(): boolean {
    if (this.fault === null) return false;
    if (this.rules.needsReset) return true;
    this.fault = null;
    return false;
  }

  protected broken(fault: Fault): typeof BROKEN {
    this.fault = fault;
    this.extra += this.walked;
    this.walked = 0;
    return BROKEN;
  }

  /** The buffer at hand is in order. */
  protected accepted(): void {
    this.inUse++;
    this.extra += this.walked - 1;
    this.walked = 0;
  }

  protected begin(): void {
    this.pieces = 0;
    this.readable = 0;
  }

  /** Takes one descriptor's piece of memory into the buffer. */
  protected take(table: DescriptorTable, slot: number): Fault | null {
    this.walked++;
    const length = table.length[slot];
    const address = table.address[slot];
    const readable = (table.flags[slot] & WRITE) === 0 && !this.rules.ignoresDirection;
    if (readable && this.readable < this.pieces) {
      return 'readable piece after a writable one';
    }
    if (length === 0) return this.rules.refusesEmpty ? 'zero length' : null;
    if (!this.memory.contains(address, length)) return 'address outside guest memory';
    if (this.pieces === PIECES_MAX) return 'too many pieces';
    this.address[this.pieces] = address;
    this.length[this.pieces] = length;
    this.pieces++;
    if (readable) this.readable++;
    return null;
  }

  /** The table that descriptor `slot` points to, or what is wrong with it. */
  protected indirectTable(table: DescriptorTable, slot: number): DescriptorTable | Fault {
    this.walked++;
    const length = table.length[slot];
    const entries = length / DESCRIPTOR_SIZE;
    if (length === 0 || length % DESCRIPTOR_SIZE !== 0 || entries > this.rules.indirectMax) {
      return 'bad indirect table length';
    }
    const nested = this.indirect.get(table.address[slot]);
    if (nested === undefined || !this.memory.contains(table.address[slot], length)) {
      return 'indirect table outside guest memory';
    }
    this.lines.deviceReadsFresh(Math.ceil(length / LINE));
    return nested;
  }
}
