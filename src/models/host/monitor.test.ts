/** What other monitors do where QEMU does otherwise, on the same component; the test is the guest. */
import { describe, expect, test } from 'vitest';
import { monitorOf } from '../../datapaths/qemu.ts';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { us } from '../../units.ts';
import { MONITORS, type Monitor } from './monitor.ts';
import { type GuestSettings, RingGuest } from './ring-guest.test-support.ts';
import { UserspaceVirtioNet } from './userspace-virtio-net.ts';

const MICROSECOND = 1_000_000;
/** An iteration of the loop takes 3 us, reading an eventfd 0.5 us; a packet 1 us in the ring and 1 us at the tap. */
const PRICES = {
  'monitor.epollWait': 3 * MICROSECOND,
  'monitor.eventfdRead': 500_000,
  'monitor.virtqueue': MICROSECOND,
  'tap.write': MICROSECOND,
  'tap.read': MICROSECOND,
};

const bench = (name: Monitor['name'], settings: GuestSettings = {}, more: Partial<Monitor> = {}) => {
  const world = new World(priced(PRICES), { seed: 1, replication: 0, maxEvents: 1e7 });
  const { sim, books, packets, hostNetwork: network } = world;
  const vm = { name: 'vm', vcpus: [[0]], backend: [1] };
  const vcpu = world.vcpu(vm);
  const loop = monitorOf(world, vm, { ...MONITORS[name], ...more });
  const guest = new RingGuest({ sim, books, packets, vcpu }, name, settings);
  const { tx, rx, memory, tap, txInterrupt, rxInterrupt, configInterrupt } = guest;
  const interrupts = { txInterrupt, rxInterrupt, configInterrupt };
  const transmit = { tx: 'bh', timer: us(150), burst: 256 } as const;
  const parts = { vm: 'vm', tx, rx, memory, packets, tap, network, loop, ...interrupts, transmit };
  const backend = new UserspaceVirtioNet(sim, books, parts);
  guest.kickTx = backend.kickTx;
  guest.kickRx = backend.kickRx;
  world.peer.role(0, { kind: 'sink' });
  return { guest, loop, charged: () => guest.charged(`${name} vm`) };
};

const others = ['firecracker', 'cloud-hypervisor'] as const;

describe.each(others)('%s', (name) => {
  test('serves a kick in the iteration that reads its eventfd: there is no bottom half', () => {
    const { guest, charged } = bench(name);
    guest.transmit(1);
    guest.run(100);
    expect(guest.flushes).toEqual([{ queue: 'tx', packets: 1, at: 3 + 0.5 + 1 + 1 }]);
    expect(charged()).toMatchObject({ 'monitor.epollWait': 1, 'monitor.eventfdRead': 1 });
  });

  test('decides once about an interrupt for all that a kick brought, or per request for each', () => {
    const together = bench(name);
    together.guest.transmit(10);
    together.guest.receive(10);
    together.guest.run(1000);
    expect([together.guest.counts.txDecisions, together.guest.counts.rxDecisions]).toEqual([1, 1]);
    const each = bench(name, {}, { signal: 'per-request' });
    each.guest.transmit(10);
    each.guest.receive(10);
    each.guest.run(1000);
    expect([each.guest.counts.txDecisions, each.guest.counts.rxDecisions]).toEqual([10, 10]);
    expect(each.guest.published('tx')).toEqual(Array(10).fill(1));
  });

  test('serves its queue to the end, and reads its tap until it is empty, however much there is', () => {
    const { guest, charged } = bench(name, { size: 1024 });
    guest.transmit(300);
    guest.receive(120);
    guest.run(5000);
    const firstReceived = guest.order.findIndex((what) => what.startsWith('rx'));
    expect(firstReceived).toBe(guest.published('tx').length);
    expect(charged()).toMatchObject({ 'tap.write': 300, 'tap.read': 120, 'tap.readEmpty': 1 });
  });

  test('never says NO_NOTIFY: without EVENT_IDX each packet kicks', () => {
    const { guest } = bench(name, { eventIdx: false });
    guest.at([0, 6, 7, 8, 9], () => guest.transmit(1));
    guest.run(1000);
    expect(guest.counts.kicks).toBe(5);
  });

  test('has no lock that a vCPU could wait for', () => {
    const { guest, loop } = bench(name);
    guest.transmit(5);
    guest.run(6);
    expect([loop.lock.holder, loop.lock.take(undefined as never)]).toEqual([null, true]);
  });

  test('copies a frame received once', () => {
    const { guest, charged } = bench(name);
    guest.receive(10);
    guest.run(1000);
    expect(charged()).toMatchObject({ 'copy.setup': 10, 'copy.perByte': 10 * 60 });
  });

  test('stops reading the tap when the guest has no buffers, and goes on at the refill kick', () => {
    const { guest } = bench(name, { rxBuffers: 10 });
    const sent = guest.receive(30);
    guest.run(1000);
    expect([guest.reap(guest.driverRx).length, guest.tap.queue.length]).toEqual([10, 20]);
    guest.refill(256 - 10);
    guest.run(1000);
    expect([guest.tap.queue.length, guest.reap(guest.driverRx).length]).toEqual([0, sent.length - 10]);
  });
});

test('Firecracker publishes what it used when it is done, Cloud Hypervisor one by one', () => {
  const published = others.map((name) => {
    const { guest } = bench(name);
    guest.transmit(10);
    guest.run(1000);
    return guest.published('tx');
  });
  expect(published).toEqual([[10], Array(10).fill(1)]);
});

test('before 1.10 Firecracker copied a frame twice', () => {
  const { guest, charged } = bench('firecracker', {}, { rxCopies: 2 });
  guest.receive(10);
  guest.run(1000);
  expect(charged()).toMatchObject({ 'copy.setup': 20, 'copy.perByte': 2 * 10 * 60 });
});

test('of a frame that comes while the tap is read an edge wakes Firecracker once more, for nothing', () => {
  // Read at 3 us, used at 5 us: the second comes in between, and is read by the callback at hand.
  const reads = others.map((name) => {
    const { guest, charged } = bench(name);
    guest.receive(1);
    guest.at([4], () => guest.receive(1));
    guest.run(1000);
    return [charged()['tap.read'], charged()['tap.readEmpty']];
  });
  expect(reads).toEqual([
    [2, 2],
    [2, 1],
  ]);
});

test('Firecracker takes receive buffers ahead: each refill kicks, and is answered by a read of the tap; no other does', () => {
  const kicks = (['qemu', ...others] as const).map((name) => {
    const { guest, charged } = bench(name);
    // Far from running out: 40 of 256 are used and given back, three times.
    for (const at of [0, 1000, 2000]) {
      guest.at([at], () => guest.receive(40));
      guest.at([at + 500], () => {
        guest.reap(guest.driverRx);
        guest.refill(40);
      });
    }
    guest.run(3000);
    const { eventfdRead } = MONITORS[name].costs;
    return [charged()[eventfdRead] ?? 0, charged()['tap.readEmpty']];
  });
  // One read that finds nothing a burst, and one a refill.
  expect(kicks).toEqual([
    [0, 3],
    [3, 6],
    [0, 3],
  ]);
});
