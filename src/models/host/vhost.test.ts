/** The vhost worker between a guest's rings and the host's network (network-path.md §4), the test being the guest. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { type Picoseconds, us } from '../../units.ts';
import type { InterruptLine } from '../hardware/processor.ts';
import { DeviceQueue } from '../virtio/device-queue.ts';
import { DriverQueue, NOTHING } from '../virtio/driver-queue.ts';
import { GuestMemory } from '../virtio/guest-memory.ts';
import { SplitRing } from '../virtio/split-ring.ts';
import { InterruptPath } from './interrupt-path.ts';
import { Tap } from './tap.ts';
import { Vhost } from './vhost.ts';

const MICROSECOND = 1_000_000;
/** A packet takes the worker 1 us in either direction, and nothing else takes time. */
const PRICES = { 'vhost.tx': MICROSECOND, 'vhost.rx': MICROSECOND };

interface Setup {
  readonly size?: number;
  readonly rxBuffers?: number;
  readonly eventIdx?: boolean;
  readonly frame?: number;
  readonly tapLength?: number;
  readonly costs?: Readonly<Record<string, number>>;
}

const bench = (setup: Setup = {}) => {
  const { size = 256, eventIdx = true, frame = 60, tapLength = 1000, costs = {} } = setup;
  const { rxBuffers = size } = setup;
  const machine = priced({ ...PRICES, ...costs });
  const world = new World(machine, { seed: 1, replication: 0, maxEvents: 1e7 });
  const { sim, books, packets } = world;
  const vcpu = world.vcpu({ name: 'vm', vcpus: [[0]], backend: [1] });
  const memory = new GuestMemory(16_384);
  const tx = new DeviceQueue(new SplitRing(size, eventIdx), memory, 'vhost');
  const rx = new DeviceQueue(new SplitRing(size, eventIdx), memory, 'vhost');
  const guestTx = new DriverQueue(tx.ring, { indirect: false, rearmsWhileReaping: false });
  const guestRx = new DriverQueue(rx.ring, { indirect: false, rearmsWhileReaping: false });
  const tap = new Tap(books, packets, 'vm tap', 'vm', tapLength);
  const signals = { tx: 0, rx: 0 };
  const interrupt = (queue: 'tx' | 'rx') => {
    const raise = () => void signals[queue]++;
    return new InterruptPath(books, vcpu, 'irqfd', queue, () => ({ raise }) as InterruptLine);
  };
  const network = world.hostNetwork;
  world.peer.role(0, { kind: 'sink' });
  const [txInterrupt, rxInterrupt] = [interrupt('tx'), interrupt('rx')];
  const parts = { vm: 'vm', tx, rx, memory, packets, tap, network, txInterrupt, rxInterrupt, inline: false };
  const vhost = new Vhost(books, parts);
  world.hostThread('vhost vm', [1], (cpu) => vhost.program(cpu));

  /** What the worker published, and when: packets per flush. */
  const flushed: { queue: 'tx' | 'rx'; packets: number; at: number }[] = [];
  const counts = { txDecisions: 0, rxDecisions: 0, enables: 0, kicks: 0 };
  for (const queue of ['tx', 'rx'] as const) {
    const device = queue === 'tx' ? tx : rx;
    const { flush, shouldSignal, allowKicks } = DeviceQueue.prototype;
    device.flush = () => {
      const before = device.ring.usedIdx;
      flush.call(device);
      flushed.push({ queue, packets: (device.ring.usedIdx - before) & 0xffff, at: sim.now / MICROSECOND });
    };
    device.shouldSignal = () => {
      counts[`${queue}Decisions`]++;
      return shouldSignal.call(device);
    };
    device.allowKicks = () => {
      if (queue === 'tx') counts.enables++;
      return allowKicks.call(device);
    };
  }

  const runs = (): number =>
    books.ledger
      .spending()
      .reduce((sum, line) => (line.cost === 'vhost.handler' ? sum + line.count : sum), 0);
  const run = (span: number): void => sim.run((sim.now + us(span)) as Picoseconds);
  const record = books.timeline.workload('w');
  const frames = (count: number): number[] =>
    Array.from({ length: count }, () =>
      packets.create(frame, books.timeline.open(record, sim.now, sim.now, frame), 0),
    );
  /** Sends as the guest does: add, decide, kick. */
  const transmit = (count: number): void => {
    for (const packet of frames(count)) {
      const address = memory.allocate();
      memory.write(address, packet);
      if (!guestTx.addOne(address, 12 + frame, false, address)) throw new Error('the transmit ring is full');
      if (!guestTx.kickPrepare()) continue;
      counts.kicks++;
      vhost.kickTx.kick();
    }
  };
  const reap = (queue: DriverQueue): number[] => {
    const taken: number[] = [];
    for (let address = queue.reap(); address !== NOTHING; address = queue.reap()) {
      taken.push(memory.read(address));
      memory.release(address);
    }
    return taken;
  };
  let filled = false;
  /** The driver's first filling of its ring kicks nobody: the device is not running yet. */
  const refill = (buffers: number): void => {
    for (let i = 0; i < buffers; i++) {
      const address = memory.allocate();
      guestRx.addOne(address, 2048, true, address);
    }
    if (guestRx.kickPrepare() && filled) vhost.kickRx.kick();
    filled = true;
  };
  const receive = (count: number): number[] => {
    const sent = frames(count);
    for (const packet of sent) tap.produce(packet, sim.now);
    return sent;
  };
  /** Runs `act` at these instants, us. */
  const at = (times: readonly number[], act: () => void): void => {
    const handler = sim.handler(act);
    for (const time of times) sim.at(us(time), handler);
  };
  refill(rxBuffers);
  // The first decision of a device is always to interrupt: that is not what these tests are about.
  tx.shouldSignal();
  rx.shouldSignal();
  counts.txDecisions = counts.rxDecisions = 0;
  const wakeups = () => books.counters.counter('wakeups', 'vhost vm').value;
  return {
    ...{ world, sim, books, packets, memory, tx, rx, guestTx, guestRx, tap, vhost, record },
    ...{ signals, flushed, counts, runs, run, transmit, reap, refill, receive, at, wakeups },
  };
};

const sizes = (flushed: readonly { queue: string; packets: number }[], queue: 'tx' | 'rx'): number[] =>
  flushed.filter((flush) => flush.queue === queue && flush.packets > 0).map(({ packets }) => packets);

describe('transmit', () => {
  test('publishes 64 at a time and the rest at the end, with a decision for each', () => {
    const { flushed, counts, run, transmit } = bench();
    transmit(200);
    run(1000);
    expect(sizes(flushed, 'tx')).toEqual([64, 64, 64, 8]);
    expect(counts.txDecisions).toBe(4);
  });

  test('copies up to 64 before the first of them goes to the network', () => {
    const { world, run, transmit } = bench();
    transmit(100);
    run(63.5);
    expect(world.nic.egress.use().transfers).toBe(0);
    run(1);
    expect(world.nic.egress.use().transfers).toBe(64);
  });

  test('publishes a batch when its frames are at the NIC', () => {
    const { flushed, run, transmit } = bench({ costs: { 'host.stackTx': MICROSECOND } });
    transmit(10);
    run(1000);
    // 10 us to copy, 10 us through bridge and driver.
    expect(flushed).toEqual([{ queue: 'tx', packets: 10, at: 20 }]);
  });

  test('takes along what is added while it copies', () => {
    const { flushed, counts, at, run, transmit } = bench();
    at(
      Array.from({ length: 100 }, (_, i) => 0.5 + i * 0.9),
      () => transmit(1),
    );
    run(1000);
    // The worker is slower than the guest, so it never finds the ring empty before all are copied.
    expect(sizes(flushed, 'tx')).toEqual([64, 36]);
    expect(counts.kicks).toBe(1);
  });

  test('is kicked for the first packet after it slept, and for no other while it works', () => {
    const { counts, at, run, transmit } = bench();
    for (const start of [0, 500, 1000])
      at(
        Array.from({ length: 50 }, (_, i) => start + i),
        () => transmit(1),
      );
    run(490);
    expect(counts.kicks).toBe(1);
    run(2000);
    expect(counts.kicks).toBe(3);
  });

  test('is kicked for no packet while it works without EVENT_IDX either', () => {
    const { counts, at, run, transmit } = bench({ eventIdx: false });
    at(
      Array.from({ length: 100 }, (_, i) => 0.5 + i * 0.9),
      () => transmit(1),
    );
    run(1000);
    expect(counts.kicks).toBe(1);
  });

  test('lets receive have its turn after 256 packets', () => {
    const { flushed, run, transmit, receive } = bench({ size: 1024 });
    transmit(600);
    receive(10);
    run(2000);
    expect(flushed.map(({ queue, packets }) => `${queue} ${packets}`)).toEqual([
      ...Array(4).fill('tx 64'),
      'rx 10',
      ...Array(4).fill('tx 64'),
      'tx 64',
      'tx 24',
    ]);
  });

  test('lets receive have its turn after 524,288 bytes', () => {
    // 64 × 8,192 B = 512 KiB.
    const { flushed, run, transmit, receive } = bench({ frame: 8192, costs: { 'vhost.rx': 0 } });
    transmit(100);
    receive(1);
    run(2000);
    expect(flushed.map(({ queue, packets }) => `${queue} ${packets}`)).toEqual(['tx 64', 'rx 1', 'tx 36']);
  });

  test('ends its run when it finds the ring empty: what comes while it sends is another run', () => {
    const { flushed, runs, at, run, transmit } = bench({ costs: { 'host.stackTx': MICROSECOND } });
    at([0, 1.5, 3.5], () => transmit(1));
    run(1000);
    expect(flushed.map(({ at: time }) => time)).toEqual([2, 4, 6]);
    expect(runs()).toBe(3);
  });

  test('interrupts as the guest asks: once for a batch that crosses its event', () => {
    const { guestTx, signals, run, transmit } = bench();
    guestTx.enableCallbacks();
    transmit(64);
    run(1000);
    expect(signals.tx).toBe(1);
    transmit(64);
    run(1000);
    expect(signals.tx).toBe(1);
  });

  test('copies each byte once, and charges everything to the worker', () => {
    const { world, books, runs, run, transmit } = bench();
    transmit(10);
    run(1000);
    expect(runs()).toBe(1);
    const lines = books.ledger.spending().filter(({ payer }) => payer === 'vhost vm');
    const counts = Object.fromEntries(lines.map(({ cost, count }) => [cost, count]));
    expect(counts).toMatchObject({
      'vhost.handler': 1,
      'vhost.tx': 10,
      'copy.setup': 10,
      'copy.perByte': 10 * 60,
      'host.stackTx': 10,
      'nicDriver.tx': 10,
      'nicDriver.doorbell': 10,
    });
    expect(world.nic.egress.use().transfers).toBe(10);
  });
});

describe('receive', () => {
  test('publishes when 65 are copied, and the rest when it finds the tap empty', () => {
    const { flushed, counts, run, receive } = bench();
    receive(200);
    run(1000);
    expect(sizes(flushed, 'rx')).toEqual([65, 65, 65, 5]);
    expect(counts.rxDecisions).toBe(4);
  });

  test('takes along what comes while it copies, and signals when the tap is empty', () => {
    const { flushed, signals, wakeups, guestRx, at, run, receive } = bench();
    guestRx.enableCallbacks();
    at(
      Array.from({ length: 50 }, (_, i) => i * 0.9),
      () => receive(1),
    );
    run(1000);
    expect(sizes(flushed, 'rx')).toEqual([50]);
    expect([signals.rx, wakeups()]).toEqual([1, 1]);
  });

  test('is woken once for each frame that finds it asleep', () => {
    const { flushed, wakeups, at, run, receive } = bench();
    at([0, 10, 20, 30], () => receive(1));
    run(1000);
    expect(sizes(flushed, 'rx')).toEqual([1, 1, 1, 1]);
    expect(wakeups()).toBe(4);
  });

  test('stops reading the tap when the guest has no buffers, and goes on at the refill kick', () => {
    const { tap, guestRx, flushed, wakeups, reap, refill, run, receive } = bench({ rxBuffers: 10 });
    const sent = receive(30);
    run(1000);
    expect([sizes(flushed, 'rx'), tap.queue.length, wakeups()]).toEqual([[10], 20, 1]);
    // Frames that come now wake nobody.
    receive(5);
    run(1000);
    expect([tap.queue.length, wakeups()]).toEqual([25, 1]);
    const taken = reap(guestRx);
    refill(256 - 10);
    run(1000);
    expect([tap.queue.length, wakeups()]).toEqual([0, 2]);
    expect([...taken, ...reap(guestRx)].slice(0, 30)).toEqual(sent);
  });

  test('asks for one kick however often it runs dry in between', () => {
    const { guestRx, tap, wakeups, reap, refill, run, receive } = bench({ rxBuffers: 8 });
    receive(100);
    run(1000);
    for (let i = 0; i < 5; i++) {
      reap(guestRx);
      refill(8);
      run(1000);
    }
    expect([tap.queue.length, wakeups()]).toEqual([100 - 6 * 8, 6]);
  });

  test('drops nothing but at the tail of the tap', () => {
    const { tap, record, run, receive } = bench({ rxBuffers: 0, tapLength: 100 });
    receive(150);
    run(1000);
    expect([tap.queue.length, record.dropped, [...record.drops]]).toEqual([
      100,
      50,
      [['vm tap: ring full', 50]],
    ]);
  });

  test('lets transmit have its turn after 256 packets', () => {
    const { flushed, run, transmit, receive } = bench({ size: 1024 });
    receive(400);
    transmit(5);
    run(2000);
    const order = flushed.map(({ queue, packets }) => `${queue} ${packets}`);
    expect(order).toEqual(['rx 65', 'rx 65', 'rx 65', 'rx 61', 'tx 5', 'rx 65', 'rx 65', 'rx 14']);
  });

  test('copies each byte once', () => {
    const { books, run, receive } = bench();
    receive(10);
    run(1000);
    const lines = books.ledger.spending().filter(({ payer }) => payer === 'vhost vm');
    const counts = Object.fromEntries(lines.map(({ cost, count }) => [cost, count]));
    expect(counts).toMatchObject({
      'vhost.handler': 1,
      'vhost.rx': 10,
      'copy.setup': 10,
      'copy.perByte': 600,
    });
  });
});

describe('one thread serves both directions', () => {
  test('so that they take turns', () => {
    const { flushed, run, transmit, receive } = bench();
    transmit(20);
    receive(20);
    run(1000);
    expect(flushed).toEqual([
      { queue: 'tx', packets: 20, at: 20 },
      { queue: 'rx', packets: 20, at: 40 },
    ]);
  });
});

describe('whatever comes when', () => {
  const pattern = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 12 })), {
    maxLength: 60,
  });

  test.each([true, false])('invariants 2, 4, 5 and 7 hold, event index %s', (eventIdx) => {
    fc.assert(
      fc.property(pattern, pattern, fc.integer({ min: 1, max: 90 }), (sends, arrivals, period) => {
        const b = bench({ eventIdx, tapLength: 60, costs: { 'host.stackTx': 300_000 } });
        const { guestTx, guestRx, counts, record, tx, rx } = b;
        const received: number[] = [];
        let [transmitted, offered] = [0, 0];
        let last = 0;
        for (const [gap, count] of sends) {
          last += gap;
          b.at([last], () => {
            const fits = Math.min(count, guestTx.numFree);
            transmitted += fits;
            b.transmit(fits);
          });
        }
        let time = 0;
        const sent: number[] = [];
        for (const [gap, count] of arrivals) {
          time += gap;
          b.at([time], () => {
            offered += count;
            sent.push(...b.receive(count));
          });
        }
        // The guest comes by at its own pace.
        const end = Math.max(last, time) + 2000;
        for (let visit = period; visit < end; visit += period) {
          b.at([visit], () => {
            expect(guestTx.outstanding).toBeLessThanOrEqual(256);
            b.reap(guestTx);
            const taken = b.reap(guestRx);
            received.push(...taken);
            b.refill(taken.length);
          });
        }
        b.run(end);
        b.reap(guestTx);
        received.push(...b.reap(guestRx));
        expect([tx.fault, rx.fault]).toEqual([null, null]);
        expect(b.world.nic.egress.use().transfers).toBe(transmitted);
        expect(guestTx.outstanding).toBe(0);
        expect(received.length + record.dropped).toBe(offered);
        expect(received).toEqual(sent.filter((packet) => received.includes(packet)));
        expect(counts.txDecisions).toBeLessThanOrEqual(Math.ceil(transmitted / 64) + b.runs());
        expect(counts.rxDecisions).toBeLessThanOrEqual(Math.ceil(received.length / 64) + b.runs());
        if (eventIdx) expect(counts.kicks).toBeLessThanOrEqual(counts.enables + 1);
      }),
      { numRuns: 60 },
    );
  });
});
