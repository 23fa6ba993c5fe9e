/** A Linux NIC driver: ring thresholds, doorbells, NAPI's budget, and what it charges per packet. */
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { bitsPerSecond, ns, type Picoseconds, ps, us } from '../../units.ts';
import { type Context, RUN, WAIT } from '../hardware/context.ts';
import { DmaMapping } from './dma-mapping.ts';
import { NicDriver } from './nic-driver.ts';

const PRICES = {
  'nicDriver.tx': 200_000,
  'nicDriver.txClean': 50_000,
  'nicDriver.rx': 250_000,
  'nicDriver.doorbell': 100_000,
  'napi.schedule': 150_000,
  'napi.complete': 350_000,
  'stack.rx': 1_000_000,
  'host.irqEntry': 500_000,
  'iommu.map': 10_000,
  'iommu.unmapLazy': 20_000,
};

const TX_RING = 64;
const RX_RING = 256;

const bench = ({ wire = 1e12 } = {}) => {
  const base = priced(PRICES);
  const nic = { ...base.nic, rate: bitsPerSecond(wire) };
  const machine = { ...base, nic, nicRings: { tx: TX_RING, rx: RX_RING } };
  const world = new World(machine, { seed: 1, replication: 0, maxEvents: 1e6 });
  const { sim, books, packets, cores } = world;
  const space = {
    domain: world.iommu.domain('4 KiB'),
    invalidation: world.invalidations,
  };
  const fn = world.addFunction('nic', '', null);
  const driver = new NicDriver(cores[0], {
    function: fn,
    packets,
    dma: new DmaMapping(cores[0], 'lazy', space),
    stackRx: books.costs.cost('stack.rx'),
    stageRx: books.timeline.working('receive'),
  });
  fn.interrupt.connect(() => driver.line.raise());
  const received: number[] = [];
  const freed: number[] = [];
  let restarts = 0;
  driver.attach({
    received: (packet) => received.push(packet),
    freed: (packet) => freed.push(packet),
    restarted: () => restarts++,
  });
  const run = (span: Picoseconds): void => sim.run((sim.now + span) as Picoseconds);
  const count = (cost: string): number =>
    books.ledger.spending().reduce((sum, line) => (line.cost === cost ? sum + line.count : sum), 0);
  /** Runs `act` as the driver's caller on core 0. */
  const call = (act: (cpu: Context) => void): void => {
    const caller = cores[0].task('caller', function* (cpu) {
      yield WAIT;
      act(cpu);
      yield RUN;
      for (;;) yield WAIT;
    });
    caller.signal();
    run(ns(1));
  };
  /** Publishes up to `limit` packets, as long as the queue takes them, and rings once at the end. */
  const publish = (limit: number): number[] => {
    const sent: number[] = [];
    call((cpu) => {
      for (; sent.length < limit && !driver.stopped; ) {
        const packet = packets.create(60, -1, 0);
        driver.prepare(cpu, packet);
        driver.publish(cpu, packet, true);
        sent.push(packet);
      }
      driver.doorbell.act(cpu);
    });
    return sent;
  };
  /** Frames that the NIC has written to memory. */
  const deliver = (frames: number): number[] =>
    Array.from({ length: frames }, () => {
      const packet = packets.create(60, -1, 0);
      fn.deliver(packet);
      return packet;
    });
  return {
    world,
    sim,
    fn,
    driver,
    received,
    freed,
    restarts: () => restarts,
    run,
    count,
    call,
    publish,
    deliver,
  };
};

describe('the transmit queue', () => {
  test('stops when fewer than 21 descriptors are free', () => {
    const { driver, publish } = bench({ wire: 1e3 });
    // 64 − 44 = 20 free.
    expect(publish(1000)).toHaveLength(44);
    expect(driver.stopped).toBe(true);
  });

  test('starts again when 42 are free, and gives back packets in the order in which they were sent', () => {
    // 84 B at 10 Mbit/s: a frame every 67.2 us, so that each completion is cleaned before the next comes.
    const { world, driver, freed, restarts, run, publish } = bench({ wire: 10e6 });
    const sent = publish(1000);
    run(us(67.2 * 21.5));
    // 44 − 21 = 23 in flight leave 41 free.
    expect([freed.length, driver.stopped]).toEqual([21, true]);
    run(us(67.2));
    expect([freed.length, driver.stopped, restarts()]).toEqual([22, false, 1]);
    run(us(67.2 * 50));
    expect(freed).toEqual(sent);
    expect(world.packets.alive).toBe(0);
    expect(restarts()).toBe(1);
  });

  test('rings at once for a packet that nothing follows, and waits while more are announced', () => {
    const { world, fn, driver, run, call } = bench();
    const rung: boolean[] = [];
    call((cpu) => {
      for (const more of [true, true, false])
        rung.push(driver.publish(cpu, world.packets.create(60, -1, 0), more));
      expect(fn.transmitted).toBe(0);
      driver.doorbell.act(cpu);
    });
    run(us(1));
    expect(rung).toEqual([false, false, true]);
    expect(world.nic.egress.use().transfers).toBe(3);
  });

  test('rings although more are announced when the queue stops', () => {
    const { world, driver, call } = bench({ wire: 1e3 });
    const rung: boolean[] = [];
    call((cpu) => {
      while (!driver.stopped) rung.push(driver.publish(cpu, world.packets.create(60, -1, 0), true));
    });
    expect(rung).toEqual([...Array(43).fill(false), true]);
  });

  test('costs a mapping and the driver per packet, and an unmapping and cleaning later', () => {
    const { run, count, publish } = bench();
    publish(40);
    run(us(100));
    expect([count('nicDriver.tx'), count('iommu.map')]).toEqual([40, 40]);
    expect([count('nicDriver.txClean'), count('iommu.unmapLazy')]).toEqual([40, 40]);
  });
});

describe('receive', () => {
  test('delivers in order, and each packet pays driver, stack, unmapping and the mapping of its successor', () => {
    const { received, run, count, deliver } = bench();
    const frames = deliver(20);
    run(us(100));
    expect(received).toEqual(frames);
    for (const cost of ['nicDriver.rx', 'stack.rx', 'iommu.unmapLazy', 'iommu.map'])
      expect(count(cost)).toBe(20);
  });

  test('a lone frame costs one interrupt, one schedule, one completion and the write that unmasks', () => {
    const { run, count, deliver } = bench();
    deliver(1);
    run(us(100));
    expect([count('host.irqEntry'), count('napi.schedule'), count('napi.complete')]).toEqual([1, 1, 1]);
    expect(count('nicDriver.doorbell')).toBe(1);
  });

  test('polls at most 64 packets, cleans in between, and unmasks once at the end', () => {
    const { fn, received, run, count, deliver } = bench();
    let looks = 0;
    const look = () => {
      looks++;
      return 0;
    };
    Object.defineProperty(fn, 'transmitted', { get: look, set: () => {} });
    deliver(200);
    run(us(1000));
    expect(received).toHaveLength(200);
    // Polls of 64, 64, 64 and 8 begin with a look at what was transmitted; the unmask looks once more.
    expect(looks).toBe(4 + 1);
    expect([count('host.irqEntry'), count('napi.complete')]).toEqual([1, 1]);
    // The tail is written for every 16 buffers, 12 times; the last write is the unmask.
    expect(count('nicDriver.doorbell')).toBe(12 + 1);
  });

  test('frames that come during a poll are taken by it or by the interrupt after its unmask', () => {
    const { sim, received, run, count, deliver } = bench();
    const frames: number[] = [];
    for (let i = 0; i < 100; i++)
      sim.at(
        us(1 + i * 0.7),
        sim.handler(() => void frames.push(...deliver(1))),
      );
    run(us(1000));
    expect(received).toEqual(frames);
    expect(count('host.irqEntry')).toBe(count('napi.complete'));
  });

  test('loses no frame between poll and unmask, whenever it comes', () => {
    for (let after = 0; after < 4; after += 0.05) {
      const { sim, received, run, deliver } = bench();
      deliver(1);
      sim.at(
        us(after),
        sim.handler(() => void deliver(1)),
      );
      run(us(1000));
      expect([after, received.length]).toEqual([after, 2]);
    }
  });

  test('gives back buffers as it takes frames, so that the ring never runs dry while NAPI keeps up', () => {
    const { sim, received, run, deliver } = bench();
    for (let i = 0; i < 1000; i++)
      sim.at(
        us(2 * i),
        sim.handler(() => void deliver(1)),
      );
    run(us(3000));
    expect(received).toHaveLength(1000);
  });

  test('the interrupt of transmit completions alone cleans and unmasks', () => {
    const { freed, run, count, publish } = bench();
    publish(1);
    run(us(100));
    expect(freed).toHaveLength(1);
    expect([count('host.irqEntry'), count('napi.complete'), count('nicDriver.rx')]).toEqual([1, 1, 0]);
  });
});

test('time on the core is the sum of the prices', () => {
  const { world, run, deliver } = bench();
  deliver(1);
  run(us(100));
  world.cores[0].settleBooks();
  const poll = 20_000 + 10_000 + 250_000 + 1_000_000 + 350_000 + 100_000;
  expect(world.books.ledger.busy('core0')).toBe(ps(500_000 + 150_000 + poll));
});
