/** Who writes what to hold back kicks and interrupts, literally as Linux (virtio_ring.c, vhost.c) and QEMU (virtio.c) have it. */
import { describe, expect, test } from 'vitest';
import { type Backend, backendRules } from './backend-rules.ts';
import { EMPTY } from './device-queue.ts';
import { GuestMemory } from './guest-memory.ts';
import { SplitDevice } from './split-device.ts';
import { SplitDriver } from './split-driver.ts';
import { NO_INTERRUPT, NO_NOTIFY, SplitRing } from './split-ring.ts';

const SIZE = 256;
const NEVER_WRITTEN = 0x5555;

interface Options {
  readonly eventIdx?: boolean;
  readonly backend?: Backend;
  readonly rearmsWhileReaping?: boolean;
}

const queue = ({ eventIdx = true, backend = 'vhost', rearmsWhileReaping = false }: Options = {}) => {
  const ring = new SplitRing(SIZE, eventIdx);
  const driver = new SplitDriver(ring, { indirect: false, inOrder: false, rearmsWhileReaping });
  const device = new SplitDevice(ring, new GuestMemory(16), backendRules[backend]);
  let token = 0;
  const add = (count = 1): void => {
    for (let i = 0; i < count; i++) driver.addOne(2048, 64, false, token++);
  };
  /** The device takes and uses `count` buffers and publishes them together. */
  const use = (count = 1): void => {
    for (let i = 0; i < count; i++) {
      const head = device.pop();
      if (head === EMPTY) throw new Error('nothing to use');
      device.push(head, 0);
    }
    device.flush();
  };
  const reap = (count = 1): void => {
    for (let i = 0; i < count; i++) driver.reap();
  };
  return { ring, driver, device, add, use, reap };
};

describe('kicks', () => {
  test.each(['vhost', 'qemu'] as const)(
    '%s writes nothing at all to switch them off with EVENT_IDX',
    (backend) => {
      const { ring, device } = queue({ backend });
      ring.availEvent = NEVER_WRITTEN;
      device.suppressKicks();
      expect([ring.availEvent, ring.usedFlags]).toEqual([NEVER_WRITTEN, 0]);
    },
  );

  test.each(['vhost', 'qemu'] as const)(
    '%s sets NO_NOTIFY without EVENT_IDX, and clears it to allow them',
    (backend) => {
      const { ring, driver, device, add } = queue({ backend, eventIdx: false });
      device.suppressKicks();
      expect(ring.usedFlags).toBe(NO_NOTIFY);
      add();
      expect(driver.kickPrepare()).toBe(false);
      expect(device.allowKicks()).toBe(true);
      expect(ring.usedFlags).toBe(0);
      add();
      expect(driver.kickPrepare()).toBe(true);
    },
  );

  test('vhost announces the index that it has seen, so that what came since is kicked for or found', () => {
    const { ring, driver, device, add, use } = queue();
    add(3);
    use(3);
    expect(device.pop()).toBe(EMPTY);
    add(2);
    expect(device.allowKicks()).toBe(true);
    expect(ring.availEvent).toBe(3);
    // The two that came before the enabling were not asked for then; the event lies among them.
    expect(driver.kickPrepare()).toBe(true);
  });

  test('QEMU announces the index in memory', () => {
    const { ring, device, add, use } = queue({ backend: 'qemu' });
    add(3);
    use(3);
    add(2);
    expect(device.allowKicks()).toBe(true);
    expect(ring.availEvent).toBe(5);
  });

  test('QEMU moves avail_event along with every pop while they are on, and leaves it while they are off', () => {
    const { ring, device, add } = queue({ backend: 'qemu' });
    add(6);
    device.allowKicks();
    for (let popped = 1; popped <= 3; popped++) {
      device.pop();
      expect(ring.availEvent).toBe(popped);
    }
    device.suppressKicks();
    device.pop();
    expect(ring.availEvent).toBe(3);
  });

  test('vhost leaves avail_event alone while it pops', () => {
    const { ring, device, add } = queue();
    add(6);
    device.allowKicks();
    ring.availEvent = NEVER_WRITTEN;
    for (let i = 0; i < 6; i++) device.pop();
    expect(ring.availEvent).toBe(NEVER_WRITTEN);
  });

  test('come exactly once after each enabling by vhost, however many buffers follow', () => {
    const { driver, device, add, use, reap } = queue();
    let kicks = 0;
    let enables = 0;
    for (let round = 0; round < 100; round++) {
      expect(device.pop()).toBe(EMPTY);
      expect(device.allowKicks()).toBe(false);
      enables++;
      for (let i = 0; i < 100; i++) {
        add();
        if (driver.kickPrepare()) kicks++;
        if (i === 0) device.suppressKicks();
      }
      use(100);
      reap(100);
      expect(kicks).toBe(enables);
    }
  });

  test('are spurious once per 65,536 buffers when the event index is stale that long', () => {
    const { driver, device, add, use, reap } = queue();
    device.suppressKicks();
    let kicks = 0;
    for (let buffer = 0; buffer < 3 * 65_536; buffer++) {
      add();
      if (driver.kickPrepare()) kicks++;
      use();
      reap();
    }
    // The first, since avail_event starts at 0, and then once a turn.
    expect(kicks).toBe(3);
  });

  test('are decided once for a batch: one crossing, one kick', () => {
    const { driver, device, add } = queue();
    device.allowKicks();
    add(64);
    expect(driver.kickPrepare()).toBe(true);
    add(64);
    expect(driver.kickPrepare()).toBe(false);
  });
});

describe('interrupts', () => {
  test('are switched off without EVENT_IDX by one flag, and allowed by clearing it', () => {
    const { ring, driver, device, add, use, reap } = queue({ eventIdx: false });
    driver.disableCallbacks();
    expect(ring.availFlags).toBe(NO_INTERRUPT);
    add(2);
    use();
    expect(device.shouldSignal()).toBe(false);
    reap();
    expect(driver.enableCallbacks()).toBe(false);
    expect(ring.availFlags).toBe(0);
    use();
    expect(device.shouldSignal()).toBe(true);
  });

  test('are switched off with EVENT_IDX by an event of 0, and the flag stays clear', () => {
    const { ring, driver, add, use, reap } = queue();
    add(5);
    use(5);
    reap(5);
    driver.enableCallbacks();
    expect(ring.usedEvent).toBe(5);
    driver.disableCallbacks();
    expect([ring.usedEvent, ring.availFlags]).toEqual([0, 0]);
  });

  test('need no write to be switched off after one was taken: the event that fired is stale', () => {
    const { ring, driver, device, add, use, reap } = queue();
    add(6);
    use(5);
    device.shouldSignal();
    reap(5);
    driver.enableCallbacks();
    use();
    expect(device.shouldSignal()).toBe(true);
    expect(driver.interrupted()).toBe(true);
    driver.disableCallbacks();
    expect(ring.usedEvent).toBe(5);
  });

  test('that find nothing used are not for this queue, and trigger nothing', () => {
    const { ring, driver, add, use, reap } = queue();
    add(3);
    use(3);
    reap(3);
    expect(driver.interrupted()).toBe(false);
    driver.disableCallbacks();
    expect(ring.usedEvent).toBe(0);
  });

  test('are signalled the first time a device looks, whatever the event', () => {
    const { ring, device, add, use } = queue();
    ring.usedEvent = NEVER_WRITTEN;
    add(2);
    use();
    expect(device.shouldSignal()).toBe(true);
    use();
    expect(device.shouldSignal()).toBe(false);
  });

  test('are signalled when the used index made a whole turn without a look', () => {
    const { ring, device, add, use, reap } = queue();
    add();
    use();
    device.shouldSignal();
    reap();
    ring.usedEvent = NEVER_WRITTEN;
    for (let buffer = 0; buffer < 65_536; buffer++) {
      add();
      use();
      reap();
    }
    expect(device.shouldSignal()).toBe(true);
  });

  test('come once for a batch that crosses the event, however large it is', () => {
    const { driver, device, add, use } = queue();
    add(1);
    use();
    device.shouldSignal();
    driver.reap();
    driver.enableCallbacks();
    add(64);
    use(64);
    expect(device.shouldSignal()).toBe(true);
    expect(device.shouldSignal()).toBe(false);
  });

  test('come for the one packet that crosses the event when QEMU looks after each', () => {
    const { driver, device, add, use, reap } = queue({ backend: 'qemu' });
    add(1);
    use();
    device.shouldSignal();
    reap();
    driver.enableCallbacks();
    add(10);
    const signals = Array.from({ length: 10 }, () => {
      use();
      return device.shouldSignal();
    });
    expect(signals).toEqual([true, ...Array(9).fill(false)]);
  });

  test('come for every packet without EVENT_IDX until the guest sets NO_INTERRUPT', () => {
    const { driver, device, add, use } = queue({ backend: 'qemu', eventIdx: false });
    add(10);
    const signals = Array.from({ length: 10 }, (_, i) => {
      if (i === 4) driver.disableCallbacks();
      use();
      return device.shouldSignal();
    });
    expect(signals.filter(Boolean)).toHaveLength(4);
  });
});

describe('the 3/4 rule', () => {
  test.each([0, 1, 2, 3, 4, 5, 7, 8, 100, 255, 256])(
    'with %i outstanding asks for the interrupt after three quarters of them',
    (outstanding) => {
      const { ring, driver, device, add, use, reap } = queue();
      add(10);
      use(10);
      device.shouldSignal();
      reap(10);
      add(outstanding);
      const enough = Math.floor((3 * outstanding) / 4);
      expect(driver.enableCallbacksDelayed()).toBe(true);
      expect(ring.usedEvent).toBe(10 + enough);
      // The entry at index `enough` (counted from 0) is the one that interrupts.
      const signals = Array.from({ length: outstanding }, () => {
        use();
        return device.shouldSignal();
      });
      expect(signals.indexOf(true)).toBe(outstanding === 0 ? -1 : enough);
      expect(signals.filter(Boolean)).toHaveLength(Math.min(outstanding, 1));
    },
  );

  test('reports when more than that is used already, for every number outstanding and used', () => {
    for (let outstanding = 0; outstanding <= 64; outstanding++) {
      for (let used = 0; used <= outstanding; used++) {
        const { driver, add, use } = queue();
        add(outstanding);
        use(used);
        expect(driver.enableCallbacksDelayed()).toBe(used <= Math.floor((3 * outstanding) / 4));
      }
    }
  });

  test('armed before a lone packet is added makes its own completion interrupt', () => {
    const { driver, device, add, use, reap } = queue();
    for (let packet = 0; packet < 5; packet++) {
      expect(driver.enableCallbacksDelayed()).toBe(true);
      add();
      use();
      expect(device.shouldSignal()).toBe(true);
      reap();
    }
  });
});

describe('a NAPI poll that reaps while the device goes on producing', () => {
  /** Signals that the device sends while 50 buffers are reaped one by one, each followed by a new used buffer. */
  const extraSignals = (rearmsWhileReaping: boolean, eventIdx = true): number => {
    const { driver, device, add, use, reap } = queue({ rearmsWhileReaping, eventIdx });
    add(1);
    use();
    device.shouldSignal();
    reap();
    driver.enableCallbacks();
    add(100);
    use();
    expect(device.shouldSignal()).toBe(true);
    expect(driver.interrupted()).toBe(true);
    driver.disableCallbacks();
    let signals = 0;
    for (let i = 0; i < 50; i++) {
      reap();
      use();
      if (device.shouldSignal()) signals++;
    }
    return signals;
  };

  test('is interrupted by nobody in kernels with the fix of 6.4', () => expect(extraSignals(false)).toBe(0));

  test('re-arms with each buffer it reaps in kernels 5.13 to 6.3, so that each new one interrupts', () =>
    expect(extraSignals(true)).toBe(50));

  test('is not interrupted without EVENT_IDX in either', () => {
    expect(extraSignals(true, false)).toBe(0);
    expect(extraSignals(false, false)).toBe(0);
  });
});

test('reaping while interrupts are on moves the event along, so that the next used buffer interrupts', () => {
  const { ring, driver, add, use, reap } = queue();
  add(4);
  driver.enableCallbacks();
  use(4);
  for (let reaped = 1; reaped <= 4; reaped++) {
    reap();
    expect(ring.usedEvent).toBe(reaped);
  }
});
