/** QEMU's 82574L (hw/net/e1000e_core.c): no coalesced write, causes that clear and mask themselves, one copy to send. */
import { describe, expect, test } from 'vitest';
import { qemuOf } from '../../datapaths/qemu.ts';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { us } from '../../units.ts';
import { DescriptorRings } from '../hardware/descriptor-rings.ts';
import { RX_RING, RXQ0, TX_SLOTS, TXQ0 } from '../hardware/e1000e-rings.ts';
import { E1000e } from './e1000e.ts';
import { type Guest, nicBench } from './emulated-nic.test-support.ts';

/** RDT at the beginning. */
const TAIL = 240;

const bench = ({ costs = {}, vnetHeader = true } = {}) => {
  const rings = new DescriptorRings(TX_SLOTS, RX_RING);
  let rx: number[] = [];
  let tx: number[] = [];
  const world = new World(priced(costs), { seed: 1, replication: 0, maxEvents: 1e6 });
  const { sim, books, packets, hostNetwork: network } = world;
  const vm = { name: 'vm', vcpus: [[0]], backend: [1] };
  const vcpu = world.vcpu(vm);
  const loop = qemuOf(world, vm);
  world.peer.role(0, { kind: 'sink' });
  const parts = nicBench({ world, vcpu, loop, rings }, ({ tap, interrupt }) => {
    const rxVector = interrupt('rx', 'KVM_SIGNAL_MSI');
    const txVector = interrupt('tx', 'KVM_SIGNAL_MSI');
    rx = rxVector.edges;
    tx = txVector.edges;
    return new E1000e(sim, books, {
      ...{ rings, packets, tap, network, loop, iommu: null, vnetHeader },
      rxInterrupt: rxVector.path,
      txInterrupt: txVector.path,
      receiveTail: TAIL,
      postponedBefore: false,
    });
  });
  /** Puts packets into the transmit ring and rings: TDT counts descriptors, two a packet. */
  const transmit = (count: number): Guest =>
    function* (cpu) {
      yield* parts.write('TDT', parts.fill(count) * 2)(cpu);
    };
  return { ...parts, world, rx, tx, transmit };
};

describe('transmit', () => {
  test('runs inside the TDT write, with one copy: the tap reads the guest memory itself', () => {
    const { world, rings, guest, transmit, run, counts } = bench();
    guest(transmit(3));
    run(100);
    expect([rings.txDone, world.nic.egress.use().transfers]).toEqual([3, 3]);
    expect(counts(({ plane }) => plane === 'vcpu-u')).toEqual({
      'qemu.mmio': 1,
      'e1000e.tx': 3,
      'copy.setup': 3,
      'copy.perByte': 3 * 60,
      'tap.write': 3,
      'host.stackTx': 3,
      'nicDriver.tx': 3,
      'nicDriver.doorbell': 3,
      'interrupt.ioctl': 1,
    });
  });

  test('goes round the ring of 256 descriptors', () => {
    const { world, rings, guest, transmit, run } = bench();
    for (let i = 0; i < 20; i++) {
      guest(transmit(100));
      run(1000);
      expect(rings.txDone).toBe(100);
      rings.txDone = 0;
    }
    expect(world.nic.egress.use().transfers).toBe(2000);
  });
});

describe('a checksum', () => {
  const checksummed = (vnetHeader: boolean): number => {
    const { guest, transmit, receive, run, counts } = bench({ vnetHeader });
    guest(transmit(2));
    receive(3);
    run(100);
    return counts()['qemu.checksumPerByte'] ?? 0;
  };

  test('is left to the host where the tap has a virtio-net header', () => expect(checksummed(true)).toBe(0));

  test('is computed by QEMU without, for each byte sent and received', () =>
    expect(checksummed(false)).toBe((2 + 3) * 60));
});

describe('a register write', () => {
  test.each(['TDT', 'RDT', 'IMS', 'EITR0'])('of %s exits to QEMU', (register) => {
    const { guest, write, run, counts } = bench();
    guest(write(register, 0));
    run(100);
    const { 'exit.heavy': heavy, 'exit.coalesced': light = 0 } = counts();
    expect([heavy, light]).toEqual([1, 0]);
  });
});

describe('a cause', () => {
  test('is reported once and masks itself until IMS is written', () => {
    const { tx, guest, transmit, write, run } = bench();
    // Far enough apart that the throttle timer plays no part.
    guest(transmit(1), [0, 300, 600]);
    run(1000);
    expect(tx).toEqual([0]);
    // What came meanwhile is reported at once.
    guest(write('IMS', TXQ0));
    run(1000);
    expect(tx).toEqual([0, 1000]);
    // It cleared itself: there is nothing to report now.
    guest(write('IMS', TXQ0));
    run(1000);
    expect(tx).toEqual([0, 1000]);
  });

  test('of one queue says nothing of the other', () => {
    const { rx, tx, guest, transmit, write, receive, run, at } = bench();
    at([10], () => void receive(2));
    guest(transmit(1), [500]);
    guest(write('IMS', TXQ0), [1000]);
    at([2000], () => void receive(1));
    guest(write('IMS', RXQ0), [3000]);
    run(5000);
    expect([rx, tx]).toEqual([[10, 3000], [500]]);
  });

  test('of many frames read in one callback is one message', () => {
    const { rx, receive, run } = bench();
    receive(40);
    run(1000);
    expect(rx).toHaveLength(1);
  });

  test('within 128 us of the last message waits for the end of the gap', () => {
    const { rx, guest, write, receive, run, at } = bench();
    at([10, 50], () => void receive(1));
    guest(write('IMS', RXQ0), [20]);
    run(1000);
    expect(rx).toEqual([10, 138]);
  });

  test('keeps to the longer gap that EITR asks for', () => {
    const { rx, guest, write, receive, run, at } = bench();
    guest(write('EITR0', 976));
    at([10, 50], () => void receive(1));
    guest(write('IMS', RXQ0), [20]);
    run(1000);
    expect(rx).toEqual([10, 10 + 249.856]);
  });
});

describe('receive', () => {
  test('writes frames to the ring in order, in the main loop, with two copies each', () => {
    const { rings, receive, run, counts } = bench();
    const frames = receive(40);
    run(100);
    expect([...rings.rx.slice(0, 40)]).toEqual(frames);
    expect(counts(({ payer }) => payer === 'qemu vm')).toMatchObject({
      'tap.read': 40,
      'e1000e.rx': 40,
      'copy.setup': 80,
      'copy.perByte': 2 * 40 * 60,
    });
  });

  test('stops reading the tap at RDT, and goes on inside the exit that moves it', () => {
    const { rings, tap, guest, write, receive, run } = bench({ costs: { 'exit.heavy': us(10) } });
    receive(300);
    run(1000);
    expect([rings.rxDone, tap.queue.length]).toEqual([TAIL, 300 - TAIL - 1]);
    guest(write('RDT', 0));
    run(1000);
    // From 240 to 256: 16 more; the next waits in QEMU again.
    expect([rings.rxDone, tap.queue.length]).toEqual([TAIL + 16, 300 - TAIL - 16 - 1]);
  });
});
