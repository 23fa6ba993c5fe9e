/** A poll loop above real rings: when it sees what, in which bursts, and what it costs to see nothing. */
import { describe, expect, test } from 'vitest';
import { World } from '../../../datapaths/world.ts';
import { priced } from '../../../scenario/machines.test-support.ts';
import { ns, type Picoseconds, us } from '../../../units.ts';
import { VHOST } from '../../virtio/backend-rules.ts';
import { GuestMemory } from '../../virtio/guest-memory.ts';
import { VIRTIO_NET_HEADER } from '../../virtio/net-buffer.ts';
import { virtqueue } from '../../virtio/virtqueue.ts';
import type { Batching } from '../applications/batch-sender.ts';
import { fixedSize } from '../arrivals.ts';
import { PollLoop } from './poll-loop.ts';
import { PolledClient, PolledReceiver, PolledSender, PolledStream } from './polled-applications.ts';
import { VirtioPmd } from './virtio-pmd.ts';

/** A look takes 100 ns; a packet 10 ns to build, 7 ns to send, 5 ns to receive and 10 ns to parse. */
const PRICES = {
  'pmd.poll': ns(100),
  'pmd.headers': ns(10),
  'virtioPmd.tx': ns(7),
  'virtioPmd.rx': ns(5),
};

const bench = () => {
  const world = new World(priced(PRICES), { seed: 1, replication: 0, maxEvents: 1e5 });
  const { sim, books, packets, cores } = world;
  const memory = new GuestMemory(4096);
  const format = { packed: false, eventIdx: false, inOrder: false };
  const queues = { tx: virtqueue(format, 256), rx: virtqueue(format, 256) };
  const tx = queues.tx.device(memory, VHOST);
  const rx = queues.rx.device(memory, VHOST);
  tx.allowKicks();
  rx.suppressKicks();
  /** Kicks, as `ns: packets` that were offered since the last one. */
  const kicks: string[] = [];
  let offered = 0;
  const bell = (act: () => void) => ({
    leave: () => {},
    act: () => {
      act();
      return null;
    },
    enter: () => {},
  });
  const kickTx = bell(() => {
    kicks.push(`${sim.now / 1000}: ${offered}`);
    offered = 0;
  });
  const port = new VirtioPmd(
    cores[0],
    { ...queues, memory, packets, kickTx, kickRx: bell(() => {}) },
    { indirect: true, header: VIRTIO_NET_HEADER, headerApart: false },
  );
  queues.tx.pollOffered(() => offered++);
  const loop = new PollLoop(cores[0], { core: cores[0] }, packets, port);
  const record = books.timeline.workload('w');
  record.startMeasuring(sim.now);
  const endpoint = { record, flow: 0, packets, sizes: fixedSize(60) };
  const sender = (times: readonly number[], batching?: Batching): PolledSender => {
    const left = [...times];
    return new PolledSender(loop, endpoint, { next: () => ns(left.shift() ?? 1e9) as Picoseconds }, batching);
  };
  /** A packet with a request of its own arrives at `time`, ns. */
  const deliver = (time: number, count = 1): void => {
    const arrive = sim.handler(() => {
      for (let i = 0; i < count; i++) {
        const head = rx.pop();
        memory.write(rx.address[0], packets.create(60, books.timeline.open(record, sim.now, sim.now, 60), 0));
        rx.push(head, 60);
      }
      rx.flush();
    }, 'test');
    sim.at(ns(time), arrive);
  };
  const run = (until: number): void => {
    sim.run(ns(until));
    cores[0].settleBooks();
  };
  const spent = (cost: string): [number, number] => {
    const line = books.ledger.spending().find((each) => each.cost === cost);
    return [(line?.busy ?? 0) / 1000, line?.count ?? 0];
  };
  return { world, loop, endpoint, record, port, tx, kicks, sender, deliver, run, spent };
};

describe('with nothing to do', () => {
  test('it is busy all the time, in one spin that takes a second at most', () => {
    const { world, run, spent } = bench();
    run(5_500_000_000);
    expect(spent('pmd.idle')).toEqual([5_500_000_000, 5]);
    expect(world.books.ledger.idle.get('core0')).toBe(0);
  });
});

describe('what becomes due', () => {
  test('is seen by the next look: a multiple of its time, then that look, building and sending', () => {
    const { sender, run, kicks } = bench();
    sender([1001, 3000]);
    run(10_000);
    // 1001 is seen at 1100. The second spin begins with the first packet gone, at 1217: looks at 1317, …, 3017.
    expect(kicks).toEqual([`${1100 + 100 + 17}: 1`, `${3017 + 100 + 17}: 1`]);
  });

  test('goes out in one burst with one kick, at most 32 at once', () => {
    const { sender, run, kicks } = bench();
    sender(Array.from({ length: 40 }, () => 1000));
    run(10_000);
    expect(kicks).toEqual([`${1000 + 100 + 32 * 17}: 32`, `${1000 + 200 + 40 * 17}: 8`]);
  });

  test('can be buffered until a batch is full or too old (rte_eth_tx_buffer)', () => {
    const { sender, run, kicks, record, tx } = bench();
    sender([1000, 2000, 3000, 10_000], { size: 3, flush: us(2) as Picoseconds });
    run(20_000);
    expect(kicks).toEqual([`${3000 + 100 + 51}: 3`, `${12_051 + 100 + 17}: 1`]);
    expect([record.submitted, tx.availableNow]).toEqual([4, true]);
  });

  test('says how far the sender is behind', () => {
    expect(bench().sender([700, 900]).intended).toBe(ns(700));
  });
});

describe('what arrives', () => {
  test('is seen by the next look, and parsed packet by packet', () => {
    const { loop, endpoint, record, deliver, run } = bench();
    new PolledReceiver(loop, endpoint);
    deliver(1050, 2);
    run(10_000);
    // Seen at 1100, looked at and taken by 1210, parsed by 1220 and 1230.
    expect(record.latency.count).toBe(2);
    expect(record.latency.max).toBe(ns(1230 - 1050));
    expect(record.latency.mean).toBe(ns((1220 + 1230) / 2 - 1050));
  });

  test('lets a client ask again in the same round, or after it has thought', () => {
    const at = (think: number): string[] => {
      const { loop, endpoint, record, deliver, run, kicks } = bench();
      new PolledClient(loop, endpoint, ns(think) as Picoseconds);
      deliver(1050);
      run(10_000);
      expect(record.completed).toBe(1);
      expect(record.inFlight).toBe(2);
      return kicks;
    };
    // The first spin begins at 117: looks at 217, …, 1117, then 100 + 5 + 10 to the response, 17 to the request.
    expect(at(0)).toEqual(['117: 1', `${1117 + 115 + 17}: 1`]);
    // It thinks from 1232 to 2232, which is a look of the spin that begins at 1232.
    expect(at(1000)).toEqual(['117: 1', `${2232 + 117}: 1`]);
  });
});

describe('a stream', () => {
  test('fills the ring, waits without a kick, and goes on when the device has used something', () => {
    const { world, loop, endpoint, tx, kicks, run } = bench();
    new PolledStream(loop, endpoint);
    run(20_000);
    expect(kicks).toHaveLength(8);
    const more = world.sim.handler(() => {
      tx.push(tx.pop(), 0);
      tx.flush();
    }, 'test');
    world.sim.at(ns(20_000), more);
    run(40_000);
    expect(kicks).toHaveLength(9);
    expect(kicks[8]).toMatch(/: 1$/);
  });

  test('shares a short ring with its neighbour: they take turns to be first', () => {
    const { world, loop, endpoint, tx, run } = bench();
    const other = world.books.timeline.workload('other');
    new PolledStream(loop, endpoint);
    new PolledStream(loop, { ...endpoint, record: other, flow: 1 });
    run(20_000);
    for (let i = 0; i < 100; i++) {
      const more = world.sim.handler(() => {
        tx.push(tx.pop(), 0);
        tx.flush();
      }, 'test');
      world.sim.at(ns(20_000 + i * 1000), more);
    }
    const before = [endpoint.record.submitted, other.submitted];
    run(130_000);
    const after = [endpoint.record.submitted, other.submitted];
    // What one built and could not send waits with it: the shares are equal but for a burst.
    expect(Math.abs(after[0] - before[0] - (after[1] - before[1]))).toBeLessThanOrEqual(32);
    expect(after[0] + after[1] - before[0] - before[1]).toBeGreaterThanOrEqual(100);
  });
});
