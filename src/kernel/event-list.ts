/** The list of everything that is yet to happen, in order of time and, at one instant, of scheduling. */
import { SimulationError } from './simulation-error.ts';

const SLOT_BITS = 20;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
const TICKETS_APART = 1 << SLOT_BITS;
/** 2^33 events: the serial number and the slot share the 53 bits of a ticket. */
const LAST_TICKET = Number.MAX_SAFE_INTEGER - TICKETS_APART;
/** No ticket is negative, so a free slot matches none. */
const FREE = -1;

/**
 * Pending events in parallel typed arrays. A ticket is serial number x 2^20 + slot: it orders ties, finds its slot, and is
 * never given twice, so an old ticket is harmless. A cancelled event leaves its heap entry behind; it is skipped when it
 * surfaces, and swept out when half the entries are such.
 */
export class EventList {
  /** Set by `pop`: time and argument of the event taken. Cells, since V8 boxes a double in a field. */
  readonly time = new Float64Array(1);
  readonly argument = new Float64Array(1);
  private entries = 0;
  private dead = 0;
  private times = new Float64Array(64);
  private tickets = new Float64Array(64);
  private slots = 0;
  private free = new Int32Array(64);
  private freeCount = 0;
  private owner = new Float64Array(64).fill(FREE);
  private handlers = new Int32Array(64);
  private arguments = new Float64Array(64);
  private readonly serial = new Float64Array(1);

  /** Events pending (cancelled ones are not). */
  get size(): number {
    return this.entries - this.dead;
  }

  /** Adds an event and returns its ticket. The caller has checked the time. */
  push(time: number, handler: number, argument: number): number {
    const slot = this.freeCount > 0 ? this.free[--this.freeCount]! : this.newSlot();
    const ticket = this.serial[0]! + slot;
    this.serial[0] = this.serial[0]! + TICKETS_APART;
    if (ticket > LAST_TICKET) throw new SimulationError('more than 2^33 events scheduled in one run');
    this.owner[slot] = ticket;
    this.handlers[slot] = handler;
    this.arguments[slot] = argument;
    if (this.entries === this.times.length) this.growHeap();
    this.siftUp(this.entries++, time, ticket);
    return ticket;
  }

  /** Removes a pending event; false if the ticket has fired, was cancelled, or never was. */
  cancel(ticket: number): boolean {
    const slot = ticket & SLOT_MASK;
    if (!(slot < this.slots && this.owner[slot] === ticket)) return false;
    this.release(slot);
    if (++this.dead > 32 && this.dead * 2 > this.entries) this.sweep();
    return true;
  }

  /** Takes the first event not later than `until`: returns its handler, -1 if there is none. */
  pop(until: number): number {
    while (this.entries > 0 && this.times[0]! <= until) {
      const ticket = this.tickets[0]!;
      const slot = ticket & SLOT_MASK;
      this.time[0] = this.times[0]!;
      const last = --this.entries;
      if (last > 0) this.siftDown(0, this.times[last]!, this.tickets[last]!);
      if (this.owner[slot] === ticket) {
        this.release(slot);
        this.argument[0] = this.arguments[slot]!;
        return this.handlers[slot]!;
      }
      this.dead--;
    }
    return -1;
  }

  private release(slot: number): void {
    this.owner[slot] = FREE;
    this.free[this.freeCount++] = slot;
  }

  private siftUp(from: number, time: number, ticket: number): void {
    const { times, tickets } = this;
    let i = from;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const parentTime = times[parent]!;
      if (parentTime < time || (parentTime === time && tickets[parent]! < ticket)) break;
      times[i] = parentTime;
      tickets[i] = tickets[parent]!;
      i = parent;
    }
    times[i] = time;
    tickets[i] = ticket;
  }

  private siftDown(from: number, time: number, ticket: number): void {
    const { times, tickets, entries } = this;
    let i = from;
    for (let child = 2 * i + 1; child < entries; child = 2 * i + 1) {
      const right = child + 1;
      if (
        right < entries &&
        (times[right]! < times[child]! ||
          (times[right] === times[child] && tickets[right]! < tickets[child]!))
      ) {
        child = right;
      }
      const childTime = times[child]!;
      if (childTime > time || (childTime === time && tickets[child]! > ticket)) break;
      times[i] = childTime;
      tickets[i] = tickets[child]!;
      i = child;
    }
    times[i] = time;
    tickets[i] = ticket;
  }

  /** Drops cancelled entries and restores the heap; the order of what is left does not depend on it. */
  private sweep(): void {
    let kept = 0;
    for (let i = 0; i < this.entries; i++) {
      const ticket = this.tickets[i]!;
      if (this.owner[ticket & SLOT_MASK] !== ticket) continue;
      this.times[kept] = this.times[i]!;
      this.tickets[kept++] = ticket;
    }
    this.entries = kept;
    this.dead = 0;
    for (let i = (kept >> 1) - 1; i >= 0; i--) this.siftDown(i, this.times[i]!, this.tickets[i]!);
  }

  private newSlot(): number {
    const slot = this.slots++;
    if (slot === TICKETS_APART)
      throw new SimulationError('more than 2^20 events pending: a model schedules without end');
    if (slot === this.owner.length) {
      this.owner = widened(this.owner);
      this.arguments = widened(this.arguments);
      const handlers = new Int32Array(2 * slot);
      handlers.set(this.handlers);
      this.handlers = handlers;
      const free = new Int32Array(2 * slot);
      free.set(this.free);
      this.free = free;
    }
    return slot;
  }

  private growHeap(): void {
    this.times = widened(this.times);
    this.tickets = widened(this.tickets);
  }
}

const widened = (old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
  const wide = new Float64Array(2 * old.length);
  wide.set(old);
  return wide;
};
