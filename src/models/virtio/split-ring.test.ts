/** Driver and device together against a naive model: plain arrays, and indices that never wrap. */
import { describe, expect, test } from 'vitest';
import { type RandomStream, streams } from '../../kernel/random.ts';
import { type Backend, backendRules, VHOST } from './backend-rules.ts';
import { EMPTY } from './device-queue.ts';
import { NOTHING, type Piece } from './driver-queue.ts';
import { GuestMemory } from './guest-memory.ts';
import { SplitDevice } from './split-device.ts';
import { SplitDriver } from './split-driver.ts';
import { SplitRing } from './split-ring.ts';

interface Setup {
  readonly size: number;
  readonly eventIdx: boolean;
  readonly indirect: boolean;
  readonly backend: Backend;
}

/** More than three turns of the u16 indices. */
const BUFFERS = 3 * 65_536 + 1000;

/** Millions of comparisons: as cheap as they can be. */
const same = (found: unknown, expected: unknown, what: string): void => {
  if (found !== expected) throw new Error(`${what}: ${String(found)} where the naive model has ${expected}`);
};

/** Some i in (old, now] is `event` + 1, modulo 2^16: what the specification says in words. */
const passes = (event: number, now: number, old: number): boolean => {
  for (let i = old + 1; i <= now; i++) if ((i - event - 1) % 65_536 === 0) return true;
  return false;
};

/** Takes both sides through random steps; every answer is foreseen from what happened so far. */
class Comparison {
  private readonly setup: Setup;
  private readonly random: RandomStream;
  private readonly ring: SplitRing;
  private readonly driver: SplitDriver;
  private readonly device: SplitDevice;

  /** Everything ever offered; an index into it is an absolute one. */
  private readonly offered: { readonly pieces: readonly Piece[]; readonly slots: number }[] = [];
  private readonly held: { readonly index: number; readonly head: number }[] = [];
  private readonly staged: number[] = [];
  private readonly used: number[] = [];
  private popped = 0;
  private reaped = 0;
  private slotsInUse = 0;
  /** The available index that the device read last; it reads only when it has popped all it knew of. */
  private seen = 0;

  private kickedAt = 0;
  private signalledAt = 0;
  private signalledBefore = false;
  /** The events as last written; stale ones match again after 2^16 entries. */
  private availEvent = 0;
  private usedEvent = 0;
  private kicksOff = false;
  private interruptsOff = false;
  private eventFired = false;

  kicks = 0;
  enables = 0;

  constructor(setup: Setup, seed: number) {
    this.setup = setup;
    this.random = streams(seed, 0).stream('ring');
    this.ring = new SplitRing(setup.size, setup.eventIdx);
    this.driver = new SplitDriver(this.ring, {
      indirect: setup.indirect,
      inOrder: false,
      rearmsWhileReaping: false,
    });
    this.device = new SplitDevice(this.ring, new GuestMemory(4096), backendRules[setup.backend]);
  }

  /** Driver and device are ahead in turn, so that the ring is often full and often empty. */
  run(): void {
    const { random, setup } = this;
    for (let turn = 0; this.reaped < BUFFERS; turn++) {
      const steps = 1 + random.integer(4 * setup.size);
      for (let i = 0; i < steps; i++) this.driverStep(random.integer(turn % 2 === 0 ? 4 : 9));
      for (let i = 0; i < steps; i++) this.deviceStep(random.integer(9));
      this.check();
    }
  }

  private driverStep(choice: number): void {
    if (choice < 3) this.add();
    else if (choice === 3) this.kick();
    else if (choice === 4) this.callbacks();
    else this.reap();
  }

  private deviceStep(choice: number): void {
    if (choice < 3) this.pop();
    else if (choice < 6) this.push();
    else if (choice === 6) this.flush();
    else if (choice === 7) this.signal();
    else this.notifications();
  }

  private buffer(): Piece[] {
    const { random } = this;
    const count = 1 + random.integer(3);
    const readable = random.integer(count + 1);
    return Array.from({ length: count }, (_, i) => ({
      address: 2048 * (1 + random.integer(4000)),
      length: 1 + random.integer(2048),
      writable: i >= readable,
    }));
  }

  private add(): void {
    const { driver, setup, offered } = this;
    const pieces = this.buffer();
    const free = setup.size - this.slotsInUse;
    const slots = setup.indirect && pieces.length > 1 && free > 0 ? 1 : pieces.length;
    const [{ address, length, writable }] = pieces;
    const token = offered.length;
    const added =
      pieces.length === 1
        ? driver.addOne(address, length, writable, token)
        : driver.add(pieces, token, 4096 * (1 + (token % 1000)));
    same(added, slots <= free, 'added');
    if (!added) return;
    offered.push({ pieces, slots });
    this.slotsInUse += slots;
  }

  private kick(): void {
    const now = this.offered.length;
    const expected = this.setup.eventIdx ? passes(this.availEvent, now, this.kickedAt) : !this.kicksOff;
    this.kickedAt = now;
    same(this.driver.kickPrepare(), expected, 'kick');
    if (expected) this.kicks++;
  }

  private callbacks(): void {
    const { driver, setup } = this;
    const used = this.used.length - this.reaped;
    switch (this.random.integer(4)) {
      case 0:
        driver.disableCallbacks();
        if (!this.interruptsOff && !this.eventFired) this.usedEvent = 0;
        this.interruptsOff = true;
        return;
      case 1:
        same(driver.interrupted(), used > 0, 'interrupted');
        if (used > 0 && setup.eventIdx) this.eventFired = true;
        return;
      case 2:
        this.armed(0);
        same(driver.enableCallbacks(), used > 0, 'more used after enabling');
        return;
      default: {
        const enough = Math.floor(((this.offered.length - this.reaped) * 3) / 4);
        this.armed(enough);
        same(driver.enableCallbacksDelayed(), used <= enough, 'delayed enabling');
      }
    }
  }

  private armed(ahead: number): void {
    this.interruptsOff = false;
    this.eventFired = false;
    this.usedEvent = this.reaped + ahead;
  }

  private reap(): void {
    const token = this.driver.reap();
    if (this.reaped === this.used.length) {
      same(token, NOTHING, 'reaped');
      return;
    }
    same(token, this.used[this.reaped], 'reaped');
    this.slotsInUse -= this.offered[token].slots;
    this.reaped++;
    if (!this.interruptsOff) this.usedEvent = this.reaped;
  }

  private pop(): void {
    const { device, offered, popped } = this;
    const head = device.pop();
    if (popped === this.seen) this.seen = offered.length;
    if (popped === offered.length) {
      same(head, EMPTY, 'popped');
      return;
    }
    same(head >= 0, true, 'popped a head');
    const { pieces } = offered[popped];
    same(device.pieces, pieces.length, 'pieces');
    same(device.readable, pieces.filter(({ writable }) => !writable).length, 'readable pieces');
    pieces.forEach(({ address, length }, i) => {
      same(device.address[i], address, 'address');
      same(device.length[i], length, 'length');
    });
    this.held.push({ index: popped, head });
    this.popped++;
    if (this.setup.backend === 'qemu' && !this.kicksOff) this.availEvent = this.popped;
  }

  /** A device may use buffers in any order. */
  private push(): void {
    if (this.held.length === 0) return;
    const [{ index, head }] = this.held.splice(this.random.integer(this.held.length), 1);
    this.device.push(head, 0);
    this.staged.push(index);
  }

  private flush(): void {
    this.device.flush();
    this.used.push(...this.staged.splice(0));
  }

  private signal(): void {
    const now = this.used.length;
    const expected = this.setup.eventIdx
      ? !this.signalledBefore || passes(this.usedEvent, now, this.signalledAt)
      : !this.interruptsOff;
    this.signalledBefore = true;
    this.signalledAt = now;
    same(this.device.shouldSignal(), expected, 'signal');
  }

  private notifications(): void {
    const { device, setup, offered } = this;
    this.kicksOff = this.random.bernoulli(0.5);
    if (this.kicksOff) {
      device.suppressKicks();
      return;
    }
    this.enables++;
    this.availEvent = setup.backend === 'qemu' ? offered.length : this.seen;
    same(device.allowKicks(), this.popped < offered.length, 'more available after enabling');
  }

  private check(): void {
    const { driver, device, ring, setup } = this;
    const outstanding = this.offered.length - this.reaped;
    same(driver.outstanding, outstanding, 'outstanding');
    same(outstanding <= setup.size, true, 'in flight fits the ring');
    same(driver.numFree, setup.size - this.slotsInUse, 'free slots');
    same(driver.moreUsed, this.used.length > this.reaped, 'more used');
    same(ring.availIdx, this.offered.length % 65_536, 'available index');
    same(ring.usedIdx, this.used.length % 65_536, 'used index');
    same(device.availableNow, this.popped < this.offered.length, 'available now');
    same(device.fault, null, 'fault');
    same(ring.indirect.size <= outstanding, true, 'indirect tables are given back');
  }
}

const cases: readonly Setup[] = [
  ...[true, false].flatMap((eventIdx) =>
    [true, false].flatMap((indirect) =>
      (['vhost', 'qemu'] as const).map((backend) => ({ size: 4, eventIdx, indirect, backend })),
    ),
  ),
  { size: 256, eventIdx: true, indirect: true, backend: 'vhost' },
  { size: 256, eventIdx: false, indirect: false, backend: 'qemu' },
];

describe('a split ring does what the naive model foresees through more than three turns of its indices', () => {
  test.each(cases)('size $size, event index $eventIdx, indirect $indirect, $backend', (setup) => {
    const comparison = new Comparison(setup, 1);
    comparison.run();
    // Invariant 2: a stale event index lets through one kick per enabling (and one per turn of the index).
    if (setup.eventIdx && setup.backend === 'vhost') {
      expect(comparison.kicks).toBeLessThanOrEqual(comparison.enables + 1 + 4);
    }
    expect(comparison.kicks).toBeGreaterThan(0);
  });
});

describe('a ring', () => {
  test('has a power of two of entries, at most 32,768', () => {
    for (const size of [0, 3, 100, 65_536]) expect(() => new SplitRing(size, true)).toThrow(RangeError);
    expect(new SplitRing(32_768, true).table.size).toBe(32_768);
  });

  test('refuses a buffer that needs more slots than are free, and takes it when there is one slot for its table', () => {
    const pieces: Piece[] = [0, 1, 2].map((i) => ({ address: 4096 * i, length: 64, writable: false }));
    const direct = new SplitDriver(new SplitRing(4, true), {
      indirect: false,
      inOrder: false,
      rearmsWhileReaping: false,
    });
    expect(direct.add(pieces, 1)).toBe(true);
    expect(direct.numFree).toBe(1);
    expect(direct.add(pieces, 2)).toBe(false);
    expect(direct.addOne(4096, 64, false, 3)).toBe(true);
    expect(direct.addOne(4096, 64, false, 4)).toBe(false);
    const indirect = new SplitDriver(new SplitRing(4, true), {
      indirect: true,
      inOrder: false,
      rearmsWhileReaping: false,
    });
    for (let i = 0; i < 4; i++) expect(indirect.add(pieces, i, 65_536 * (i + 1))).toBe(true);
    expect(indirect.add(pieces, 5, 1)).toBe(false);
  });

  test.each([
    [3, 'used id is not a head'],
    [4, 'used id out of range'],
    [1000, 'used id out of range'],
  ])(
    'is broken for the driver, and for good, when the device returns id %i, which it never got',
    (id, fault) => {
      const ring = new SplitRing(4, true);
      const driver = new SplitDriver(ring, { indirect: false, inOrder: false, rearmsWhileReaping: false });
      driver.addOne(4096, 64, true, 7);
      ring.usedId[0] = id;
      ring.usedIdx = 1;
      expect(driver.moreUsed).toBe(true);
      expect([driver.reap(), driver.fault]).toEqual([NOTHING, fault]);
      // The good id behind the bad one is not looked at, nothing is offered, nobody is kicked, nothing is waited for.
      ring.usedId[1] = 0;
      ring.usedIdx = 2;
      expect([driver.reap(), driver.moreUsed, driver.interrupted()]).toEqual([NOTHING, false, false]);
      expect([driver.addOne(8192, 64, true, 8), driver.add([], 9)]).toEqual([false, false]);
      expect([driver.kickPrepare(), ring.availIdx]).toEqual([false, 1]);
      expect([driver.enableCallbacks(), driver.enableCallbacksDelayed()]).toEqual([false, true]);
    },
  );

  test('does not let a device use more buffers than it took', () => {
    const ring = new SplitRing(4, true);
    const driver = new SplitDriver(ring, { indirect: false, inOrder: false, rearmsWhileReaping: false });
    const device = new SplitDevice(ring, new GuestMemory(16), VHOST);
    driver.addOne(4096, 64, true, 7);
    const head = device.pop();
    device.push(head, 64);
    device.push(head, 64);
    expect(() => device.flush()).toThrow(/more buffers were used/);
  });

  test('offers a buffer again after the device gave it back unused', () => {
    const ring = new SplitRing(4, true);
    const driver = new SplitDriver(ring, { indirect: false, inOrder: false, rearmsWhileReaping: false });
    const device = new SplitDevice(ring, new GuestMemory(16), VHOST);
    driver.addOne(4096, 64, true, 7);
    driver.addOne(8192, 64, true, 8);
    device.mark();
    const first = device.pop();
    device.pop();
    device.rewind();
    expect(device.pop()).toBe(first);
    expect(device.address[0]).toBe(4096);
  });

  test('shows used buffers at the flush, all at once', () => {
    const ring = new SplitRing(4, true);
    const driver = new SplitDriver(ring, { indirect: false, inOrder: false, rearmsWhileReaping: false });
    const device = new SplitDevice(ring, new GuestMemory(16), VHOST);
    for (let token = 0; token < 3; token++) driver.addOne(4096, 64, true, token);
    for (let i = 0; i < 3; i++) device.push(device.pop(), 64);
    expect(driver.moreUsed).toBe(false);
    device.flush();
    expect([driver.reap(), driver.reap(), driver.reap(), driver.reap()]).toEqual([0, 1, 2, NOTHING]);
  });
});
