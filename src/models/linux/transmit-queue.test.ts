/** A qdisc in front of a driver that stops and restarts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { ns } from '../../units.ts';
import { type Context, RUN, WAIT } from '../hardware/context.ts';
import type { NetDevice } from './net-device.ts';
import { TransmitQueue } from './transmit-queue.ts';

/** A driver with a small ring that a test empties. */
class FakeDevice implements NetDevice {
  stopped = false;
  tso = true;
  readonly published: number[] = [];
  free: number;
  rings = 0;
  readonly doorbell = {
    leave: (_cpu: Context) => {},
    act: () => {
      this.rings++;
      return null;
    },
    enter: () => {},
  };
  private readonly cost;

  constructor(world: World, free: number) {
    this.free = free;
    this.cost = world.books.costs.cost('virtioNet.tx');
  }

  prepare(cpu: Context): void {
    cpu.charge(this.cost);
  }

  publish(_cpu: Context, packet: number, more: boolean): boolean {
    if (this.stopped) throw new Error('published to a stopped queue');
    this.published.push(packet);
    this.free--;
    if (this.free === 0) this.stopped = true;
    return !more || this.stopped;
  }

  attach(): void {}
}

const bench = ({
  free = Number.POSITIVE_INFINITY,
  length = 1000,
  senderOn = 0,
  size = 60,
  tso = true,
} = {}) => {
  const machine = priced({ 'virtioNet.tx': 100, 'stack.qdisc': 10, 'stack.gso': 30 });
  const world = new World(machine, { seed: 1, replication: 0, maxEvents: 1e6 });
  const { sim, books, packets, cores } = world;
  const device = new FakeDevice(world, free);
  device.tso = tso;
  const stage = books.timeline.working('stack: transmit');
  const queue = new TransmitQueue(cores[0], packets, device, { name: 'guest', length, stage });
  const record = books.timeline.workload('w');
  const sent: number[] = [];
  let wanted = 0;
  const sender = cores[senderOn].task('sender', function* (cpu) {
    yield WAIT;
    for (;;) {
      for (; wanted > 0; wanted--) {
        const packet = packets.create(size, books.timeline.open(record, sim.now, sim.now, size), 0);
        const paid = queue.prepare(cpu, packet);
        yield RUN;
        sent.push(packet);
        const work = queue.send(cpu, packet, paid);
        if (work !== null) yield cpu.call(work);
      }
      yield WAIT;
    }
  });
  const send = (count: number): void => {
    wanted += count;
    sender.signal();
    sim.run(ns(sim.now / 1000 + 1000));
  };
  /** The driver has reaped: `free` more slots, and the queue starts again. */
  const restart = (more: number): void => {
    device.free += more;
    device.stopped = false;
    queue.restarted();
    sim.run(ns(sim.now / 1000 + 1000));
  };
  const count = (cost: string): number =>
    books.ledger.spending().reduce((sum, line) => (line.cost === cost ? sum + line.count : sum), 0);
  return { world, device, queue, record, sent, send, restart, count };
};

describe('a packet longer than a frame', () => {
  const sizes = ({ world, device }: ReturnType<typeof bench>) =>
    device.published.map((packet) => world.packets.size[packet]);

  test('is left to a device that cuts it', () => {
    const made = bench({ size: 5000 });
    made.send(2);
    expect([sizes(made), made.device.rings, made.count('stack.gso')]).toEqual([[5000, 5000], 2, 0]);
  });

  test('is cut in front of one that does not, each frame at its price, and one doorbell is rung for all', () => {
    const made = bench({ size: 5000, tso: false });
    made.send(1);
    expect([sizes(made), made.device.rings]).toEqual([[1514, 1514, 1514, 656], 1]);
    expect(['stack.gso', 'virtioNet.tx', 'stack.qdisc'].map(made.count)).toEqual([4, 4, 0]);
  });

  test('rings also where the device stops among its frames; the others follow when it restarts', () => {
    const made = bench({ size: 5000, tso: false, free: 2 });
    made.send(1);
    expect([sizes(made).length, made.device.rings]).toEqual([2, 1]);
    made.restart(10);
    expect([sizes(made).length, made.device.rings]).toEqual([4, 2]);
  });

  test('of which a frame finds no room loses its request once', () => {
    const made = bench({ size: 5000, tso: false, free: 0, length: 3 });
    made.device.stopped = true;
    made.send(1);
    expect([...made.record.drops]).toEqual([['guest qdisc: full', 1]]);
    expect(made.world.packets.alive).toBe(3);
  });
});

describe('a qdisc', () => {
  test('is bypassed while it is empty and the driver takes packets', () => {
    const { world, device, sent, send } = bench();
    send(100);
    expect(device.published).toEqual(sent);
    expect(device.rings).toBe(100);
    expect(world.books.ledger.spending().some(({ cost }) => cost === 'stack.qdisc')).toBe(false);
  });

  test('keeps what a stopped driver does not take, and sends it in order when that restarts', () => {
    const { device, sent, send, restart } = bench({ free: 10 });
    send(30);
    expect(device.published).toEqual(sent.slice(0, 10));
    restart(1000);
    expect(device.published).toEqual(sent);
  });

  test('puts new packets behind its backlog, though the driver runs again', () => {
    const { device, sent, send, restart } = bench({ free: 1 });
    send(20);
    restart(5);
    send(20);
    expect(device.published).toEqual(sent.slice(0, 6));
    restart(1000);
    expect(device.published).toEqual(sent);
  });

  test('sends a backlog longer than one run of 64', () => {
    const { device, sent, send, restart } = bench({ free: 1 });
    send(500);
    restart(1000);
    expect(device.published).toEqual(sent);
  });

  test('drops at its tail when it is full, with place and reason', () => {
    const { world, device, queue, record, sent, send, restart } = bench({ free: 1, length: 10 });
    const dropped: number[] = [];
    const release = queue.dropped;
    queue.dropped = (packet) => {
      dropped.push(packet);
      release(packet);
    };
    send(15);
    expect(dropped).toEqual(sent.slice(11));
    expect([...record.drops]).toEqual([['guest qdisc: full', 4]]);
    expect(world.packets.alive).toBe(11);
    restart(1000);
    expect(device.published).toEqual(sent.slice(0, 11));
  });

  test('lets each packet pay for the driver once: at once, or when it leaves the queue', () => {
    const { send, restart, count } = bench({ free: 10 });
    send(30);
    // The last that went through stopped the queue; what came later has not seen the driver yet.
    expect([count('virtioNet.tx'), count('stack.qdisc')]).toEqual([10, 0]);
    restart(1000);
    expect([count('virtioNet.tx'), count('stack.qdisc')]).toEqual([30, 20]);
  });

  test('does not let a packet pay again that had paid when the queue stopped under it', () => {
    const { world, device, queue, sent, send, restart, count } = bench();
    const { prepare } = queue;
    queue.prepare = (cpu, packet) => {
      const paid = prepare.call(queue, cpu, packet);
      device.stopped = true;
      return paid;
    };
    send(1);
    expect([device.published, count('virtioNet.tx')]).toEqual([[], 1]);
    restart(10);
    expect([device.published, count('virtioNet.tx')]).toEqual([sent, 1]);
    expect(world.packets.alive).toBe(1);
  });

  test('is run by the sender that finds a backlog before a driver that takes packets again', () => {
    const { world, device, sent, send } = bench({ free: 1, senderOn: 1 });
    send(20);
    // The driver restarts, but its softirq has not come yet.
    device.free = 1000;
    device.stopped = false;
    send(1);
    expect(device.published).toEqual(sent);
    const payers = world.books.ledger.spending().filter(({ cost }) => cost === 'stack.qdisc');
    expect(payers.map(({ core, count }) => [core, count])).toEqual([['core1', 20]]);
  });

  test('is left to the softirq by a sender that has sent 64 of it', () => {
    const { world, device, sent, send } = bench({ free: 1, senderOn: 1 });
    send(201);
    device.free = 1000;
    device.stopped = false;
    send(1);
    expect(device.published).toEqual(sent);
    const payers = world.books.ledger.spending().filter(({ cost }) => cost === 'stack.qdisc');
    const byCore = new Map(payers.map(({ core, count }) => [core, count]));
    expect([byCore.get('core1'), byCore.get('core0')]).toEqual([64, 201 - 64]);
  });

  test('is not overtaken from another core while its softirq has the last packet in hand', () => {
    const { world, device, queue, sent, send } = bench({ free: 1, senderOn: 1 });
    send(2);
    expect(device.published).toHaveLength(1);
    device.free = 10;
    device.stopped = false;
    queue.restarted();
    // The softirq takes 10 + 100 ps for the waiting packet; the next comes from core 1 in the middle of it.
    send(1);
    expect(device.published).toEqual(sent);
    expect(world.packets.alive).toBe(3);
  });

  test('keeps the order through any stops, restarts and bursts, and loses nothing', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 90 })), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (program) => {
        const { device, sent, send, restart, count } = bench({ free: 5, length: 100_000 });
        for (const [sends, count] of program) {
          if (sends) send(count);
          else if (device.stopped) restart(count);
        }
        expect(device.published).toEqual(sent.slice(0, device.published.length));
        if (device.stopped) restart(100_000);
        expect(device.published).toEqual(sent);
        expect(count('virtioNet.tx')).toBe(sent.length);
      }),
      { numRuns: 40 },
    );
  });
});

test('a packet that is published belongs to the device: the doorbell may be rung by another thread', () => {
  const { world, device, record, send, restart } = bench({ free: 1 });
  const { timeline } = world.books;
  const wire = timeline.working('wire');
  send(2);
  device.doorbell.leave = (cpu) => cpu.charge(world.books.costs.cost('virtioNet.tx'));
  const { publish } = device;
  device.publish = (cpu, packet, more) => {
    // As a NIC does at a doorbell: the instants at which the frame will pass its stages.
    timeline.mark(world.packets.request[packet], wire.id, world.sim.now + 1_000_000);
    return publish.call(device, cpu, packet, more);
  };
  restart(10);
  expect([device.published.length, record.inFlight]).toEqual([2, 2]);
});

test('a restart without a backlog does nothing', () => {
  const { world, restart } = bench();
  restart(1);
  expect(world.books.ledger.spending()).toEqual([]);
});
