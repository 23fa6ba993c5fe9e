/** The vhost worker between a guest's rings and the host's network (drivers/vhost/net.c), the test being the guest. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import { TaskThread } from '../hardware/thread.ts';
import { type GuestSettings, RingGuest } from './ring-guest.test-support.ts';
import { Vhost } from './vhost.ts';

const MICROSECOND = 1_000_000;
/** A packet takes the worker 1 us in either direction, and nothing else takes time. */
const PRICES = { 'vhost.tx': MICROSECOND, 'vhost.rx': MICROSECOND };

const bench = (
  {
    pollUs = 0,
    zerocopy = false,
    ...settings
  }: GuestSettings & {
    readonly pollUs?: number;
    readonly zerocopy?: boolean;
  } = {},
  costs: Readonly<Record<string, number>> = {},
) => {
  const world = new World(priced({ ...PRICES, ...costs }), { seed: 1, replication: 0, maxEvents: 1e7 });
  const { sim, books, packets, nic, hostNetwork: network } = world;
  const vcpu = world.vcpu({ name: 'vm', vcpus: [[0]], backend: [1] });
  const guest = new RingGuest({ sim, books, packets, vcpu }, 'vhost', settings);
  const { tx, rx, memory, tap, txInterrupt, rxInterrupt } = guest;
  const parts = {
    vm: 'vm',
    tx,
    rx,
    memory,
    packets,
    tap,
    network,
    txInterrupt,
    rxInterrupt,
    pollUs,
    zerocopy,
    inline: false,
  };
  const vhost = new Vhost(books, parts);
  world.hostThread('vhost vm', [1], (cpu, thread) => vhost.program(cpu, thread));
  if (pollUs > 0) for (const { ring } of [tx, rx]) ring.onOffered = () => vhost.offered();
  guest.kickTx = vhost.kickTx;
  guest.kickRx = vhost.kickRx;
  world.peer.role(0, { kind: 'sink' });
  return {
    guest,
    world,
    charged: () => guest.charged('vhost vm'),
    runs: () => guest.charged('vhost vm')['vhost.handler'] ?? 0,
    wakeups: () => books.counters.counter('wakeups', 'vhost vm').value,
    atNic: () => nic.egress.use().transfers,
  };
};

describe('transmit', () => {
  test('publishes 64 at a time and the rest at the end, with a decision for each', () => {
    const { guest } = bench();
    guest.transmit(200);
    guest.run(1000);
    expect(guest.published('tx')).toEqual([64, 64, 64, 8]);
    expect(guest.counts.txDecisions).toBe(4);
  });

  test('copies up to 64 before the first of them goes to the network', () => {
    const { guest, atNic } = bench();
    guest.transmit(100);
    guest.run(63.5);
    expect(atNic()).toBe(0);
    guest.run(1);
    expect(atNic()).toBe(64);
  });

  test('publishes a batch when its frames are at the NIC', () => {
    const { guest } = bench({}, { 'host.stackTx': MICROSECOND });
    guest.transmit(10);
    guest.run(1000);
    // 10 us to copy, 10 us through bridge and driver.
    expect(guest.flushes).toEqual([{ queue: 'tx', packets: 10, at: 20 }]);
  });

  test('takes along what is added while it copies', () => {
    const { guest } = bench();
    guest.at(
      Array.from({ length: 100 }, (_, i) => 0.5 + i * 0.9),
      () => guest.transmit(1),
    );
    guest.run(1000);
    // The worker is slower than the guest, so it never finds the ring empty before all are copied.
    expect(guest.published('tx')).toEqual([64, 36]);
    expect(guest.counts.kicks).toBe(1);
  });

  test('ends its run when it finds the ring empty: what comes while it sends is for another run', () => {
    const { guest, runs } = bench({}, { 'host.stackTx': MICROSECOND });
    guest.at([0, 1.5, 3.5], () => guest.transmit(1));
    guest.run(1000);
    expect(guest.flushes.map(({ at }) => at)).toEqual([2, 4, 6]);
    expect(runs()).toBe(3);
  });

  test('is kicked for the first packet after it slept, and for no other while it works', () => {
    const { guest } = bench();
    for (const start of [0, 500, 1000]) {
      guest.at(
        Array.from({ length: 50 }, (_, i) => start + i),
        () => guest.transmit(1),
      );
    }
    guest.run(490);
    expect(guest.counts.kicks).toBe(1);
    guest.run(2000);
    expect(guest.counts.kicks).toBe(3);
  });

  test('is kicked for no packet while it works without EVENT_IDX either', () => {
    const { guest } = bench({ eventIdx: false });
    guest.at(
      Array.from({ length: 100 }, (_, i) => 0.5 + i * 0.9),
      () => guest.transmit(1),
    );
    guest.run(1000);
    expect(guest.counts.kicks).toBe(1);
  });

  test('finds a packet that slipped in while it allowed kicks, and takes another run without them', () => {
    const { guest, runs } = bench({ eventIdx: false }, { 'vhost.handler': MICROSECOND });
    const { allowKicks } = guest.tx;
    let slipped = 0;
    guest.tx.allowKicks = () => {
      if (slipped++ === 0) guest.transmit(1);
      return allowKicks.call(guest.tx);
    };
    guest.transmit(1);
    // The first run takes from 0 to 2; the third packet comes before the second run has begun to work.
    guest.at([2.5], () => guest.transmit(1));
    guest.run(1000);
    expect(guest.published('tx')).toEqual([1, 2]);
    expect([guest.counts.kicks, runs()]).toEqual([1, 2]);
  });

  test('lets receive have its turn after 256 packets', () => {
    const { guest } = bench({ size: 1024 });
    guest.transmit(600);
    guest.receive(10);
    guest.run(2000);
    expect(guest.order).toEqual([
      ...Array(4).fill('tx 64'),
      'rx 10',
      ...Array(4).fill('tx 64'),
      'tx 64',
      'tx 24',
    ]);
  });

  test('lets receive have its turn after 524,288 bytes', () => {
    // 142 × 3,700 B are a little more than 512 KiB.
    const { guest } = bench({ frame: 3700 }, { 'vhost.rx': 0 });
    guest.transmit(200);
    guest.receive(1);
    guest.run(2000);
    expect(guest.order).toEqual(['tx 64', 'tx 64', 'tx 14', 'rx 1', 'tx 58']);
  });

  test('sends a packet that fits in no page by itself, after the frames before it, and returns it with those behind it', () => {
    const { guest } = bench();
    guest.transmit(10);
    guest.transmit(1, 65_536);
    guest.transmit(5);
    guest.run(1000);
    expect(guest.published('tx')).toEqual([10, 6]);
    expect(guest.counts.txDecisions).toBe(2);
  });

  test('of packets of 64 KiB only decides for each, and lets receive have its turn after eight', () => {
    const { guest } = bench({}, { 'vhost.rx': 0 });
    guest.transmit(10, 65_536);
    guest.receive(1);
    guest.run(2000);
    expect(guest.order).toEqual([...Array(8).fill('tx 1'), 'rx 1', 'tx 1', 'tx 1']);
  });

  test('interrupts as the guest asks: once for a batch that crosses its event', () => {
    const { guest } = bench();
    guest.driverTx.enableCallbacks();
    guest.transmit(64);
    guest.run(1000);
    guest.transmit(64);
    guest.run(1000);
    expect(guest.signals.tx).toBe(1);
  });

  test('copies each byte once, and charges everything to the worker', () => {
    const { guest, charged, atNic } = bench();
    guest.transmit(10);
    guest.run(1000);
    expect(charged()).toEqual({
      'vhost.handler': 1,
      'vhost.tx': 10,
      'copy.setup': 10,
      'copy.perByte': 10 * 60,
      // The avail index with its first entries, and ten descriptors, four a line.
      'ring.line': 1 + 3,
      'host.stackTx': 10,
      'nicDriver.tx': 10,
      'nicDriver.doorbell': 10,
      'interrupt.irqfd': 1,
      'wake.waker': 1,
      'host.contextSwitch': 1,
    });
    expect(atNic()).toBe(10);
  });
});

describe('receive', () => {
  test('publishes when more than 64 are copied, and the rest when it finds the tap empty', () => {
    const { guest } = bench();
    guest.receive(200);
    guest.run(1000);
    expect(guest.published('rx')).toEqual([65, 65, 65, 5]);
    expect(guest.counts.rxDecisions).toBe(4);
  });

  test('takes along what comes while it copies, and signals when the tap is empty', () => {
    const { guest, wakeups } = bench();
    guest.driverRx.enableCallbacks();
    guest.at(
      Array.from({ length: 50 }, (_, i) => i * 0.9),
      () => guest.receive(1),
    );
    guest.run(1000);
    expect(guest.published('rx')).toEqual([50]);
    expect([guest.signals.rx, wakeups()]).toEqual([1, 1]);
  });

  test('ends its run when it finds the tap empty: what comes while it signals is for another run, at once', () => {
    const { guest, runs, wakeups } = bench({}, { 'interrupt.irqfd': 2 * MICROSECOND });
    guest.driverRx.enableCallbacks();
    guest.at([0, 1.5], () => guest.receive(1));
    guest.run(1000);
    // Copied at 1, signalled until 3; the second is copied at 4.
    expect(guest.flushes.map(({ at }) => at)).toEqual([1, 4]);
    expect([runs(), wakeups()]).toEqual([2, 1]);
  });

  test('is woken once for each frame that finds it asleep', () => {
    const { guest, wakeups } = bench();
    guest.at([0, 10, 20, 30], () => guest.receive(1));
    guest.run(1000);
    expect(guest.published('rx')).toEqual([1, 1, 1, 1]);
    expect(wakeups()).toBe(4);
  });

  test('stops reading the tap when the guest has no buffers, and goes on at the refill kick', () => {
    const { guest, wakeups } = bench({ rxBuffers: 10 });
    const sent = guest.receive(30);
    guest.run(1000);
    expect([guest.published('rx'), guest.tap.queue.length, wakeups()]).toEqual([[10], 20, 1]);
    // Frames that come now wake nobody.
    guest.receive(5);
    guest.run(1000);
    expect([guest.tap.queue.length, wakeups()]).toEqual([25, 1]);
    const taken = guest.reap(guest.driverRx);
    guest.refill(256 - 10);
    guest.run(1000);
    expect([guest.tap.queue.length, wakeups()]).toEqual([0, 2]);
    expect([...taken, ...guest.reap(guest.driverRx)].slice(0, 30)).toEqual(sent);
  });

  test('asks for one kick each time it runs dry', () => {
    const { guest, wakeups } = bench({ rxBuffers: 8 });
    guest.receive(100);
    guest.run(1000);
    for (let i = 0; i < 5; i++) {
      guest.reap(guest.driverRx);
      guest.refill(8);
      guest.run(1000);
    }
    expect([guest.tap.queue.length, wakeups()]).toEqual([100 - 6 * 8, 6]);
  });

  test('drops nothing but at the tail of the tap', () => {
    const { guest } = bench({ rxBuffers: 0, tapLength: 100 });
    guest.receive(150);
    guest.run(1000);
    expect([guest.tap.queue.length, [...guest.record.drops]]).toEqual([100, [['vm tap: ring full', 50]]]);
  });

  test('lets transmit have its turn after 256 packets', () => {
    const { guest } = bench({ size: 1024 });
    guest.receive(400);
    guest.transmit(5);
    guest.run(2000);
    expect(guest.order).toEqual(['rx 65', 'rx 65', 'rx 65', 'rx 61', 'tx 5', 'rx 65', 'rx 65', 'rx 14']);
  });

  test('copies each byte once', () => {
    const { guest, charged } = bench();
    guest.receive(10);
    guest.run(1000);
    expect(charged()).toMatchObject({
      'vhost.handler': 1,
      'vhost.rx': 10,
      'copy.setup': 10,
      'copy.perByte': 600,
    });
  });
});

describe('with poll-us', () => {
  /** A look takes 0.1 us. */
  const LOOK = { 'vhost.look': MICROSECOND / 10 };
  const polled = (world: World): number =>
    world.books.ledger.spending().find(({ cost }) => cost === 'vhost.busyPoll')?.busy ?? 0;

  test('looks on for so long before it sleeps, and is not kicked meanwhile', () => {
    const { guest, world, runs, wakeups } = bench({ pollUs: 50 }, LOOK);
    guest.at([0, 30, 60, 300], () => guest.transmit(1));
    guest.run(290);
    // Copied at 1; 1 us of work each, after which it looks once and then for 51.2 us.
    expect(guest.flushes.map(({ at }) => at)).toEqual([1, 31, 61]);
    expect([guest.counts.kicks, wakeups(), runs()]).toEqual([1, 1, 1]);
    expect(polled(world)).toBe((30 - 1.1 + 30 - 1.1 + 51.2) * MICROSECOND);
    guest.run(1000);
    expect([guest.counts.kicks, wakeups(), runs()]).toEqual([2, 2, 2]);
  });

  test('sees what comes at the next look', () => {
    const { guest } = bench({ pollUs: 50 }, LOOK);
    guest.at([0, 30.03], () => guest.transmit(1));
    guest.run(1000);
    // It looks at 1, and from 1.1 on every 0.1 us.
    expect(guest.flushes.map(({ at }) => at)).toEqual([1, 31.1]);
  });

  test('from a tap that is empty it takes frames without a wake-up', () => {
    const { guest, wakeups } = bench({ pollUs: 50 }, LOOK);
    guest.at([0, 30, 60, 90], () => guest.receive(1));
    guest.run(1000);
    expect(guest.flushes.map(({ at }) => at)).toEqual([1, 31, 61, 91]);
    expect(wakeups()).toBe(1);
  });

  test('publishes what is at hand before it looks on', () => {
    const { guest } = bench({ pollUs: 50 }, LOOK);
    guest.transmit(3);
    guest.receive(2);
    guest.run(1000);
    expect(guest.flushes).toEqual([
      { queue: 'tx', packets: 3, at: 3 },
      { queue: 'rx', packets: 2, at: 3 + 0.1 + 2 },
    ]);
  });

  test('other work of the worker ends the loop, and the handler has another turn after it', () => {
    const { guest, runs } = bench({ pollUs: 50 }, LOOK);
    guest.at([0], () => guest.transmit(1));
    guest.at([20], () => guest.receive(1));
    guest.run(1000);
    expect(guest.flushes.map(({ at, queue }) => [queue, at])).toEqual([
      ['tx', 1],
      ['rx', 21],
    ]);
    // The second turn of transmit is in the list that receive is part of, and does not end its loop.
    expect(runs()).toBe(3);
  });

  test.each([
    // The event that the device asked for at its start is stale: with EVENT_IDX kicks cannot be switched off.
    [true, 1],
    [false, 0],
  ])('a receive handler that looks on finds what the guest sends, event index %s', (eventIdx, kicks) => {
    const { guest } = bench({ pollUs: 50, eventIdx }, LOOK);
    guest.at([0], () => guest.receive(1));
    guest.at([20], () => guest.transmit(1));
    guest.run(1000);
    expect(guest.flushes.map(({ at, queue }) => [queue, at])).toEqual([
      ['rx', 1],
      ['tx', 21],
    ]);
    expect(guest.counts.kicks).toBe(kicks);
  });

  test('a transmit handler that looks on sees frames that the tap tells nobody of', () => {
    const { guest } = bench({ pollUs: 50 }, LOOK);
    // Receive copies when the second packet is sent: transmit is queued, ends its loop, and looks on while receive waits.
    guest.at([0], () => guest.receive(1));
    guest.at([0.5], () => guest.transmit(1));
    guest.at([20], () => guest.receive(1));
    guest.run(1000);
    expect(guest.flushes.map(({ at, queue }) => [queue, at])).toEqual([
      ['rx', 1],
      ['tx', 2.1],
      ['rx', 21],
    ]);
  });

  test('after 256 packets it has another run, though its ring is empty', () => {
    const { guest, runs } = bench({ pollUs: 50 }, LOOK);
    guest.transmit(256);
    guest.run(1000);
    expect(runs()).toBe(2);
  });

  test('gives its core up at once to a thread that preempts it, and does not look on when it has it back', () => {
    const { guest, world } = bench({ pollUs: 50 }, LOOK);
    const started: number[] = [];
    const rival = new TaskThread('rival', { affinity: [1], policy: 'fifo' });
    const context = world.cores[1].host(rival, 'rival', function* (cpu) {
      yield WAIT;
      started.push(world.sim.now / MICROSECOND);
      cpu.charge(world.books.costs.cost('vhost.look'), 100);
      yield RUN;
      yield WAIT;
    });
    guest.at([0], () => guest.transmit(1));
    guest.at([20.03], () => context.signal());
    guest.run(1000);
    expect(started).toEqual([20.03]);
    expect(polled(world)).toBe((20.03 - 1.1) * MICROSECOND);
  });
});

describe('with experimental_zcopytx', () => {
  test('copies 128 bytes of a frame from 256 on, and pins the page of the others', () => {
    const { guest, charged } = bench({ zerocopy: true });
    guest.transmit(3, 256);
    guest.transmit(2, 255);
    guest.run(1000);
    expect(charged()).toMatchObject({ 'copy.perByte': 3 * 128 + 2 * 255, 'vhost.pin': 3 });
  });

  test('pins all pages of 64 KiB', () => {
    const { guest, charged } = bench({ zerocopy: true });
    guest.transmit(1, 65_536);
    guest.run(1000);
    expect(charged()).toMatchObject({ 'copy.perByte': 128, 'vhost.pin': 16 });
  });

  test('sends frames one by one, and returns what it copied at once, each with a decision', () => {
    const { guest, atNic } = bench({ zerocopy: true });
    guest.transmit(5);
    guest.run(2.5);
    expect([atNic(), guest.published('tx')]).toEqual([2, [1, 1]]);
    guest.run(1000);
    expect(guest.counts.txDecisions).toBe(5);
  });

  test('returns what it pinned in another run, when the NIC’s driver has let go of it', () => {
    const [pinned, copied] = [bench({ zerocopy: true }), bench({ zerocopy: true })];
    pinned.guest.transmit(1, 256);
    copied.guest.transmit(1, 255);
    for (const { guest } of [pinned, copied]) guest.run(1000);
    expect([pinned, copied].map(({ guest, runs }) => [guest.published('tx'), runs()])).toEqual([
      [[1], 2],
      [[1], 1],
    ]);
  });

  /** A NIC whose driver lets go of what was sent when the test says so. */
  const held = () => {
    const machine = bench({ zerocopy: true }, { 'vhost.tx': 0 });
    const free: (() => boolean)[] = [];
    machine.world.hostNetwork.whenFreed = (_, done) => void free.push(done);
    return { ...machine, free };
  };

  test('has at most a quarter of the ring under way, and one: the others are copied', () => {
    const { guest, charged } = held();
    guest.transmit(200, 1000);
    guest.run(1000);
    // vhost_exceeds_maxpend asks whether there are more than 64.
    expect(charged()['vhost.pin']).toBe(65);
  });

  test('hears of what was sent at each sixteenth that is still under way, and of the last', () => {
    const { guest, free } = held();
    guest.transmit(40, 1000);
    guest.run(1000);
    // The count that Linux looks at is one more than what is under way.
    const told = free.flatMap((done, i) => {
      const wakes = done();
      guest.run(10);
      return wakes ? [39 - i] : [];
    });
    expect(told).toEqual([31, 15, 0]);
    expect(guest.published('tx')).toEqual([9, 16, 15]);
  });

  test('returns pinned buffers in order', () => {
    const { guest, free } = held();
    guest.transmit(2, 1000);
    guest.run(10);
    free[1]();
    guest.transmit(1);
    guest.run(10);
    expect(guest.published('tx')).toEqual([1]);
    free[0]();
    guest.run(10);
    expect(guest.published('tx')).toEqual([1, 2]);
  });
});

test('one thread serves both directions, in turn', () => {
  const { guest } = bench();
  guest.transmit(20);
  guest.receive(20);
  guest.run(1000);
  expect(guest.flushes).toEqual([
    { queue: 'tx', packets: 20, at: 20 },
    { queue: 'rx', packets: 20, at: 40 },
  ]);
});

describe('whatever comes when', () => {
  /** Gaps in us and packets that come together. */
  const pattern = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 12 })), {
    maxLength: 60,
  });

  test.each([
    [true, 0],
    [false, 0],
    [true, 20],
    [false, 20],
  ])('invariants 2, 4, 5 and 7 hold, event index %s, poll-us=%i', (eventIdx, pollUs) => {
    fc.assert(
      fc.property(pattern, pattern, fc.integer({ min: 1, max: 90 }), (sends, arrivals, period) => {
        const { guest, charged, runs, atNic } = bench(
          { eventIdx, pollUs, tapLength: 60 },
          { 'host.stackTx': 300_000, 'vhost.look': 100_000 },
        );
        const { driverTx, driverRx, counts } = guest;
        const sent: number[] = [];
        const received: number[] = [];
        let transmitted = 0;
        let time = 0;
        for (const [gap, count] of sends) {
          time += gap;
          guest.at([time], () => {
            const fits = Math.min(count, driverTx.numFree);
            transmitted += fits;
            guest.transmit(fits);
          });
        }
        let end = time;
        time = 0;
        for (const [gap, count] of arrivals) {
          time += gap;
          guest.at([time], () => sent.push(...guest.receive(count)));
        }
        end = Math.max(end, time) + 2000;
        // The guest comes by at its own pace.
        for (let visit = period; visit < end; visit += period) {
          guest.at([visit], () => {
            expect(driverTx.outstanding).toBeLessThanOrEqual(256);
            guest.reap(driverTx);
            const taken = guest.reap(driverRx);
            received.push(...taken);
            guest.refill(taken.length);
          });
        }
        guest.run(end);
        guest.reap(driverTx);
        received.push(...guest.reap(driverRx));
        expect([guest.tx.fault, guest.rx.fault]).toEqual([null, null]);
        expect([atNic(), driverTx.outstanding]).toEqual([transmitted, 0]);
        expect(received.length + guest.record.dropped).toBe(sent.length);
        expect(received).toEqual(sent.filter((packet) => received.includes(packet)));
        // A handler that looks on publishes before each loop, which begins with a look.
        const publications = runs() + (charged()['vhost.look'] ?? 0);
        expect(counts.txDecisions).toBeLessThanOrEqual(Math.ceil(transmitted / 64) + publications);
        expect(counts.rxDecisions).toBeLessThanOrEqual(Math.ceil(received.length / 64) + publications);
        if (eventIdx) expect(counts.kicks).toBeLessThanOrEqual(counts.txEnables + 1);
      }),
      { numRuns: 60 },
    );
  });
});
