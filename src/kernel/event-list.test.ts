import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventList } from './event-list.ts';
import { streams } from './random.ts';

interface Entry {
  time: number;
  ticket: number;
  handler: number;
  argument: number;
}

/** The same list, done naively: sorted by time, then by order of scheduling. */
class Reference {
  entries: Entry[] = [];
  now = 0;

  push(entry: Entry): void {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.entries[middle]!.time > entry.time) high = middle;
      else low = middle + 1;
    }
    this.entries.splice(low, 0, entry);
  }

  cancel(ticket: number): boolean {
    let i = this.entries.length - 1;
    while (i >= 0 && this.entries[i]!.ticket !== ticket) i--;
    if (i >= 0) this.entries.splice(i, 1);
    return i >= 0;
  }

  pop(until: number): Entry | undefined {
    if (this.entries.length === 0 || this.entries[0]!.time > until) return undefined;
    return this.entries.shift();
  }
}

/** Delays of one time scale, of two, with massive ties, and at one instant. */
const delay = fc.oneof(
  fc.nat(1000),
  fc.oneof({ arbitrary: fc.nat(1e3), weight: 9 }, { arbitrary: fc.nat(1e6), weight: 1 }),
  fc.nat(8).map((n) => n * 100),
  fc.constant(0),
  fc.nat(1e12),
);

/** One step: push so many, pop so many, cancel a ticket of any age, or let time pass. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('push' as const), delays: fc.array(delay, { maxLength: 400, size: 'max' }) }),
  fc.record({
    kind: fc.constant('pop' as const),
    count: fc.nat(400),
    within: fc.oneof(fc.constant(1e15), fc.nat(2000)),
  }),
  fc.record({
    kind: fc.constant('hold' as const),
    count: fc.nat(2000),
    delays: fc.array(delay, { minLength: 1, maxLength: 20 }),
  }),
  fc.record({
    kind: fc.constant('cancel' as const),
    picks: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
      maxLength: 300,
      size: 'max',
    }),
  }),
);

/** Drives the list and the reference side by side. */
class Pair {
  readonly list = new EventList();
  readonly reference = new Reference();
  readonly tickets: number[] = [];
  fired = 0;

  push(delay: number): void {
    const time = this.list.time + delay;
    const n = this.tickets.length;
    this.list.push(time, n % 7, n);
    const { ticket } = this.list;
    this.reference.push({ time, ticket, handler: n % 7, argument: n });
    this.tickets.push(ticket);
  }

  pop(until: number): boolean {
    const expected = this.reference.pop(until);
    const handler = this.list.pop(until);
    if (expected === undefined) {
      expect(handler).toBe(-1);
      return false;
    }
    this.fired++;
    if (
      handler !== expected.handler ||
      this.list.time !== expected.time ||
      this.list.argument !== expected.argument
    ) {
      expect({ handler, time: this.list.time, argument: this.list.argument }).toEqual(expected);
    }
    return true;
  }

  cancel(pick: number): void {
    const ticket = this.tickets[Math.floor(pick * this.tickets.length)];
    if (ticket === undefined) return;
    const cancelled = this.list.cancel(ticket);
    if (cancelled !== this.reference.cancel(ticket) || this.list.cancel(ticket))
      expect(ticket).toBe('cancelled once');
  }
}

describe('the event list does what a sorted list does', () => {
  test('for any mix of pushes, pops and cancels, across the switch to the calendar and back', () => {
    let inCalendar = 0;
    let back = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }), (steps) => {
        const pair = new Pair();
        for (const step of steps) {
          if (step.kind === 'push') for (const each of step.delays) pair.push(each);
          else if (step.kind === 'pop') {
            const until = pair.list.time + step.within;
            for (let i = 0; i < step.count && pair.pop(until); i++);
          } else if (step.kind === 'hold') {
            for (let i = 0; i < step.count && pair.pop(1e15); i++)
              pair.push(step.delays[i % step.delays.length]!);
          } else for (const pick of step.picks) pair.cancel(pick);
          expect(pair.list.size).toBe(pair.reference.entries.length);
          if (pair.list.days > 0) inCalendar++;
        }
        while (pair.pop(1e15));
        expect(pair.list.size).toBe(0);
        if (pair.list.days === 0) back++;
      }),
      { numRuns: 300, seed: 1 },
    );
    expect(inCalendar).toBeGreaterThan(500);
    expect(back).toBeGreaterThan(50);
  });

  const random = streams(1, 0).stream('delays');
  test.each<[string, (n: number) => number]>([
    ['one time scale', () => Math.floor(random.exponential(1e6))],
    ['two time scales', (n) => Math.floor(random.exponential(n % 10 === 0 ? 1e9 : 1e6))],
    ['massive ties', () => Math.floor(random.exponential(16))],
    ['constant delays', () => 1000],
    ['bursts after long rests', (n) => (n % 50 === 0 ? 1e12 : random.integer(10))],
    ['a scale that changes', (n) => Math.floor(random.exponential(10 ** (3 + (Math.floor(n / 20_000) % 6))))],
  ])('held at 20 to 2,000 pending: %s', (_, delay) => {
    const pair = new Pair();
    for (const pending of [20, 300, 2000, 300, 20]) {
      while (pair.list.size < pending) pair.push(delay(pair.tickets.length));
      while (pair.list.size > pending) pair.pop(1e16);
      for (let i = 0; i < 30_000; i++) {
        pair.pop(1e16);
        pair.push(delay(i));
      }
      expect(pair.list.days > 0).toBe(pending >= 300);
    }
  });

  test('when most of what is scheduled is cancelled, in heap and calendar', () => {
    for (const pending of [50, 1000]) {
      const pair = new Pair();
      for (let i = 0; i < pending; i++) pair.push(random.integer(1e6));
      for (let i = 0; i < 5_000; i++) {
        for (let k = 0; k < 3; k++) pair.push(random.integer(1e7));
        for (let k = 0; k < 3; k++) pair.cancel(1 - random.uniform() / 100);
        if (pair.pop(1e16)) pair.push(random.integer(1e6));
      }
      expect(pair.list.capacity).toBeLessThanOrEqual(8 * Math.max(pair.list.size, 64));
    }
  });

  test('what never was a ticket cancels nothing', () => {
    const list = new EventList();
    list.push(1, 0, 0);
    const { ticket } = list;
    for (const none of [-1, ticket + 1, ticket + 0.5, Number.NaN, Infinity])
      expect(list.cancel(none)).toBe(false);
    expect(list.pop(1)).toBe(0);
    for (const none of [-1, ticket, Number.NaN]) expect(list.cancel(none)).toBe(false);
  });
});
