/** QEMU's 82540EM (hw/net/e1000.c): transmit inside the exit, receive in the main loop, mitigated interrupts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { qemuOf } from '../../datapaths/qemu.ts';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { us } from '../../units.ts';
import { RUN } from '../hardware/context.ts';
import { DescriptorRings } from '../hardware/descriptor-rings.ts';
import { E1000_RING, RXDMT0, RXT0, TXDW, TXQE } from '../hardware/e1000-rings.ts';
import { E1000 } from './e1000.ts';
import { type Guest, nicBench } from './emulated-nic.test-support.ts';

/** Linux's interrupt mask: RXT0, TXDW, RXDMT0 and others, not TXQE. */
const IMS = 0x9d;
const ALL = 0xffffffff;

interface Settings {
  readonly costs?: Readonly<Record<string, number>>;
  readonly mitigation?: boolean;
  readonly preset?: Readonly<Record<string, number>>;
}

const bench = ({ costs = {}, mitigation = true, preset = {} }: Settings = {}) => {
  const rings = new DescriptorRings(E1000_RING);
  let edges: number[] = [];
  const world = new World(priced(costs), { seed: 1, replication: 0, maxEvents: 1e6 });
  const { sim, books, packets, hostNetwork: network } = world;
  const vm = { name: 'vm', vcpus: [[0]], backend: [1] };
  const vcpu = world.vcpu(vm);
  const loop = qemuOf(world, vm);
  world.peer.role(0, { kind: 'sink' });
  const parts = nicBench({ world, vcpu, loop, rings }, ({ tap, interrupt }) => {
    const line = interrupt('e1000', 'KVM_IRQ_LINE');
    edges = line.edges;
    const around = { rings, packets, tap, network, loop, iommu: null };
    return new E1000(sim, books, { ...around, interrupt: line.path, mitigation });
  });
  for (const [register, value] of Object.entries({ RDT: E1000_RING - 1, IMS, ...preset })) {
    parts.model.preset(register, value);
  }
  /** Puts packets into the transmit ring and rings. */
  const transmit = (count: number): Guest =>
    function* (cpu) {
      yield* parts.write('TDT', parts.fill(count))(cpu);
    };
  const causes: number[] = [];
  return { ...parts, world, edges, causes, transmit, readIcr: parts.read('ICR', causes) };
};

describe('transmit', () => {
  test('runs inside the TDT write, host stack and all, charged to the vCPU thread and not to the main loop', () => {
    const { world, rings, guest, transmit, run, spending } = bench();
    guest(transmit(3));
    run(1000);
    expect([rings.txDone, world.nic.egress.use().transfers]).toEqual([3, 3]);
    const inQemu = spending().filter(({ plane }) => plane === 'vcpu-u');
    expect(Object.fromEntries(inQemu.map(({ cost, count }) => [cost, count]))).toEqual({
      'qemu.mmio': 1,
      'e1000.tx': 3,
      // Two copies: into the bounce buffer and into the skb.
      'copy.setup': 6,
      'copy.perByte': 2 * 3 * 60,
      'tap.write': 3,
      'host.stackTx': 3,
      'nicDriver.tx': 3,
      'nicDriver.doorbell': 3,
      'interrupt.ioctl': 1,
    });
    expect(inQemu.every(({ core, payer }) => core === 'core0' && payer.startsWith('vm vcpu0'))).toBe(true);
    // The main loop wakes only when the mitigation timer expires.
    const main = spending().filter(({ payer }) => payer === 'qemu vm');
    expect(main.map(({ cost }) => cost).sort()).toEqual(['host.contextSwitch', 'qemu.mainLoop']);
  });

  test('takes the guest as long as all of it costs', () => {
    const { world, guest, transmit, run } = bench({
      costs: {
        'exit.heavy': us(7),
        'qemu.mmio': us(1),
        'e1000.tx': us(2),
        'tap.write': us(3),
        'host.stackTx': us(4),
      },
    });
    let back = 0;
    guest(function* (cpu) {
      yield* transmit(2)(cpu);
      yield RUN;
      back = world.sim.now;
    });
    run(1000);
    expect(back).toBe(us(7 + 1 + 2 * (2 + 3 + 4)));
  });

  test('goes round the ring of 256', () => {
    const { world, rings, guest, transmit, run } = bench();
    for (let i = 0; i < 20; i++) {
      guest(transmit(200));
      run(1000);
      expect(rings.txDone).toBe(200);
      rings.txDone = 0;
    }
    expect(world.nic.egress.use().transfers).toBe(4000);
  });

  test('raises TXQE and TXDW; reading ICR returns and clears them', () => {
    const { causes, guest, transmit, readIcr, run } = bench();
    guest(transmit(1));
    run(10);
    guest(readIcr);
    run(10);
    guest(readIcr);
    run(10);
    expect(causes).toEqual([TXDW | TXQE, 0]);
  });
});

describe('a register write', () => {
  /** hw/net/e1000.c, e1000_mmio_setup: coalesced but for excluded_regs. */
  test.each([
    ['MDIC', 'exit.heavy'],
    ['ICR', 'exit.heavy'],
    ['ICS', 'exit.heavy'],
    ['IMS', 'exit.heavy'],
    ['IMC', 'exit.heavy'],
    ['TCTL', 'exit.heavy'],
    ['TDT', 'exit.heavy'],
    ['CTRL', 'exit.coalesced'],
    ['ITR', 'exit.coalesced'],
    ['RDT', 'exit.coalesced'],
    ['TDBAL', 'exit.coalesced'],
    ['TADV', 'exit.coalesced'],
  ])('of %s costs %s', (register, cost) => {
    const { guest, write, run, spending } = bench();
    guest(write(register, 0));
    run(100);
    const exits = spending().filter((line) => line.cost === 'exit.heavy' || line.cost === 'exit.coalesced');
    expect(exits.map((line) => [line.cost, line.count])).toEqual([[cost, 1]]);
  });
});

describe('the interrupt line', () => {
  test('rises once while it is high, and again only after ICR was read', () => {
    const { edges, guest, transmit, readIcr, run } = bench();
    guest(transmit(1), [0, 200, 400]);
    run(1000);
    expect(edges).toHaveLength(1);
    guest(readIcr);
    guest(transmit(1), [2000]);
    run(2000);
    expect(edges).toEqual([0, 2000]);
  });

  test('stays low for causes that are masked, and rises when they are unmasked', () => {
    const { edges, guest, transmit, write, run } = bench();
    guest(write('IMC', ALL));
    guest(transmit(1), [10]);
    run(100);
    expect(edges).toEqual([]);
    guest(write('IMS', IMS));
    run(100);
    expect(edges).toEqual([100]);
  });

  test('falls when its causes are masked, and TXQE alone does not raise it under Linux', () => {
    const { edges, guest, write, run } = bench();
    guest(write('TDT', 0));
    run(1000);
    expect(edges).toEqual([]);
  });
});

describe('mitigation', () => {
  /** The guest answers each interrupt at once: reads ICR, so that the next cause makes the next edge. */
  const answering = (settings: Settings, times: readonly number[]) => {
    const made = bench(settings);
    for (const time of times) {
      made.guest(made.transmit(1), [time]);
      made.guest(made.readIcr, [time + 0.5]);
    }
    made.run(10_000);
    return made.edges;
  };
  const every = (gap: number, count: number) => Array.from({ length: count }, (_, i) => 10 + i * gap);

  test('lets the first edge through at once and holds the next for 128 us', () => {
    // A cause that waits for the timer, and one long after it expired.
    const { edges, guest, transmit, readIcr, run } = bench();
    guest(transmit(1), [10]);
    guest(readIcr, [11]);
    guest(transmit(1), [20]);
    guest(readIcr, [200]);
    guest(transmit(1), [500]);
    run(1000);
    expect(edges).toEqual([10, 10 + 128, 500]);
  });

  test('does not hold what comes after the timer', () =>
    expect(answering({}, every(130, 20))).toEqual(every(130, 20)));

  test('off lets every edge through', () =>
    expect(answering({ mitigation: false }, every(5, 20))).toEqual(every(5, 20)));

  test.each<[string, Record<string, number>, number]>([
    ['ITR 195 units, 20,000 a second: the floor of 500', { ITR: 195 }, 500],
    ['ITR 976 units, 4,000 a second', { ITR: 976 }, 976],
    ['TADV 32 is 128 units: the floor', { TADV: 32, ITR: 976 }, 500],
    ['TADV 200 is 800 units, less than ITR', { TADV: 200, ITR: 976 }, 800],
    ['TADV 300 is 1,200 units, more than ITR', { TADV: 300, ITR: 976 }, 976],
    ['nothing set: the floor', {}, 500],
  ])('waits the shortest delay that is set, in units of 256 ns: %s', (_name, preset, units) => {
    const { edges, guest, transmit, readIcr, run } = bench({ preset });
    guest(transmit(1), [0]);
    guest(readIcr, [1]);
    guest(transmit(1), [2]);
    run(1000);
    expect(edges).toEqual([0, units * 0.256]);
  });

  test.each<[string, Record<string, number>, number]>([
    ['RADV counts only with RDTR', { RADV: 150, ITR: 976 }, 976],
    ['RADV 150 is 600 units', { RADV: 150, RDTR: 1, ITR: 976 }, 600],
    ['TADV does not count for received frames', { TADV: 150, ITR: 976 }, 976],
  ])('of received frames: %s', (_name, preset, units) => {
    const { edges, guest, readIcr, receive, run, at } = bench({ preset });
    at([0, 2], () => void receive(1));
    guest(readIcr, [1]);
    run(1000);
    expect(edges).toEqual([0, units * 0.256]);
  });

  test('keeps edges at least 128 us apart whatever comes when', () => {
    const times = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 80 });
    fc.assert(
      fc.property(times, times, times, (sends, arrivals, reads) => {
        const { edges, guest, transmit, readIcr, receive, run, at } = bench();
        for (const time of sends) guest(transmit(1), [time]);
        at(arrivals, () => void receive(1));
        guest(readIcr, reads);
        run(10_000);
        for (let i = 1; i < edges.length; i++) expect(edges[i] - edges[i - 1]).toBeGreaterThanOrEqual(128);
        expect(edges.length > 0).toBe(sends.length + arrivals.length > 0);
      }),
      { numRuns: 60 },
    );
  });
});

describe('receive', () => {
  test('writes frames to the ring in order, in the main loop, with two copies each', () => {
    const { rings, receive, run, spending, iterations } = bench();
    const frames = receive(40);
    run(100);
    expect([...rings.rx.slice(0, 40)]).toEqual(frames);
    expect([rings.rxDone, iterations()]).toEqual([40, 1]);
    const main = spending().filter(({ payer }) => payer === 'qemu vm');
    expect(Object.fromEntries(main.map(({ cost, count }) => [cost, count]))).toMatchObject({
      'tap.read': 40,
      'e1000.rx': 40,
      'copy.setup': 80,
      'copy.perByte': 2 * 40 * 60,
    });
  });

  test('reads at most 50 frames per callback', () => {
    const { rings, receive, run, iterations } = bench();
    receive(120);
    run(100);
    // 50, 50 and 20, each in an iteration of its own.
    expect([rings.rxDone, iterations()]).toEqual([120, 3]);
  });

  test('stops reading the tap when the ring has no descriptor left', () => {
    const { rings, tap, receive, run, iterations } = bench();
    receive(300);
    run(1000);
    // One frame was read before QEMU asked for a descriptor.
    expect([rings.rxDone, tap.queue.length]).toEqual([E1000_RING - 1, 300 - (E1000_RING - 1) - 1]);
    // Frames that come now wake nobody.
    const before = iterations();
    receive(5);
    run(1000);
    expect([tap.queue.length, iterations()]).toEqual([44 + 5, before]);
  });

  test('goes on only when a coalesced RDT write has reached QEMU with the next heavy access', () => {
    const { rings, tap, guest, write, readIcr, receive, run } = bench();
    receive(300);
    run(1000);
    guest(write('RDT', 31));
    run(1000);
    expect([rings.rxDone, tap.queue.length]).toEqual([255, 44]);
    guest(readIcr);
    run(1000);
    // RDT moved from 255 to 31: 32 more descriptors, the first for the frame in QEMU; the 33rd frame waits there again.
    expect([rings.rxDone, tap.queue.length]).toEqual([255 + 32, 44 - 31 - 1]);
  });

  test('delivers the frame that waited in QEMU inside the exit that brings RDT, and wakes the main loop for the rest', () => {
    const { world, rings, guest, write, readIcr, receive, run, spending } = bench({
      costs: {
        'exit.heavy': us(10),
        'qemu.mmio': us(1),
        'e1000.rx': us(2),
        'wake.waker': us(4),
        'qemu.mainLoop': us(8),
        'tap.read': us(16),
      },
      preset: { RDT: 1, IMS: 0 },
    });
    const frames = receive(3);
    run(1000);
    expect(rings.rxDone).toBe(1);
    const before = world.books.ledger.snapshot();
    let back = 0;
    guest(write('RDT', 3));
    guest(function* (cpu) {
      yield* readIcr(cpu);
      yield RUN;
      back = world.sim.now - us(1000);
    });
    // Out of the guest 10 us, dispatch 1, delivery 2; then the waker's part.
    const delivered = [12.5, 1, 100].map((span) => {
      run(span);
      return rings.rxDone;
    });
    expect(delivered).toEqual([1, 2, 3]);
    expect([...rings.rx.slice(0, 3)]).toEqual(frames);
    expect(back).toBe(us(10 + 1 + 2 + 4));
    const spent = spending(before).filter(({ cost }) =>
      ['e1000.rx', 'tap.read', 'wake.waker'].includes(cost),
    );
    expect(spent.map(({ payer, plane, cost, count }) => [payer, plane, cost, count]).sort()).toEqual([
      ['qemu vm', 'own', 'e1000.rx', 1],
      ['qemu vm', 'own', 'tap.read', 1],
      ['vm vcpu0 task', 'vcpu-u', 'e1000.rx', 1],
      ['vm vcpu0 task', 'vcpu-u', 'wake.waker', 1],
    ]);
  });

  test('loses no frame that comes while the last descriptors are filled', () => {
    const { rings, tap, guest, write, readIcr, receive, run, at } = bench({
      costs: { 'tap.read': us(1) },
      preset: { RDT: 2, IMS: 0 },
    });
    at([0, 0.5, 1.5, 2.5], () => void receive(1));
    run(1000);
    expect([rings.rxDone, tap.queue.length]).toEqual([2, 1]);
    guest(write('RDT', 100));
    guest(readIcr);
    run(1000);
    expect([rings.rxDone, tap.queue.length]).toEqual([4, 0]);
  });

  test('does not ask the tap, and wakes nobody, when RDT moves while nothing waited', () => {
    const { guest, write, readIcr, receive, run, iterations } = bench();
    receive(10);
    run(1000);
    const before = iterations();
    guest(write('RDT', 9));
    guest(readIcr, [1100]);
    run(1000);
    expect(iterations()).toBe(before);
  });

  test('raises RXT0, and RXDMT0 when half the descriptors or fewer are left', () => {
    const { causes, guest, readIcr, receive, run } = bench();
    for (const frames of [1, 125, 1, 1]) {
      receive(frames);
      run(1000);
      guest(readIcr);
      run(1000);
    }
    // 255 − 127 = 128 are left after the third.
    expect(causes).toEqual([RXT0, RXT0, RXT0 | RXDMT0, RXT0 | RXDMT0]);
  });
});
