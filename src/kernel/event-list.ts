/** The list of everything that is yet to happen, in order of time and, at one instant, of scheduling. */
import { EVENTS_PER_DAY, guessGap, planCalendar } from './calendar-plan.ts';
import { SimulationError } from './simulation-error.ts';

const SLOT_BITS = 20;
/** Also the distance between two tickets: a ticket is serial number x 2^20 + slot. */
const MOST_PENDING = 2 ** SLOT_BITS;
const SLOT_MASK = MOST_PENDING - 1;
const LAST_TICKET = Number.MAX_SAFE_INTEGER - MOST_PENDING;
/** In place of a handler: the event is cancelled. In place of a slot: none. */
const NONE = -1;
/** `popLater` moved events to the heap, or looked at a whole year. */
const AGAIN = -2;

// Measured with bench/hold.js: a heap alone is faster below some 100 pending events, and below some 1,000 where nine in ten delays are
// a thousand times shorter than the tenth. Between going back and forth lies a factor of four, so that nobody does it often.
const LARGE = 192;
const SMALL = 48;

/**
 * Events that come soon are in a binary heap. When many are pending, those that come later are in a calendar: a ring of buckets, one a
 * day, from which each day is moved to the heap when it comes. As long as few are pending every day counts as today. What is earlier is
 * always in the heap, or alone on its day, so the order does not depend on how long a day is.
 *
 * A cancelled event stays where it is until it comes up, or until half of all are such and everything is dealt anew.
 *
 * One class and one file on purpose: as heap, calendar and records apart it was a fifth slower.
 */
export class EventList {
  /** Time of the last event taken: the clock. Doubles start as NaN, so that V8 gives them fields that hold a double without a box. */
  time = Number.NaN;
  /** Argument of the last event taken. */
  argument = Number.NaN;
  /** Names the event pushed last. */
  ticket = Number.NaN;

  // Records of 32 bytes: ticket (NaN if free), time, argument; then, as integers in the same buffer, handler and link to the next slot.
  private reals = new Float64Array(4 * 64);
  private ints = new Int32Array(this.reals.buffer);
  private slots = 0;
  private firstFree = NONE;
  private nextTicket = Number.NaN;
  private cancelled = 0;
  private cancels = 0;

  // The heap: pairs of time and ticket. Taking the root leaves a hole, which the next event pushed mostly fills.
  private pairs = new Float64Array(2 * 64);
  private end = 0;
  private hole = 0;
  private crowd = 2 * LARGE;

  // The calendar: heads of linked lists, and a bit for each that is not empty.
  private heads = new Int32Array(0);
  private bits = new Int32Array(0);
  private mask = 0;
  private later = 0;
  private rate = Number.NaN;
  private tomorrow = Number.NaN;
  private newYear = Number.NaN;

  // What the last plan was made from.
  private planTime = Number.NaN;
  private planFired = 0;
  private yearFired = 0;

  constructor() {
    this.time = 0;
    this.argument = 0;
    this.nextTicket = 0;
    this.rate = 0;
    this.tomorrow = 1;
    this.newYear = 0;
    this.planTime = 0;
  }

  /** Events pending. */
  get size(): number {
    return this.entries - this.cancelled;
  }

  /** Events for which there is memory. */
  get capacity(): number {
    return this.reals.length / 4;
  }

  /** Buckets of the calendar; 0 while everything is in the heap. */
  get days(): number {
    return this.rate === 0 ? 0 : this.mask + 1;
  }

  /** Adds an event, whose `ticket` can be read until the next is added; the caller answers for the time. */
  push(time: number, handler: number, argument: number): void {
    let slot = this.firstFree;
    if (slot === NONE) slot = this.addSlot();
    const { reals, ints } = this;
    this.firstFree = ints[8 * slot + 7]!;
    const ticket = this.nextTicket + slot;
    this.ticket = ticket;
    this.nextTicket += MOST_PENDING;
    reals[4 * slot] = ticket;
    reals[4 * slot + 1] = time;
    reals[4 * slot + 2] = argument;
    ints[8 * slot + 6] = handler;
    const day = time * this.rate;
    if (day >= this.tomorrow) this.putLater(day, slot);
    else if (this.hole !== 0) {
      this.hole = 0;
      this.sink(time, ticket);
    } else {
      this.append(time, ticket);
      if (this.end > this.crowd) this.crowded();
    }
  }

  /** Removes a pending event; false if it has fired, was cancelled, or never was. */
  cancel(ticket: number): boolean {
    const slot = ticket & SLOT_MASK;
    if (!(slot < this.slots && this.reals[4 * slot] === ticket && this.ints[8 * slot + 6] !== NONE))
      return false;
    this.ints[8 * slot + 6] = NONE;
    this.cancels++;
    if (ticket > LAST_TICKET)
      throw new SimulationError('2^33 events scheduled in one run, most of them cancelled');
    if (++this.cancelled > 32 && this.cancelled * 2 > this.entries) this.deal();
    return true;
  }

  /** Takes the first event, if it is not later than `until`: returns its handler and sets `time` and `argument`. Else returns -1. */
  pop(until: number): number {
    for (;;) {
      if (this.hole !== 0) this.closeHole();
      let handler: number;
      if (this.end === 0) handler = this.later === 0 ? NONE : this.popLater(until);
      else {
        if (this.pairs[0]! > until) return NONE;
        this.hole = 1;
        handler = this.take(this.pairs[1]! & SLOT_MASK);
      }
      if (handler !== AGAIN) return handler;
    }
  }

  private get entries(): number {
    return (this.end >> 1) - this.hole + this.later;
  }

  /** Frees a slot and returns its handler, or AGAIN if the event had been cancelled. */
  private take(slot: number): number {
    const { reals, ints } = this;
    reals[4 * slot] = Number.NaN;
    ints[8 * slot + 7] = this.firstFree;
    this.firstFree = slot;
    const handler = ints[8 * slot + 6]!;
    if (handler === NONE) {
      this.cancelled--;
      return AGAIN;
    }
    this.time = reals[4 * slot + 1]!;
    this.argument = reals[4 * slot + 2]!;
    return handler;
  }

  private addSlot(): number {
    const slot = this.slots;
    if (slot === MOST_PENDING)
      throw new SimulationError(`more than ${slot} events pending: a model schedules without end`);
    if (4 * slot === this.reals.length) {
      this.reals = widened(this.reals);
      this.ints = new Int32Array(this.reals.buffer);
    }
    this.ints[8 * slot + 7] = NONE;
    this.slots = slot + 1;
    return slot;
  }

  private closeHole(): void {
    this.hole = 0;
    const last = this.end - 2;
    this.end = last;
    if (last > 0) this.sink(this.pairs[last]!, this.pairs[last + 1]!);
  }

  /** Fills the root of the heap. */
  private sink(time: number, ticket: number): void {
    const { pairs, end } = this;
    let i = 0;
    for (let child = 2; child < end; child = 2 * i + 2) {
      if (child + 2 < end) {
        const left = pairs[child]!;
        const right = pairs[child + 2]!;
        // Which child is earlier is the toss of a coin: computed, since a branch would be mispredicted half the time.
        if (left !== right) child += +(right < left) << 1;
        else if (pairs[child + 3]! < pairs[child + 1]!) child += 2;
      }
      const childTime = pairs[child]!;
      if (childTime >= time && (childTime > time || pairs[child + 1]! > ticket)) break;
      pairs[i] = childTime;
      pairs[i + 1] = pairs[child + 1]!;
      i = child;
    }
    pairs[i] = time;
    pairs[i + 1] = ticket;
  }

  /** Adds a leaf to the heap. */
  private append(time: number, ticket: number): void {
    if (this.end === this.pairs.length) this.pairs = widened(this.pairs);
    const { pairs } = this;
    let i = this.end;
    this.end = i + 2;
    while (i > 0) {
      const parent = ((i - 2) >> 2) << 1;
      const parentTime = pairs[parent]!;
      if (parentTime < time || (parentTime === time && pairs[parent + 1]! < ticket)) break;
      pairs[i] = parentTime;
      pairs[i + 1] = pairs[parent + 1]!;
      i = parent;
    }
    pairs[i] = time;
    pairs[i + 1] = ticket;
  }

  private putLater(day: number, slot: number): void {
    const bucket = day & this.mask;
    this.ints[8 * slot + 7] = this.heads[bucket]!;
    this.heads[bucket] = slot;
    this.bits[bucket >>> 5]! |= 1 << bucket;
    this.later++;
  }

  /** The heap is empty: takes the event of the next day, if it is alone, or moves that day to the heap and returns AGAIN. */
  private popLater(until: number): number {
    if (this.tomorrow >= this.newYear) {
      this.review();
      return AGAIN;
    }
    const { heads, bits, mask, rate } = this;
    let day = this.tomorrow;
    let bucket = day & mask;
    let word = (bits[bucket >>> 5]! >>> bucket) << bucket;
    for (;;) {
      let w = bucket >>> 5;
      while (word === 0) {
        if (++w > mask >>> 5) {
          this.tomorrow = this.newYear;
          return AGAIN;
        }
        word = bits[w]!;
      }
      const found = (w << 5) + 31 - Math.clz32(word & -word);
      day += found - bucket;
      bucket = found;
      this.tomorrow = day;
      const slot = heads[bucket]!;
      const time = this.reals[4 * slot + 1]!;
      if (this.ints[8 * slot + 7] === NONE && time * rate < day + 1) {
        if (time > until) return NONE;
        heads[bucket] = NONE;
        bits[w] = bits[w]! ^ (1 << bucket);
        this.tomorrow = day + 1;
        this.later--;
        return this.take(slot);
      }
      this.moveDay(day, bucket);
      if (this.end > 0) return AGAIN;
      word &= word - 1;
    }
  }

  /** Moves the events of one day to the heap; those of other years stay. */
  private moveDay(day: number, bucket: number): void {
    const { reals, ints } = this;
    let kept = NONE;
    let slot = this.heads[bucket]!;
    while (slot !== NONE) {
      const next = ints[8 * slot + 7]!;
      if (reals[4 * slot + 1]! * this.rate < day + 1) {
        this.later--;
        this.append(reals[4 * slot + 1]!, reals[4 * slot]!);
      } else {
        ints[8 * slot + 7] = kept;
        kept = slot;
      }
      slot = next;
    }
    this.heads[bucket] = kept;
    if (kept === NONE) this.bits[bucket >>> 5]! ^= 1 << bucket;
    this.tomorrow = day + 1;
  }

  /** Events taken so far. */
  private get fired(): number {
    return this.nextTicket / MOST_PENDING - this.size - this.cancels;
  }

  /** A year is over: are its days still of the right length? */
  private review(): void {
    const planned = (this.mask + 1) * EVENTS_PER_DAY;
    const { size, fired } = this;
    const inYear = fired - this.yearFired;
    const misfit = inYear > 2 * planned || inYear < planned / 3 || size > planned;
    this.yearFired = fired;
    this.newYear += this.mask + 1;
    // A new plan costs as much as `size` events, so it must serve as many; but nothing is gained by leafing through empty years.
    if (inYear === 0 || (misfit && fired - this.planFired > size)) this.deal();
  }

  private crowded(): void {
    this.crowd *= 2;
    if (this.rate === 0 || this.fired - this.planFired > this.size) this.deal();
  }

  /** Takes all events up and deals them anew, by a new plan; drops the cancelled ones. */
  private deal(): void {
    const { fired, time } = this;
    const slots = this.gather();
    const pending = slots.length;
    const timeOf = (index: number): number => this.reals[4 * slots[index]! + 1]!;
    if (pending >= (this.rate === 0 ? LARGE : SMALL)) {
      const measured = (time - this.planTime) / (fired - this.planFired);
      const fresh = fired - this.planFired >= pending && measured > 0;
      const { rate, days } = planCalendar(pending, fresh ? measured : guessGap(time, pending, timeOf));
      let first = timeOf(0);
      for (let i = 1; i < pending; i++) first = Math.min(first, timeOf(i));
      this.rate = rate;
      this.tomorrow = Math.floor(first * rate) + 1;
      this.newYear = this.tomorrow + days - (this.tomorrow & (days - 1));
      this.mask = days - 1;
      this.heads = new Int32Array(days).fill(NONE);
      this.bits = new Int32Array(days >>> 5);
    } else {
      this.rate = 0;
      this.tomorrow = 1;
      this.heads = new Int32Array(0);
    }
    for (const slot of slots) {
      const due = this.reals[4 * slot + 1]!;
      const day = due * this.rate;
      if (day >= this.tomorrow) this.putLater(day, slot);
      else this.append(due, this.reals[4 * slot]!);
    }
    this.crowd = Math.max(2 * LARGE, 2 * this.end);
    this.planTime = time;
    this.planFired = fired;
    this.yearFired = fired;
  }

  /** Empties heap and calendar: the slots of all pending events. */
  private gather(): Int32Array {
    const slots = new Int32Array(this.size);
    let count = 0;
    const add = (slot: number): void => {
      if (this.ints[8 * slot + 6] === NONE) this.take(slot);
      else slots[count++] = slot;
    };
    for (let i = 2 * this.hole; i < this.end; i += 2) add(this.pairs[i + 1]! & SLOT_MASK);
    if (this.later > 0) {
      for (let slot of this.heads) {
        while (slot !== NONE) {
          const next = this.ints[8 * slot + 7]!;
          add(slot);
          slot = next;
        }
      }
    }
    this.end = 0;
    this.hole = 0;
    this.later = 0;
    return slots;
  }
}

const widened = (old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
  const wide = new Float64Array(2 * old.length);
  wide.set(old);
  return wide;
};
