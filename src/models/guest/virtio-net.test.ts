/** Linux's virtio_net above real rings, with the test as the device (drivers/net/virtio_net.c). */
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { type Picoseconds, us } from '../../units.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import { VHOST } from '../virtio/backend-rules.ts';
import { EMPTY } from '../virtio/device-queue.ts';
import { GuestMemory } from '../virtio/guest-memory.ts';
import { VIRTIO_NET_HEADER } from '../virtio/net-buffer.ts';
import type { SplitDevice } from '../virtio/split-device.ts';
import { virtqueue } from '../virtio/virtqueue.ts';
import { VirtioNet, type VirtioNetOptions } from './virtio-net.ts';

const LINUX: VirtioNetOptions = {
  indirect: true,
  napi_tx: true,
  rearmsWhileReaping: false,
  completionInterrupts: true,
};

const bench = ({ eventIdx = true, ...options }: Partial<VirtioNetOptions> & { eventIdx?: boolean } = {}) => {
  const world = new World(priced({}), { seed: 1, replication: 0, maxEvents: 1e6 });
  const { sim, packets, books, cores } = world;
  const memory = new GuestMemory(4096);
  const format = { packed: false, eventIdx, inOrder: false };
  const queues = { tx: virtqueue(format, 256), rx: virtqueue(format, 256) };
  const tx = queues.tx.device(memory, VHOST) as SplitDevice;
  const rx = queues.rx.device(memory, VHOST) as SplitDevice;
  const kicks = { tx: 0, rx: 0 };
  const doorbell = (queue: 'tx' | 'rx') => ({
    leave: () => {},
    act: () => {
      kicks[queue]++;
      return null;
    },
    enter: () => {},
  });
  const driver = new VirtioNet(
    cores[0],
    {
      ...queues,
      memory,
      packets,
      kickTx: doorbell('tx'),
      kickRx: doorbell('rx'),
      stackRx: books.costs.cost('stack.rx'),
    },
    { ...LINUX, ...options },
  );
  // The first decision of a device is always to interrupt: that is not what these tests are about.
  tx.shouldSignal();
  rx.shouldSignal();
  const received: number[] = [];
  const freed: number[] = [];
  let restarts = 0;
  driver.attach({
    received: (packet) => received.push(packet),
    freed: (packet) => freed.push(packet),
    restarted: () => restarts++,
  });
  const run = (): void => sim.run((sim.now + us(100)) as Picoseconds);
  /** start_xmit of up to `limit` packets, as long as the queue takes them. */
  const transmit = (limit: number, more = false): number[] => {
    const sent: number[] = [];
    const sender = cores[0].task('sender', function* (cpu) {
      yield WAIT;
      while (sent.length < limit && !driver.stopped) {
        const packet = packets.create(60, -1, 0);
        sent.push(packet);
        driver.prepare(cpu, packet);
        yield RUN;
        if (driver.publish(cpu, packet, more)) driver.doorbell.act(cpu);
      }
      for (;;) yield WAIT;
    });
    sender.signal();
    run();
    return sent;
  };
  /** The device uses up to `count` transmitted buffers, publishes them together, and decides once. */
  const use = (count: number): boolean => {
    for (let i = 0; i < count; i++) {
      const head = tx.pop();
      if (head === EMPTY) throw new Error('nothing to transmit');
      tx.push(head, 0);
    }
    tx.flush();
    const signal = tx.shouldSignal();
    if (signal) driver.txLine.raise();
    run();
    return signal;
  };
  /** The device receives `frames`, publishes them together, and decides once. @returns them; [] when it has no buffers. */
  const deliver = (frames: number): { sent: number[]; signal: boolean } => {
    const sent: number[] = [];
    for (let i = 0; i < frames; i++) {
      const head = rx.pop();
      if (head === EMPTY) break;
      const packet = packets.create(60, -1, 0);
      memory.write(rx.address[0], packet);
      rx.push(head, 60);
      sent.push(packet);
    }
    rx.flush();
    const signal = rx.shouldSignal();
    if (signal) driver.rxLine.raise();
    run();
    return { sent, signal };
  };
  const count = (cost: string): number =>
    books.ledger.spending().reduce((sum, line) => (line.cost === cost ? sum + line.count : sum), 0);
  return {
    ...{ world, packets, memory, tx, rx, kicks, driver, received, freed },
    ...{ restarts: () => restarts, run, transmit, use, deliver, count },
  };
};

describe('start_xmit', () => {
  test('stops the queue when fewer than 2 + MAX_SKB_FRAGS = 19 descriptors are left', () => {
    const { driver, transmit } = bench();
    // 256 − 238 = 18 free.
    expect(transmit(1000)).toHaveLength(238);
    expect(driver.stopped).toBe(true);
  });

  test('offers header and frame in one readable descriptor', () => {
    const { packets, memory, tx, transmit } = bench();
    const [sent] = transmit(1);
    packets.size[sent] = 60;
    tx.pop();
    expect([tx.pieces, tx.readable, tx.length[0]]).toEqual([1, 1, VIRTIO_NET_HEADER + 60]);
    expect(memory.read(tx.address[0])).toBe(sent);
  });

  test('kicks once after each enabling with EVENT_IDX, and for every packet without', () => {
    const modern = bench();
    modern.tx.allowKicks();
    modern.transmit(50);
    expect(modern.kicks.tx).toBe(1);
    const legacy = bench({ eventIdx: false });
    legacy.transmit(50);
    expect(legacy.kicks.tx).toBe(50);
    legacy.tx.suppressKicks();
    legacy.transmit(50);
    expect(legacy.kicks.tx).toBe(50);
  });

  test('waits with the kick while more packets are announced', () => {
    const { kicks, transmit } = bench({ eventIdx: false });
    transmit(10, true);
    expect(kicks.tx).toBe(0);
    transmit(1);
    expect(kicks.tx).toBe(1);
  });

  test('reaps what is used, frees it in order, and lets the next packet pay for that', () => {
    const { packets, freed, transmit, use, count } = bench();
    const first = transmit(10);
    // Armed after 3/4 of 9: the first four interrupt nobody.
    expect(use(4)).toBe(false);
    expect(freed).toEqual([]);
    transmit(1);
    expect(freed).toEqual(first.slice(0, 4));
    expect(count('virtioNet.txClean')).toBe(0);
    transmit(1);
    expect(count('virtioNet.txClean')).toBe(4);
    expect(packets.alive).toBe(8);
  });

  test('arms the completion interrupt for the lone packet it adds', () => {
    const { transmit, use } = bench();
    for (let i = 0; i < 10; i++) {
      transmit(1);
      expect(use(1)).toBe(true);
    }
  });

  test('arms it after 3/4 of what is outstanding before the packet is added', () => {
    const { transmit, use } = bench();
    // 40 outstanding when the last was added: the interrupt comes with the 31st used, at index 30.
    transmit(41);
    expect([use(30), use(1)]).toEqual([false, true]);
  });

  test('does not arm it for packets that others follow', () => {
    const { use, transmit } = bench();
    transmit(1);
    expect(use(1)).toBe(true);
    transmit(5, true);
    expect(use(5)).toBe(false);
    transmit(1);
    expect(use(1)).toBe(true);
  });
});

describe('the transmit interrupt', () => {
  test('lets NAPI reap everything and start the queue at 19 free descriptors', () => {
    const { driver, freed, restarts, transmit, use } = bench();
    const sent = transmit(1000);
    // Armed again when the queue stopped with 238 outstanding: the one after floor(238 · 3/4) = 178 interrupts.
    expect([use(178), driver.stopped]).toEqual([false, true]);
    expect([use(1), driver.stopped, restarts()]).toEqual([true, false, 1]);
    expect(freed).toEqual(sent.slice(0, 179));
  });

  test('that finds nothing used schedules nothing', () => {
    const { driver, run, count } = bench();
    driver.txLine.raise();
    driver.rxLine.raise();
    run();
    expect(count('napi.complete')).toBe(0);
    expect(count('napi.schedule')).toBe(2);
  });
});

describe('with napi_tx off', () => {
  test('a packet counts as sent at once, and no completion interrupts but the very first', () => {
    const { freed, transmit, use } = bench({ napi_tx: false });
    const first = transmit(1);
    expect(use(1)).toBe(true);
    const sent = transmit(100);
    expect(freed).toEqual([...first, ...sent]);
    for (let i = 0; i < 100; i++) expect(use(1)).toBe(false);
    transmit(1);
    expect(use(1)).toBe(false);
  });

  test('a full queue asks for the interrupt, reaps and starts again', () => {
    const { driver, restarts, transmit, use } = bench({ napi_tx: false });
    transmit(1);
    use(1);
    expect(transmit(1000)).toHaveLength(238);
    // 238 outstanding: the interrupt comes with the one after floor(238 · 3/4) = 178.
    expect([use(178), driver.stopped]).toEqual([false, true]);
    expect([use(1), driver.stopped, restarts()]).toEqual([true, false, 1]);
    expect(use(50)).toBe(false);
  });
});

describe('receive', () => {
  test('begins with a full ring of writable buffers, and no kick', () => {
    const { rx, kicks } = bench();
    expect(rx.ring.availIdx).toBe(256);
    rx.pop();
    expect([rx.pieces, rx.readable, kicks.rx]).toEqual([1, 0, 0]);
  });

  test('delivers in order', () => {
    const { received, deliver } = bench();
    const { sent } = deliver(200);
    expect(received).toEqual(sent);
  });

  test('polls 64 packets at a time, refills after each and kicks once per refill batch', () => {
    const { rx, kicks, received, deliver, count } = bench({ eventIdx: false });
    expect(deliver(256).sent).toHaveLength(256);
    expect(received).toHaveLength(256);
    // Four polls of 64, each with its refill and kick, and an empty one that completes.
    expect([kicks.rx, count('napi.complete')]).toEqual([4, 1]);
    expect(rx.ring.availIdx).toBe(512);
  });

  test.each([
    [32, 256],
    [33, 256 + 33],
  ])('refills when more than 32 buffers are missing: after %i packets', (frames, available) => {
    const { rx, kicks, deliver } = bench({ eventIdx: false });
    deliver(frames);
    expect(rx.ring.availIdx).toBe(available);
    expect(kicks.rx).toBe(frames > 32 ? 1 : 0);
  });

  test('kicks for a refill only where the device asked for it', () => {
    const { driver, rx, memory, packets, kicks, run, deliver } = bench();
    deliver(200);
    expect(kicks.rx).toBe(0);
    // A device that has run dry asks before its frames are polled; the first refill answers, the others are silent.
    for (let head = rx.pop(); head !== EMPTY; head = rx.pop()) {
      memory.write(rx.address[0], packets.create(60, -1, 0));
      rx.push(head, 60);
    }
    expect(rx.allowKicks()).toBe(false);
    rx.flush();
    expect(rx.shouldSignal()).toBe(true);
    driver.rxLine.raise();
    run();
    expect(kicks.rx).toBe(1);
  });

  test('interrupts for each lone packet, since a poll that ends arms the event again', () => {
    const { received, deliver } = bench();
    for (let i = 0; i < 10; i++) expect(deliver(1).signal).toBe(true);
    expect(received).toHaveLength(10);
  });

  test('polls reap what was transmitted, so that it needs no interrupt of its own', () => {
    const { freed, tx, transmit, deliver, count } = bench();
    const sent = transmit(1);
    tx.push(tx.pop(), 0);
    tx.flush();
    deliver(1);
    expect(freed).toEqual(sent);
    expect(count('virtioNet.txClean')).toBe(1);
  });
});

describe('teaching switches', () => {
  test('without completion interrupts there is only what the stale event lets through, and senders reap', () => {
    const { freed, transmit, use } = bench({ completionInterrupts: false });
    transmit(1);
    use(1);
    transmit(100);
    for (let i = 0; i < 100; i++) expect(use(1)).toBe(false);
    transmit(1);
    expect(freed).toHaveLength(101);
  });

  test('without completion interrupts a queue that filled up starts again when the device has used it', () => {
    const { driver, restarts, transmit, use } = bench({ completionInterrupts: false });
    transmit(1);
    use(1);
    expect(transmit(1000)).toHaveLength(238);
    use(238);
    expect([driver.stopped, restarts()]).toEqual([false, 1]);
  });
});

describe('a used id that the device never got breaks the queue (BAD_RING)', () => {
  const errors = ({ books }: World): [string, number][] =>
    books.counters
      .since([])
      .filter(({ counter }) => counter.metric === 'device.errors')
      .map(({ counter, value }) => [counter.component, value]);
  /** The device writes `id` into the next used entry, and interrupts. */
  const misuse = ({ ring }: SplitDevice, id: number): void => {
    ring.usedId[ring.usedIdx & (ring.size - 1)] = id;
    ring.usedIdx = (ring.usedIdx + 1) & 0xffff;
  };

  test('of transmit: start_xmit frees what comes, with its place and reason; receive goes on', () => {
    const { world, packets, tx, kicks, driver, received, freed, run, transmit, deliver } = bench();
    const { books, sim, cores } = world;
    tx.allowKicks();
    const [first] = transmit(1);
    expect(kicks.tx).toBe(1);
    misuse(tx, 255);
    driver.txLine.raise();
    run();
    expect(errors(world)).toEqual([['virtio-net tx: used id is not a head', 1]]);
    const record = books.timeline.workload('w');
    const later: number[] = [];
    const sender = cores[0].task('another sender', function* (cpu) {
      yield WAIT;
      for (let i = 0; i < 300; i++) {
        later.push(packets.create(60, books.timeline.open(record, sim.now, sim.now, 60), 0));
        driver.prepare(cpu, later[i]);
        yield RUN;
        expect(driver.publish(cpu, later[i], false)).toBe(false);
      }
      for (;;) yield WAIT;
    });
    sender.signal();
    run();
    expect([...record.drops]).toEqual([['virtio-net tx: queue broken', 300]]);
    // What was in the ring is lost with it; the rest went back to the stack, and the device saw none of it.
    expect(freed).toEqual(later);
    expect([freed.includes(first), driver.stopped, kicks.tx, tx.ring.availIdx]).toEqual([false, false, 1, 1]);
    const { sent } = deliver(5);
    expect(received).toEqual(sent);
    expect(errors(world)).toHaveLength(1);
  });

  test('of receive: frames behind it are not taken and no buffers are offered; transmit goes on', () => {
    const { world, rx, tx, driver, received, freed, run, transmit, use, deliver } = bench();
    const { sent } = deliver(100);
    expect(received).toEqual(sent);
    const offered = rx.ring.availIdx;
    misuse(rx, 256);
    deliver(100);
    driver.rxLine.raise();
    run();
    expect(errors(world)).toEqual([['virtio-net rx: used id out of range', 1]]);
    expect([received.length, rx.ring.availIdx]).toEqual([100, offered]);
    const out = transmit(10);
    use(10);
    transmit(1);
    expect([freed, tx.fault]).toEqual([out, null]);
  });
});
