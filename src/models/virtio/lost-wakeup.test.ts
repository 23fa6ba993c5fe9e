/**
 * Every interleaving of a driver, its interrupt and NAPI, and a device on a tiny ring: whatever the order, each buffer
 * that was offered is used and comes back. One side's steps may also fall between two memory accesses of the other.
 */
import { describe, expect, test } from 'vitest';
import { type Backend, backendRules } from './backend-rules.ts';
import { type DeviceQueue, EMPTY } from './device-queue.ts';
import { type DriverQueue, NOTHING } from './driver-queue.ts';
import { type Explorer, explore } from './explore.test-support.ts';
import { GuestMemory } from './guest-memory.ts';
import { PackedDevice } from './packed-device.ts';
import { PackedDriver } from './packed-driver.ts';
import { AVAIL, PackedRing, USED } from './packed-ring.ts';
import { SplitDevice } from './split-device.ts';
import { SplitDriver } from './split-driver.ts';
import { SplitRing } from './split-ring.ts';

interface Setup {
  readonly packed?: boolean;
  readonly eventIdx: boolean;
  readonly backend: Backend;
  /** `transmit`: start_xmit reaps and asks for the interrupt after 3/4; `receive`: only NAPI reaps. */
  readonly direction: 'transmit' | 'receive';
  readonly rearmsWhileReaping?: boolean;
  /** Where the u16 indices begin. */
  readonly start?: number;
  readonly buffers?: number;
  /** Steps of the other side that may fall inside a step, in all. */
  readonly preemptions?: number;
  readonly device?: typeof SplitDevice;
  readonly packedDevice?: typeof PackedDevice;
  readonly driver?: typeof SplitDriver;
}

const SPLIT_FIELDS = ['availIdx', 'usedIdx', 'availEvent', 'usedEvent', 'availFlags', 'usedFlags'] as const;

/** What both sides see of a ring, with `accessed` called before each access. @returns how to write it down. */
const watchSplit = (ring: SplitRing, accessed: () => void): (() => unknown) => {
  watchFields(ring, SPLIT_FIELDS, accessed);
  return () => [
    ...SPLIT_FIELDS.map((field) => ring[field]),
    ring.avail.join(),
    ring.usedId.join(),
    ring.table.next.join(),
  ];
};

const watchPacked = (ring: PackedRing, accessed: () => void): (() => unknown) => {
  const { driverEvent, deviceEvent, table } = ring;
  for (const event of [driverEvent, deviceEvent]) watchFields(event, ['offWrap', 'flags'], accessed);
  const { flags } = table;
  const watched = new Proxy(flags, {
    get: (target, key) => {
      accessed();
      return Reflect.get(target, key, target) as unknown;
    },
    set: (target, key, value) => {
      accessed();
      return Reflect.set(target, key, value, target);
    },
  });
  Object.assign(table, { flags: watched });
  return () => [driverEvent, deviceEvent, flags.join(), table.next.join()];
};

const watchFields = <T extends object>(
  target: T,
  fields: readonly (keyof T)[],
  accessed: () => void,
): void => {
  for (const field of fields) {
    let value = target[field];
    Object.defineProperty(target, field, {
      enumerable: true,
      get: () => {
        accessed();
        return value;
      },
      set: (written: T[keyof T]) => {
        accessed();
        value = written;
      },
    });
  }
};

/** Fields that are no state, or are told apart otherwise. */
const UNCHANGING = new Set([
  ...[
    'ring',
    'lines',
    'indirect',
    'memory',
    'rules',
    'rule',
    'marked',
    'options',
    'explorer',
    'setup',
    'steps',
  ],
  ...['address', 'length', 'tableAddress', 'shared'],
]);

type Side = 'driver' | 'device';
interface Step {
  readonly side: Side;
  readonly enabled: () => boolean;
  readonly run: () => void;
}

/** Sender, interrupt, NAPI and device as state machines over a real ring. */
class Model {
  readonly driver: DriverQueue;
  readonly device: DeviceQueue;
  private readonly shared: () => unknown;
  private readonly setup: Setup;
  private readonly explorer: Explorer;
  private readonly buffers: number;
  private left: number;
  private side: Side | null = null;
  private nested = false;

  private offered = 0;
  private returned = 0;
  private kicked = false;
  private interrupt = false;
  private napiScheduled = false;
  private sender: 'add' | 'decide' = 'add';
  private napi: 'asleep' | 'reap' | 'enable' = 'asleep';
  private backend: 'asleep' | 'pop' | 'flush' | 'signal' | 'allow' | 'look again' = 'asleep';
  private poppedSinceAllowed = 0;

  constructor(setup: Setup, explorer: Explorer) {
    const { eventIdx, backend, start = 0, rearmsWhileReaping = false } = setup;
    this.setup = setup;
    this.explorer = explorer;
    this.buffers = setup.buffers ?? 3;
    this.left = setup.preemptions ?? 2;
    const options = { indirect: false, inOrder: false, rearmsWhileReaping };
    const memory = new GuestMemory(8);
    const rules = backendRules[backend];
    if (setup.packed === true) {
      const ring = new PackedRing(2, eventIdx);
      this.driver = new PackedDriver(ring, options);
      this.device = new (setup.packedDevice ?? PackedDevice)(ring, memory, rules);
      if (start !== 0) this.startPackedAt(ring);
      this.device.allowKicks();
      this.shared = watchPacked(ring, () => this.accessed());
    } else {
      const ring = new SplitRing(2, eventIdx);
      this.driver = new (setup.driver ?? SplitDriver)(ring, options);
      this.device = new (setup.device ?? SplitDevice)(ring, memory, rules);
      if (start !== 0) this.startAt(ring, start);
      this.device.allowKicks();
      this.shared = watchSplit(ring, () => this.accessed());
    }
  }

  private startAt(ring: SplitRing, start: number): void {
    Object.assign(ring, { availIdx: start, usedIdx: start, availEvent: start, usedEvent: start });
    Object.assign(this.driver, { availShadow: start, lastUsed: start });
    Object.assign(this.device, { lastAvail: start, shadowAvail: start, signalledUsed: start });
  }

  /** In the middle of the second turn. */
  private startPackedAt({ driverEvent, table }: PackedRing): void {
    driverEvent.offWrap = 1;
    // The slots of the first turn were used under wrap counter 1, slot 0 of the second one under 0.
    table.flags.set([0, AVAIL | USED]);
    Object.assign(this.driver, { nextAvail: 1, availWrap: false, lastUsed: 1, usedWrap: false });
    Object.assign(this.device, {
      lastAvail: 1,
      availWrap: false,
      usedIdx: 1,
      usedWrap: false,
      signalledUsed: 1,
    });
  }

  private accessed(): void {
    const { side } = this;
    if (side === null || this.nested) return;
    for (; this.left > 0; this.left--) {
      const steps = this.steps.filter((step) => step.side !== side && step.enabled());
      const choice = this.explorer.choose(steps.length + 1);
      if (choice === 0) return;
      this.nested = true;
      steps[choice - 1].run();
      this.nested = false;
    }
  }

  /** Takes steps until nobody can. */
  run(): void {
    for (;;) {
      if (this.explorer.seen(() => this.state())) return;
      const steps = this.steps.filter((step) => step.enabled());
      if (steps.length === 0) break;
      const step = steps[this.explorer.choose(steps.length)];
      this.side = step.side;
      step.run();
      this.side = null;
    }
    if (this.offered !== this.buffers || this.returned !== this.buffers) {
      throw new Error(
        `a wake-up is lost: ${this.offered} of ${this.buffers} offered, ${this.returned} returned`,
      );
    }
  }

  private state(): string {
    const { nested } = this;
    this.nested = true;
    const state = JSON.stringify([this, this.shared()], (key, value) =>
      UNCHANGING.has(key) || key === 'nested' ? undefined : value,
    );
    this.nested = nested;
    return state;
  }

  private readonly steps: readonly Step[] = [
    {
      side: 'driver',
      enabled: () => this.sender === 'decide' || (this.offered < this.buffers && this.driver.numFree > 0),
      run: () => this.send(),
    },
    { side: 'driver', enabled: () => this.interrupt, run: () => this.interrupted() },
    { side: 'driver', enabled: () => this.napiScheduled || this.napi !== 'asleep', run: () => this.poll() },
    { side: 'device', enabled: () => this.kicked || this.backend !== 'asleep', run: () => this.serve() },
  ];

  private send(): void {
    const { driver } = this;
    if (this.sender === 'decide') {
      this.sender = 'add';
      if (driver.kickPrepare()) this.kicked = true;
      return;
    }
    if (this.setup.direction === 'transmit') {
      do {
        driver.disableCallbacks();
        while (driver.reap() !== NOTHING) this.returned++;
      } while (!driver.enableCallbacksDelayed());
    }
    driver.addOne(2048, 64, this.setup.direction === 'receive', this.offered++);
    this.sender = 'decide';
  }

  private interrupted(): void {
    this.interrupt = false;
    if (!this.driver.interrupted()) return;
    this.napiScheduled = true;
    this.driver.disableCallbacks();
  }

  private poll(): void {
    const { driver } = this;
    if (this.napi === 'asleep') {
      this.napiScheduled = false;
      this.napi = 'reap';
    } else if (this.napi === 'reap') {
      if (driver.reap() === NOTHING) this.napi = 'enable';
      else this.returned++;
    } else {
      this.napi = 'asleep';
      if (!driver.enableCallbacks()) return;
      driver.disableCallbacks();
      this.napi = 'reap';
    }
  }

  private serve(): void {
    const { device } = this;
    const qemu = this.setup.backend === 'qemu';
    switch (this.backend) {
      case 'asleep':
        this.kicked = false;
        device.suppressKicks();
        this.backend = 'pop';
        return;
      case 'pop': {
        const head = device.pop();
        if (head === EMPTY) {
          this.backend = qemu ? 'allow' : 'flush';
          return;
        }
        device.push(head, 0);
        if (qemu) this.backend = 'flush';
        return;
      }
      case 'flush':
        device.flush();
        this.backend = 'signal';
        return;
      case 'signal':
        if (device.shouldSignal()) this.interrupt = true;
        this.backend = qemu ? 'pop' : 'allow';
        return;
      case 'allow':
        this.allow();
        return;
      case 'look again':
        this.lookAgain();
    }
  }

  /** vhost: what slipped in is found by the enabling itself; QEMU flushes the ring once more. */
  private allow(): void {
    const { device } = this;
    if (this.setup.backend === 'qemu') {
      device.allowKicks();
      this.poppedSinceAllowed = 0;
      this.backend = 'look again';
    } else if (device.availableNow) this.backend = 'pop';
    else if (device.allowKicks()) {
      device.suppressKicks();
      this.backend = 'pop';
    } else this.backend = 'asleep';
  }

  private lookAgain(): void {
    const { device } = this;
    const head = device.pop();
    if (head !== EMPTY) {
      device.push(head, 0);
      device.flush();
      if (device.shouldSignal()) this.interrupt = true;
      this.poppedSinceAllowed++;
      return;
    }
    this.backend = 'asleep';
    if (this.poppedSinceAllowed === 0) return;
    device.suppressKicks();
    this.backend = 'pop';
  }
}

const runs = (setup: Setup): number => explore((explorer) => new Model(setup, explorer).run());

const layouts = [
  { layout: 'split', packed: false, backend: 'vhost' },
  { layout: 'split', packed: false, backend: 'qemu' },
  { layout: 'packed', packed: true, backend: 'dpdk' },
  { layout: 'packed', packed: true, backend: 'qemu' },
] as const;
const setups = layouts.flatMap((layout) =>
  [true, false].flatMap((eventIdx) =>
    (['transmit', 'receive'] as const).map((direction) => ({ ...layout, eventIdx, direction })),
  ),
);

describe('no wake-up is lost, in any order of steps', () => {
  test.each(setups)('$layout, $backend, event index $eventIdx, $direction', (setup) => {
    expect(runs({ ...setup, preemptions: 0 })).toBeGreaterThan(1000);
  });

  test.each(setups)(
    '$layout, $backend, event index $eventIdx, $direction, where the indices wrap',
    (setup) => {
      expect(runs({ ...setup, preemptions: 0, buffers: 2, start: 0xffff })).toBeGreaterThan(100);
    },
  );

  test.each(setups.filter(({ eventIdx }) => eventIdx))(
    '$layout, $backend, $direction, with a guest kernel that re-arms',
    (setup) => {
      expect(runs({ ...setup, preemptions: 0, rearmsWhileReaping: true })).toBeGreaterThan(1000);
    },
  );
});

describe('no wake-up is lost when steps fall between the memory accesses of the other side', () => {
  test.each(setups)('$layout, $backend, event index $eventIdx, $direction', (setup) => {
    expect(runs({ ...setup, buffers: 2, preemptions: 2 })).toBeGreaterThan(1000);
  });
});

describe('the enumeration would notice', () => {
  test('a device on a packed ring that does not look again after it allowed kicks', () => {
    class Careless extends PackedDevice {
      override allowKicks(): boolean {
        super.allowKicks();
        return false;
      }
    }
    const setup = { packed: true, eventIdx: true, backend: 'dpdk', direction: 'receive' } as const;
    expect(() => runs({ ...setup, packedDevice: Careless })).toThrow(/a wake-up is lost/);
  });

  const base = { eventIdx: true, backend: 'vhost', direction: 'receive' } as const;

  test('a device that does not look again after it allowed kicks', () => {
    class Careless extends SplitDevice {
      override allowKicks(): boolean {
        super.allowKicks();
        return false;
      }
    }
    expect(() => runs({ ...base, device: Careless })).toThrow(/a wake-up is lost/);
  });

  test('a device that looks first and allows kicks then', () => {
    class Hasty extends SplitDevice {
      override allowKicks(): boolean {
        const more = this.availableNow;
        super.allowKicks();
        return more;
      }
    }
    expect(() => runs({ ...base, device: Hasty })).toThrow(/a wake-up is lost/);
  });

  test('a driver that does not look again after it allowed interrupts', () => {
    class Careless extends SplitDriver {
      override enableCallbacks(): boolean {
        super.enableCallbacks();
        return false;
      }
    }
    expect(() => runs({ ...base, driver: Careless })).toThrow(/a wake-up is lost/);
  });

  test('a device that makes its interrupt decision before it publishes', () => {
    class Early extends SplitDevice {
      private decision = false;
      override flush(): void {
        this.decision = super.shouldSignal();
        super.flush();
      }
      override shouldSignal(): boolean {
        return this.decision;
      }
    }
    expect(() => runs({ ...base, device: Early })).toThrow(/a wake-up is lost/);
  });
});
