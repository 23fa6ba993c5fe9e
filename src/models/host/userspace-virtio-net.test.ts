/** QEMU's own virtio-net backend in its main loop (hw/net/virtio-net.c), the test being the guest. */

import { describe, expect, test } from 'vitest';
import { qemuOf } from '../../datapaths/qemu.ts';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { us } from '../../units.ts';
import { type GuestSettings, RingGuest } from './ring-guest.test-support.ts';
import { UserspaceVirtioNet } from './userspace-virtio-net.ts';
import type { TransmitProperties } from './userspace-virtio-parts.ts';

const MICROSECOND = 1_000_000;
/** An iteration of the main loop takes 3 us, reading an eventfd 0.5 us; a packet 1 us in the ring and 1 us at the tap. */
const PRICES = {
  'qemu.mainLoop': 3 * MICROSECOND,
  'qemu.eventfdRead': 500_000,
  'qemu.virtqueue': MICROSECOND,
  'tap.write': MICROSECOND,
  'tap.read': MICROSECOND,
};

const bench = (
  settings: GuestSettings = {},
  costs: Readonly<Record<string, number>> = {},
  properties: Partial<TransmitProperties> = {},
) => {
  const transmit: TransmitProperties = { tx: 'bh', timer: us(150), burst: 256, ...properties };
  const world = new World(priced({ ...PRICES, ...costs }), { seed: 1, replication: 0, maxEvents: 1e7 });
  const { sim, books, packets, nic, hostNetwork: network } = world;
  const vm = { name: 'vm', vcpus: [[0]], backend: [1] };
  const vcpu = world.vcpu(vm);
  const loop = qemuOf(world, vm);
  const guest = new RingGuest({ sim, books, packets, vcpu }, 'qemu', settings);
  const { tx, rx, memory, tap, txInterrupt, rxInterrupt, configInterrupt } = guest;
  const interrupts = { txInterrupt, rxInterrupt, configInterrupt };
  const parts = { vm: 'vm', tx, rx, memory, packets, tap, network, loop, ...interrupts, transmit };
  const qemu = new UserspaceVirtioNet(sim, books, parts);
  guest.kickTx = qemu.kickTx;
  guest.kickRx = qemu.kickRx;
  world.peer.role(0, { kind: 'sink' });
  return {
    guest,
    loop,
    world,
    charged: () => guest.charged('qemu vm'),
    iterations: () => guest.charged('qemu vm')['qemu.mainLoop'] ?? 0,
    atNic: () => nic.egress.use().transfers,
  };
};

describe('transmit', () => {
  test('takes two iterations: one reads the eventfd, the next runs the bottom half', () => {
    const { guest, iterations } = bench();
    guest.transmit(1);
    guest.run(100);
    // 3 + 0.5, then 3, then ring and tap.
    expect(guest.flushes).toEqual([{ queue: 'tx', packets: 1, at: 3 + 0.5 + 3 + 1 + 1 }]);
    expect(iterations()).toBe(2);
  });

  test('publishes one used buffer at a time, each when its frame is at the NIC, with a decision for each', () => {
    const { guest, atNic } = bench();
    const seen: number[] = [];
    const { flush } = guest.tx;
    guest.tx.flush = () => {
      flush.call(guest.tx);
      seen.push(atNic());
    };
    guest.transmit(10);
    guest.run(1000);
    expect(guest.published('tx')).toEqual(Array(10).fill(1));
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(guest.counts.txDecisions).toBe(10);
  });

  test('of a burst is one interrupt with EVENT_IDX, and one a packet without, until the guest says no', () => {
    const modern = bench();
    modern.guest.driverTx.enableCallbacks();
    modern.guest.transmit(10);
    modern.guest.run(1000);
    expect(modern.guest.signals.tx).toBe(1);
    const legacy = bench({ eventIdx: false });
    legacy.guest.transmit(10);
    // The guest gets to its handler when four packets are out.
    legacy.guest.at([3 + 0.5 + 3 + 4 * 2 + 1], () => legacy.guest.driverTx.disableCallbacks());
    legacy.guest.run(1000);
    expect(legacy.guest.signals.tx).toBe(4);
  });

  test('looks once more after it allows kicks, and goes on when something came', () => {
    const { guest, iterations } = bench();
    guest.transmit(3);
    guest.at([10], () => guest.transmit(3));
    guest.run(1000);
    expect(guest.published('tx')).toHaveLength(6);
    // The second three were found by the flush at hand: no kick, no further iteration.
    expect([guest.counts.kicks, iterations()]).toEqual([1, 2]);
  });

  test('finds a packet that slipped in while it allowed kicks, and takes another turn without them', () => {
    const { guest, iterations } = bench({ eventIdx: false });
    const { allowKicks } = guest.tx;
    let slipped = 0;
    guest.tx.allowKicks = () => {
      // Added in front of the flag's clearing, when the guest still sees that no kick is wanted.
      if (slipped++ === 0) guest.transmit(1);
      return allowKicks.call(guest.tx);
    };
    guest.transmit(1);
    // 8.5 us: the first is out; 10.5 us: the second. The third comes before the bottom half runs again.
    guest.at([11], () => guest.transmit(1));
    guest.run(1000);
    expect(guest.published('tx')).toEqual([1, 1, 1]);
    expect([guest.counts.kicks, iterations()]).toEqual([1, 3]);
  });

  test('sleeps with kicks allowed: each lone packet kicks, reads and runs the bottom half', () => {
    const { guest, charged } = bench();
    guest.at([0, 100, 200], () => guest.transmit(1));
    guest.run(1000);
    expect(guest.counts.kicks).toBe(3);
    expect(charged()).toMatchObject({ 'qemu.eventfdRead': 3, 'qemu.mainLoop': 6 });
  });

  test('gives others their turn after x-txburst packets', () => {
    const { guest } = bench({ size: 1024 });
    guest.transmit(300);
    guest.at([100], () => guest.receive(1));
    guest.run(5000);
    expect(guest.order.indexOf('rx 1')).toBe(256);
    expect(guest.published('tx')).toHaveLength(300);
  });

  test('copies each byte once, and runs the host stack in the main loop', () => {
    const { guest, charged } = bench();
    guest.transmit(10);
    guest.run(1000);
    expect(charged()).toEqual({
      'qemu.mainLoop': 2,
      'qemu.eventfdRead': 1,
      'qemu.virtqueue': 10,
      'tap.write': 10,
      'copy.setup': 10,
      'copy.perByte': 10 * 60,
      // The avail index with its first entries, and ten descriptors, four a line.
      'ring.line': 1 + 3,
      'host.stackTx': 10,
      'nicDriver.tx': 10,
      'nicDriver.doorbell': 10,
      'interrupt.ioctl': 1,
      'wake.waker': 1,
      'host.contextSwitch': 1,
    });
  });
});

describe('transmit with tx=timer', () => {
  test('waits for the timer, whose expiry is an iteration of the loop; what came meanwhile goes along', () => {
    const { guest, iterations } = bench({}, {}, { tx: 'timer' });
    guest.transmit(1);
    guest.at([50, 100], () => guest.transmit(1));
    guest.run(1000);
    // The kick is read at 3.5 us and arms 150 us; the expiry takes an iteration of 3 us, each packet 2 us.
    const first = 3.5 + 150 + 3 + 2;
    expect(guest.flushes.slice(0, 3).map(({ at }) => at)).toEqual([first, first + 2, first + 4]);
    // No kick came through while the timer was armed. Nothing was found after kicks were allowed: no further turn.
    expect([guest.counts.kicks, iterations()]).toEqual([1, 2]);
  });

  test('flushes at once when a second kick comes before the timer', () => {
    const { guest } = bench({}, {}, { tx: 'timer' });
    guest.transmit(1);
    // A guest may kick though nobody asked it to.
    guest.at([20], () => {
      guest.transmit(1);
      guest.kickTx.kick();
    });
    guest.run(1000);
    // 20 us: an iteration, the eventfd read, then both packets; the timer that was armed fires no more.
    expect(guest.flushes.map(({ at }) => at)).toEqual([20 + 3 + 0.5 + 2, 20 + 3 + 0.5 + 4]);
  });

  test('arms the timer anew after a full burst', () => {
    const { guest } = bench({}, {}, { tx: 'timer', burst: 2 });
    guest.transmit(3);
    guest.run(1000);
    const [, second, third] = guest.flushes.map(({ at }) => at);
    expect(third - second).toBe(150 + 3 + 2);
  });
});

describe('receive', () => {
  test('reads at most 50 frames per callback', () => {
    const { guest, iterations } = bench();
    guest.receive(120);
    guest.run(1000);
    expect(guest.published('rx')).toHaveLength(120);
    expect(iterations()).toBe(3);
  });

  // tap_send of net/tap.c: `while (true) { read … if (size <= 0) break; … if (packets >= 50) break; }`.
  test.each([
    [1, 1],
    [49, 1],
    [50, 0],
    [51, 1],
  ])('of a burst of %i frames takes %i reads that find nothing', (frames, empty) => {
    const { guest, charged } = bench();
    guest.receive(frames);
    guest.run(1000);
    expect(charged()['tap.read']).toBe(frames);
    expect(charged()['tap.readEmpty'] ?? 0).toBe(empty);
  });

  test('gives others their turn after 50 frames', () => {
    const { guest } = bench();
    guest.receive(120);
    guest.transmit(1);
    guest.run(1000);
    // The kick is read in the first iteration; its bottom half runs in the second, behind 50 more frames.
    expect(guest.order.indexOf('tx 1')).toBe(100);
  });

  test('publishes and decides frame by frame; a burst interrupts once with EVENT_IDX', () => {
    const { guest } = bench();
    guest.driverRx.enableCallbacks();
    guest.receive(40);
    guest.run(1000);
    expect(guest.published('rx')).toEqual(Array(40).fill(1));
    expect([guest.counts.rxDecisions, guest.signals.rx]).toEqual([40, 1]);
  });

  test('interrupts for each frame without EVENT_IDX', () => {
    const { guest, charged } = bench({ eventIdx: false });
    guest.receive(40);
    guest.run(1000);
    expect([guest.signals.rx, charged()['interrupt.ioctl']]).toEqual([40, 40]);
  });

  test('stops reading the tap when the guest has no buffers, and goes on at the refill kick', () => {
    const { guest, iterations } = bench({ rxBuffers: 10 });
    const sent = guest.receive(30);
    guest.run(1000);
    expect([guest.published('rx').length, guest.tap.queue.length]).toEqual([10, 20]);
    const before = iterations();
    guest.receive(5);
    guest.run(1000);
    expect([guest.tap.queue.length, iterations()]).toEqual([25, before]);
    const taken = guest.reap(guest.driverRx);
    guest.refill(256 - 10);
    guest.run(1000);
    expect(guest.tap.queue.length).toBe(0);
    expect([...taken, ...guest.reap(guest.driverRx)].slice(0, 30)).toEqual(sent);
  });

  test('copies each byte twice: from the tap into QEMU, from QEMU into the guest', () => {
    const { guest, charged } = bench();
    guest.receive(10);
    guest.run(1000);
    expect(charged()).toMatchObject({
      'qemu.mainLoop': 1,
      'tap.read': 10,
      'qemu.virtqueue': 10,
      'copy.setup': 20,
      'copy.perByte': 2 * 10 * 60,
    });
  });
});

test('everything is done by the main loop thread on its own core, under the big lock', () => {
  const { guest, world, loop } = bench();
  guest.transmit(20);
  guest.receive(20);
  const held: boolean[] = [];
  const { flush } = guest.rx;
  guest.rx.flush = () => {
    flush.call(guest.rx);
    held.push(loop.lock.holder !== null);
  };
  guest.run(1000);
  const working = world.books.ledger.spending().filter(({ core, busy }) => core === 'core1' && busy > 0);
  expect(new Set(working.map(({ payer }) => payer))).toEqual(new Set(['qemu vm']));
  expect(held).toEqual(Array(20).fill(true));
  expect(loop.lock.holder).toBeNull();
});
