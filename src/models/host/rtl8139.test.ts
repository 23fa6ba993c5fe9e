/** QEMU's rtl8139 in C+ mode (hw/net/rtl8139.c): work inside TxPoll, a level-triggered line, no flow control. */
import { describe, expect, test } from 'vitest';
import { qemuOf } from '../../datapaths/qemu.ts';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { Rtl8139Rings, RX_EMPTY, RX_OK, TX_OK } from '../hardware/rtl8139-rings.ts';
import { type Guest, nicBench } from './emulated-nic.test-support.ts';
import { Rtl8139 } from './rtl8139.ts';

/** cp_intr_mask, and the same without the causes of receive. */
const ALL = 0x80ff;
const NO_RX = 0x80ac;

const bench = () => {
  const rings = new Rtl8139Rings();
  const world = new World(priced({}), { seed: 1, replication: 0, maxEvents: 1e6 });
  const { sim, books, packets, hostNetwork: network } = world;
  const vm = { name: 'vm', vcpus: [[0]], backend: [1] };
  const vcpu = world.vcpu(vm);
  const loop = qemuOf(world, vm);
  world.peer.role(0, { kind: 'sink' });
  let edges: number[] = [];
  const parts = nicBench({ world, vcpu, loop, rings }, ({ tap, interrupt }) => {
    const line = interrupt('8139cp', 'KVM_IRQ_LINE');
    edges = line.edges;
    return new Rtl8139(sim, books, {
      ...{ rings, packets, tap, network, loop, iommu: null, mask: ALL },
      interrupt: line.path,
    });
  });
  /** Gives packets to the device and polls. */
  const transmit = (count: number): Guest =>
    function* (cpu) {
      parts.fill(count);
      rings.txOwned += count;
      yield* parts.write('TxPoll', 0x40)(cpu);
    };
  const status: number[] = [];
  return { ...parts, rings, world, edges, transmit, status, readStatus: parts.read('IntrStatus', status) };
};

describe('transmit', () => {
  test('runs inside the TxPoll write, with a copy into its buffer and a checksum in software', () => {
    const { world, rings, guest, transmit, run, counts } = bench();
    guest(transmit(3));
    run(100);
    expect([rings.txDone, rings.txOwned, world.nic.egress.use().transfers]).toEqual([3, 0, 3]);
    expect(counts(({ plane }) => plane === 'vcpu-u')).toEqual({
      'qemu.mmio': 1,
      'rtl8139.tx': 3,
      'qemu.checksumPerByte': 3 * 60,
      'copy.setup': 6,
      'copy.perByte': 2 * 3 * 60,
      'tap.write': 3,
      'host.stackTx': 3,
      'nicDriver.tx': 3,
      'nicDriver.doorbell': 3,
      'interrupt.ioctl': 1,
    });
  });

  test('goes round the ring of 64', () => {
    const { world, rings, guest, transmit, run } = bench();
    for (let i = 0; i < 20; i++) {
      guest(transmit(40));
      run(1000);
      expect(rings.txDone).toBe(40);
      rings.txDone = 0;
    }
    expect(world.nic.egress.use().transfers).toBe(800);
  });

  test('of nothing is no cause', () => {
    const { edges, guest, transmit, run } = bench();
    guest(transmit(0));
    run(100);
    expect(edges).toEqual([]);
  });
});

describe('the interrupt line', () => {
  test('rises once while a cause is set, without any mitigation afterwards', () => {
    const { edges, guest, transmit, write, run } = bench();
    guest(transmit(1), [0, 10]);
    run(100);
    expect(edges).toEqual([0]);
    guest(write('IntrStatus', TX_OK));
    guest(transmit(1), [101]);
    run(100);
    expect(edges).toEqual([0, 101]);
  });

  test('reading IntrStatus leaves it as it is; writing ones clears them', () => {
    const { status, guest, transmit, write, readStatus, receive, run } = bench();
    guest(transmit(1));
    receive(1);
    run(100);
    for (const step of [readStatus, readStatus, write('IntrStatus', TX_OK), readStatus]) guest(step);
    run(100);
    expect(status).toEqual([TX_OK | RX_OK, TX_OK | RX_OK, RX_OK]);
  });

  test('falls when its causes are masked, and rises when they are unmasked', () => {
    const { model, edges, guest, write, receive, run } = bench();
    receive(1);
    run(100);
    guest(write('IntrMask', NO_RX));
    run(100);
    expect(model.asserted).toBe(false);
    receive(1);
    run(100);
    expect(edges).toHaveLength(1);
    guest(write('IntrMask', ALL));
    run(100);
    expect([edges.length, model.asserted]).toEqual([2, true]);
  });

  test('stays up, without an edge, when one of two causes is acknowledged', () => {
    const { model, edges, guest, transmit, write, receive, run } = bench();
    guest(transmit(1));
    receive(1);
    run(100);
    guest(write('IntrStatus', TX_OK));
    run(100);
    expect([edges.length, model.asserted]).toEqual([1, true]);
  });
});

describe('receive', () => {
  test('writes frames to the ring in order, in the main loop, with two copies and a CRC each', () => {
    const { rings, receive, run, counts } = bench();
    const frames = receive(40);
    run(100);
    expect([...rings.rx.slice(0, 40)]).toEqual(frames);
    expect([rings.rxDone, rings.rxOwned]).toEqual([40, 24]);
    expect(counts(({ payer }) => payer === 'qemu vm')).toMatchObject({
      'tap.read': 40,
      'tap.readEmpty': 1,
      'rtl8139.rx': 40,
      'rtl8139.crcPerByte': 40 * 60,
      'copy.setup': 80,
      'copy.perByte': 2 * 40 * 60,
    });
  });

  test('loses what finds no descriptor, reading the tap all the same, and says so', () => {
    const { world, rings, tap, record, status, guest, readStatus, receive, run, counts } = bench();
    const alive = world.packets.alive;
    receive(100);
    run(1000);
    guest(readStatus);
    run(100);
    expect([rings.rxDone, tap.queue.length]).toEqual([64, 0]);
    expect([...record.drops]).toEqual([['rtl8139: no receive descriptor', 36]]);
    expect(world.packets.alive - alive).toBe(64);
    expect(status).toEqual([RX_OK | RX_EMPTY]);
    // The lost ones were read, but not copied to the guest.
    expect(counts()).toMatchObject({ 'tap.read': 100, 'rtl8139.rx': 100, 'copy.setup': 164 });
  });

  test('goes on where the driver gave descriptors back', () => {
    const { rings, record, receive, run } = bench();
    receive(64);
    run(1000);
    rings.rxOwned += 10;
    receive(10);
    run(1000);
    expect([rings.rxDone, rings.rxOwned, record.dropped]).toEqual([74, 0, 0]);
  });
});
