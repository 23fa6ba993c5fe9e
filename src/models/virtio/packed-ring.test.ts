/** Driver and device on a packed ring against a naive model: slots counted from the beginning, which never wrap. */
import { describe, expect, test } from 'vitest';
import { type RandomStream, streams } from '../../kernel/random.ts';
import { type Backend, backendRules } from './backend-rules.ts';
import { EMPTY } from './device-queue.ts';
import { NOTHING, type Piece } from './driver-queue.ts';
import { GuestMemory } from './guest-memory.ts';
import { PackedDevice } from './packed-device.ts';
import { PackedDriver } from './packed-driver.ts';
import { AVAIL, DESC, DISABLE, ENABLE, type EventStructure, PackedRing, USED } from './packed-ring.ts';

interface Setup {
  readonly size: number;
  readonly eventIdx: boolean;
  readonly indirect: boolean;
  readonly inOrder: boolean;
  readonly backend: Backend;
}

/** Enough for hundreds of turns of the wrap counters. */
const BUFFERS = 30_000;

const same = (found: unknown, expected: unknown, what: string): void => {
  if (found !== expected) throw new Error(`${what}: ${String(found)} where the naive model has ${expected}`);
};

/** What one side asked for, in slots since the beginning. */
type Wish = { readonly always: boolean } | { readonly slot: number };

/** Whether slots [old, now) hold the one that was asked for; a wish a turn or more old names a slot of this or the last turn. */
const wanted = (wish: Wish, size: number, now: number, old: number): boolean => {
  if ('always' in wish) return wish.always;
  const turn = Math.floor(now / size);
  const sameParity = (Math.floor(wish.slot / size) - turn) % 2 === 0;
  const slot = (wish.slot % size) + size * (sameParity ? turn : turn - 1);
  return slot >= old && slot < now;
};

class Comparison {
  private readonly setup: Setup;
  private readonly random: RandomStream;
  private readonly ring: PackedRing;
  private readonly driver: PackedDriver;
  private readonly device: PackedDevice;
  private readonly offered: { readonly pieces: readonly Piece[]; readonly slots: number }[] = [];
  private readonly held: { readonly index: number; readonly head: number }[] = [];
  private readonly staged: number[] = [];
  private readonly used: number[] = [];
  private popped = 0;
  private reaped = 0;
  // Slots since the beginning.
  private offeredSlots = 0;
  private poppedSlots = 0;
  private usedSlots = 0;
  private reapedSlots = 0;
  private kickedAt = 0;
  private signalledAt: number | null = null;
  private kickWish: Wish = { always: true };
  private signalWish: Wish = { always: true };
  private interruptsOff = false;
  private eventFired = false;
  kicks = 0;

  constructor(setup: Setup, seed: number) {
    this.setup = setup;
    this.random = streams(seed, 0).stream('ring');
    this.ring = new PackedRing(setup.size, setup.eventIdx);
    const { indirect, inOrder } = setup;
    this.driver = new PackedDriver(this.ring, { indirect, inOrder, rearmsWhileReaping: false });
    const rules = backendRules[setup.backend];
    this.device = new PackedDevice(this.ring, new GuestMemory(4096), rules, undefined, inOrder);
  }

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

  private add(): void {
    const { driver, setup, offered, random } = this;
    const count = 1 + random.integer(3);
    const readable = random.integer(count + 1);
    const pieces: Piece[] = Array.from({ length: count }, (_, i) => ({
      address: 2048 * (1 + random.integer(4000)),
      length: 1 + random.integer(2048),
      writable: i >= readable,
    }));
    const free = setup.size - (this.offeredSlots - this.reapedSlots);
    const slots = setup.indirect && count > 1 && free > 0 ? 1 : count;
    const token = offered.length;
    const [{ address, length, writable }] = pieces;
    const added =
      count === 1
        ? driver.addOne(address, length, writable, token)
        : driver.add(pieces, token, 4096 * (1 + (token % 1000)));
    same(added, slots <= free, 'added');
    if (!added) return;
    offered.push({ pieces, slots });
    this.offeredSlots += slots;
  }

  private kick(): void {
    const now = this.offeredSlots;
    const expected = wanted(this.kickWish, this.setup.size, now, this.kickedAt);
    this.kickedAt = now;
    same(this.driver.kickPrepare(), expected, 'kick');
    if (expected) this.kicks++;
  }

  private callbacks(): void {
    const { driver, setup } = this;
    const anyUsed = this.used.length > this.reaped;
    switch (this.random.integer(4)) {
      case 0:
        driver.disableCallbacks();
        if (!this.interruptsOff && !this.eventFired) this.signalWish = { always: false };
        this.interruptsOff = true;
        return;
      case 1:
        same(driver.interrupted(), anyUsed, 'interrupted');
        if (anyUsed && setup.eventIdx) this.eventFired = true;
        return;
      case 2:
        this.armed(0);
        same(driver.enableCallbacks(), anyUsed, 'more used after enabling');
        return;
      default:
        this.armed(Math.floor(((this.offeredSlots - this.reapedSlots) * 3) / 4));
        same(driver.enableCallbacksDelayed(), !anyUsed, 'delayed enabling');
    }
  }

  /** Until its first "disable" Linux leaves the flags as they were at the start: interrupt always. */
  private armed(ahead: number): void {
    const { eventIdx } = this.setup;
    const everOff = !('always' in this.signalWish && this.signalWish.always);
    if (eventIdx && (everOff || this.interruptsOff)) this.signalWish = { slot: this.reapedSlots + ahead };
    else this.signalWish = { always: true };
    this.interruptsOff = false;
    this.eventFired = false;
  }

  private reap(): void {
    const token = this.driver.reap();
    if (this.reaped === this.used.length) {
      same(token, NOTHING, 'reaped');
      return;
    }
    same(token, this.used[this.reaped], 'reaped');
    this.reapedSlots += this.offered[token].slots;
    this.reaped++;
    if (!this.interruptsOff && 'slot' in this.signalWish) this.signalWish = { slot: this.reapedSlots };
  }

  private pop(): void {
    const { device, offered, popped } = this;
    const head = device.pop();
    if (popped === offered.length) {
      same(head, EMPTY, 'popped');
      return;
    }
    same(head >= 0, true, 'popped');
    const { pieces, slots } = offered[popped];
    same(device.pieces, pieces.length, 'pieces');
    const readable = device.rules.ignoresDirection ? 0 : pieces.filter(({ writable }) => !writable).length;
    same(device.readable, readable, 'readable pieces');
    pieces.forEach(({ address, length }, i) => {
      same(device.address[i], address, 'address');
      same(device.length[i], length, 'length');
    });
    this.held.push({ index: popped, head });
    this.popped++;
    this.poppedSlots += slots;
  }

  /** A device may use buffers in any order, unless it promised not to. */
  private push(): void {
    if (this.held.length === 0) return;
    const which = this.setup.inOrder ? 0 : this.random.integer(this.held.length);
    const [{ index, head }] = this.held.splice(which, 1);
    this.device.push(head, 0);
    this.staged.push(index);
  }

  /** Backends decide about a signal at each flush; here only now and then, but before a whole turn has passed. */
  private flush(): void {
    const slots = this.staged.reduce((sum, index) => sum + this.offered[index].slots, 0);
    if (this.signalledAt !== null && this.usedSlots + slots - this.signalledAt > this.setup.size)
      this.signal();
    this.device.flush();
    for (const index of this.staged) {
      const before = Math.floor(this.usedSlots / this.setup.size);
      this.usedSlots += this.offered[index].slots;
      const turned = Math.floor(this.usedSlots / this.setup.size) > before;
      if (turned && this.setup.backend === 'qemu') this.signalledAt = null;
    }
    this.used.push(...this.staged.splice(0));
  }

  private signal(): void {
    const now = this.usedSlots;
    const { signalWish, signalledAt } = this;
    // With nothing used since, neither answer is wrong; the devices take it for a whole turn.
    const expected =
      ('slot' in signalWish && signalledAt === null) ||
      wanted(
        signalWish,
        this.setup.size,
        now,
        signalledAt === null || signalledAt === now ? now - this.setup.size : signalledAt,
      );
    this.signalledAt = now;
    same(this.device.shouldSignal(), expected, 'signal');
  }

  private notifications(): void {
    const { device, offered } = this;
    if (this.random.bernoulli(0.5)) {
      device.suppressKicks();
      this.kickWish = { always: false };
      return;
    }
    this.kickWish = this.setup.eventIdx ? { slot: this.poppedSlots } : { always: true };
    same(device.allowKicks(), this.popped < offered.length, 'more available after enabling');
  }

  private check(): void {
    const { driver, device, ring, setup } = this;
    const outstanding = this.offered.length - this.reaped;
    same(driver.outstanding, outstanding, 'outstanding');
    same(driver.numFree, setup.size - (this.offeredSlots - this.reapedSlots), 'free slots');
    same(driver.moreUsed, this.used.length > this.reaped, 'more used');
    same(device.availableNow, this.popped < this.offered.length, 'available now');
    same(device.fault, null, 'fault');
    same(ring.indirect.size <= outstanding, true, 'indirect tables are given back');
  }
}

const cases: readonly Setup[] = [
  ...[true, false].flatMap((eventIdx) =>
    [true, false].flatMap((indirect) =>
      [true, false].flatMap((inOrder) =>
        (['qemu', 'dpdk', 'hardware'] as const).map((backend) => ({
          ...{ size: 5, eventIdx, indirect, inOrder, backend },
        })),
      ),
    ),
  ),
  { size: 256, eventIdx: true, indirect: true, inOrder: false, backend: 'qemu' },
  { size: 100, eventIdx: true, indirect: false, inOrder: true, backend: 'dpdk' },
];

describe('a packed ring does what the naive model foresees through many turns', () => {
  test.each(cases)(
    'size $size, event index $eventIdx, indirect $indirect, in order $inOrder, $backend',
    (setup) => {
      const comparison = new Comparison(setup, 1);
      comparison.run();
      expect(comparison.kicks).toBeGreaterThan(0);
    },
  );
});

describe('what stands in memory', () => {
  const open = (size = 4, inOrder = false) => {
    const ring = new PackedRing(size, true);
    const driver = new PackedDriver(ring, { indirect: true, inOrder, rearmsWhileReaping: false });
    const device = new PackedDevice(ring, new GuestMemory(64), backendRules.dpdk, undefined, inOrder);
    const send = (token: number): boolean => driver.addOne(2048, 64, false, token);
    const use = (count: number): void => {
      for (let i = 0; i < count; i++) device.push(device.pop(), 0);
      device.flush();
    };
    return { ring, driver, device, send, use };
  };
  const bits = (ring: PackedRing): number[] => [...ring.table.flags].map((flags) => flags & (AVAIL | USED));

  test('the specification’s bits: available is AVAIL without USED in the first turn, the other way round in the second', () => {
    const { ring, driver, send, use } = open();
    send(0);
    expect(bits(ring)).toEqual([AVAIL, 0, 0, 0]);
    use(1);
    expect(bits(ring)).toEqual([AVAIL | USED, 0, 0, 0]);
    driver.reap();
    for (let token = 1; token < 5; token++) send(token);
    expect(bits(ring)).toEqual([USED, AVAIL, AVAIL, AVAIL]);
    use(4);
    expect(bits(ring)).toEqual([0, AVAIL | USED, AVAIL | USED, AVAIL | USED]);
  });

  test('a chain takes its slots, and one used descriptor gives them all back', () => {
    const ring = new PackedRing(4, true);
    const driver = new PackedDriver(ring, { indirect: false, inOrder: false, rearmsWhileReaping: false });
    const device = new PackedDevice(ring, new GuestMemory(64), backendRules.qemu);
    const piece = { address: 2048, length: 64, writable: false };
    driver.add([piece, piece, piece], 7);
    expect(driver.numFree).toBe(1);
    device.push(device.pop(), 0);
    device.flush();
    expect(bits(ring)).toEqual([AVAIL | USED, AVAIL, AVAIL, 0]);
    expect([driver.reap(), driver.numFree, driver.moreUsed]).toEqual([7, 4, false]);
  });

  test('in order, one used descriptor speaks for a batch: it names the last buffer, in the place of the first', () => {
    const { ring, driver, send, use } = open(4, true);
    for (let token = 0; token < 3; token++) send(token);
    use(3);
    expect(bits(ring)).toEqual([AVAIL | USED, AVAIL, AVAIL, 0]);
    expect(ring.table.next[0]).toBe(2);
    expect([driver.reap(), driver.reap(), driver.reap(), driver.reap()]).toEqual([0, 1, 2, NOTHING]);
  });

  test('"no kicks" is written, unlike on a split ring with EVENT_IDX', () => {
    const { ring, driver, device, send } = open();
    device.allowKicks();
    expect(ring.deviceEvent).toEqual({ offWrap: 0x8000, flags: DESC } satisfies EventStructure);
    device.suppressKicks();
    expect(ring.deviceEvent.flags).toBe(DISABLE);
    send(0);
    expect(driver.kickPrepare()).toBe(false);
  });

  test('without EVENT_IDX the flags say always or never', () => {
    const ring = new PackedRing(4, false);
    const driver = new PackedDriver(ring, { indirect: false, inOrder: false, rearmsWhileReaping: false });
    driver.disableCallbacks();
    expect(ring.driverEvent.flags).toBe(DISABLE);
    driver.enableCallbacks();
    expect(ring.driverEvent.flags).toBe(ENABLE);
  });

  test('completions are asked for at 3/4 of the slots outstanding', () => {
    const { ring, driver, send } = open(8);
    driver.disableCallbacks();
    for (let token = 0; token < 8; token++) send(token);
    driver.enableCallbacksDelayed();
    expect(ring.driverEvent).toEqual({ offWrap: 0x8000 | 6, flags: DESC });
  });

  test('may have any number of slots up to 32,768', () => {
    for (const size of [0, 32_769, 2.5]) expect(() => new PackedRing(size, true)).toThrow(RangeError);
    expect(new PackedRing(3, true).size).toBe(3);
  });

  test.each([
    [3, 'used id is not a head'],
    [4, 'used id out of range'],
  ])('is broken for the driver when the device returns id %i, which it never got', (id, fault) => {
    const { ring, driver, send } = open();
    send(7);
    ring.table.next[0] = id;
    ring.table.flags[0] = AVAIL | USED;
    expect([driver.reap(), driver.fault]).toEqual([NOTHING, fault]);
    expect([driver.moreUsed, send(8), driver.kickPrepare()]).toEqual([false, false, false]);
  });
});
