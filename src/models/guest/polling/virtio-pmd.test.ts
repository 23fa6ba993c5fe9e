/** DPDK's virtio driver above real rings, with the test as the device (drivers/net/virtio/virtio_rxtx.c). */
import { describe, expect, test } from 'vitest';
import { World } from '../../../datapaths/world.ts';
import { priced } from '../../../scenario/machines.test-support.ts';
import { type Picoseconds, us } from '../../../units.ts';
import { RUN, WAIT } from '../../hardware/context.ts';
import { DPDK } from '../../virtio/backend-rules.ts';
import type { DeviceQueue } from '../../virtio/device-queue.ts';
import { EMPTY } from '../../virtio/device-queue.ts';
import { GuestMemory } from '../../virtio/guest-memory.ts';
import { VIRTIO_NET_HEADER } from '../../virtio/net-buffer.ts';
import type { SplitDevice } from '../../virtio/split-device.ts';
import { virtqueue } from '../../virtio/virtqueue.ts';
import { VirtioPmd } from './virtio-pmd.ts';

const bench = ({ packed = false, size = 256 } = {}) => {
  const world = new World(priced({}), { seed: 1, replication: 0, maxEvents: 1e5 });
  const { sim, packets, cores, books } = world;
  const memory = new GuestMemory(4096);
  const format = { packed, eventIdx: false, inOrder: false };
  const queues = { tx: virtqueue(format, size), rx: virtqueue(format, size) };
  const tx = queues.tx.device(memory, DPDK);
  const rx = queues.rx.device(memory, DPDK);
  const silent = { leave: () => {}, act: () => null, enter: () => {} };
  const port = new VirtioPmd(
    cores[0],
    { ...queues, memory, packets, kickTx: silent, kickRx: silent },
    { indirect: true, header: VIRTIO_NET_HEADER, headerApart: false },
  );
  let noticed = 0;
  port.noticed = () => noticed++;
  /** What the application's thread does, run to its end. */
  const act = <T>(work: (cpu: Parameters<VirtioPmd['receive']>[0]) => T): T => {
    let answer: T | undefined;
    const task = cores[0].task('application', function* (cpu) {
      yield WAIT;
      answer = work(cpu);
      yield RUN;
      for (;;) yield WAIT;
    });
    task.signal();
    sim.run((sim.now + us(10)) as Picoseconds);
    return answer as T;
  };
  /** tx_burst of `count` packets. @returns how many the ring took, and whether the device is to be kicked. */
  const burst = (count: number): { took: number; kick: boolean } =>
    act((cpu) => {
      const took = port.makeRoom(cpu, count);
      let kick = false;
      for (let i = 0; i < took; i++) kick = port.publish(cpu, packets.create(60, -1, 0), i < took - 1);
      return { took, kick };
    });
  const use = (queue: DeviceQueue, count: number): void => {
    for (let i = 0; i < count; i++) {
      const head = queue.pop();
      if (head === EMPTY) throw new Error('nothing there');
      queue.push(head, 60);
    }
    queue.flush();
  };
  const deliver = (count: number): number[] => {
    const sent = Array.from({ length: count }, () => packets.create(60, -1, 0));
    for (const packet of sent) {
      const head = rx.pop();
      memory.write(rx.address[0], packet);
      rx.push(head, 60);
    }
    rx.flush();
    return sent;
  };
  const cleaned = (): number =>
    books.ledger.spending().find(({ cost }) => cost === 'virtioPmd.txClean')?.count ?? 0;
  return { world, port, tx, rx, packets, act, burst, use, deliver, cleaned, noticed: () => noticed };
};

describe.each([
  ['split', false],
  ['packed', true],
])('a %s ring', (_name, packed) => {
  test('is never to interrupt: not for the first buffer, nor for the 65,536th', () => {
    const { tx, rx, burst, use, deliver, act, port } = bench({ packed });
    const signals: boolean[] = [];
    for (let i = 0; i < 2100; i++) {
      burst(32);
      use(tx, 32);
      deliver(32);
      signals.push(tx.shouldSignal(), rx.shouldSignal());
      act((cpu) => port.receive(cpu));
      port.refill();
    }
    expect(signals.filter(Boolean)).toEqual([]);
    expect(signals).toHaveLength(4200);
  });

  test('is kicked once a burst where the device wants it, and not at all where it polls', () => {
    const { tx, burst, use } = bench({ packed });
    tx.allowKicks();
    expect(burst(32)).toEqual({ took: 32, kick: true });
    tx.suppressKicks();
    use(tx, 32);
    for (let i = 0; i < 2100; i++) {
      expect(burst(32).kick).toBe(false);
      use(tx, 32);
    }
  });

  test('takes of a burst what it has room for, and is stopped until the device has used something', () => {
    const { port, tx, burst, use, noticed } = bench({ packed });
    for (let i = 0; i < 7; i++) burst(32);
    expect([burst(20).took, burst(32).took, port.stopped]).toEqual([20, 12, true]);
    expect([burst(1).took, noticed()]).toEqual([0, 0]);
    use(tx, 3);
    expect([port.stopped, noticed()]).toEqual([false, 1]);
    expect(burst(32).took).toBe(3);
  });

  test('gives bursts of at most 32, whose buffers are replaced together', () => {
    const { port, rx, deliver, act, noticed } = bench({ packed });
    const sent = deliver(40);
    expect(noticed()).toBe(1);
    expect(act((cpu) => port.receive(cpu))).toEqual(sent.slice(0, 32));
    rx.allowKicks();
    expect([port.refill(), port.refill(), port.ready]).toEqual([true, false, true]);
    expect(act((cpu) => port.receive(cpu))).toEqual(sent.slice(32));
    expect([port.refill(), port.ready]).toEqual([true, false]);
  });
});

describe('sent buffers', () => {
  test('of a split ring are freed all at once, when more than the ring without 32 are used', () => {
    const { tx, burst, use, cleaned, packets } = bench();
    for (let i = 0; i < 7; i++) burst(32);
    use(tx, 224);
    // 256 − 32 = 224 are not more than 224.
    burst(1);
    expect([cleaned(), packets.alive]).toEqual([0, 225]);
    use(tx, 1);
    burst(1);
    expect([cleaned(), packets.alive]).toEqual([225, 1]);
  });

  test('of a split ring are freed one by one while the device holds most of them', () => {
    const { tx, burst, use, cleaned } = bench();
    for (let i = 0; i < 8; i++) burst(32);
    use(tx, 100);
    expect([burst(5).took, cleaned()]).toEqual([5, 5]);
  });

  test('of a short split ring are kept below a quarter of it: the threshold is min(ring / 4, 32)', () => {
    const { tx, burst, use, cleaned } = bench({ size: 64 });
    burst(32);
    burst(17);
    use(tx, 48);
    burst(1);
    expect(cleaned()).toBe(0);
    use(tx, 1);
    burst(1);
    expect(cleaned()).toBe(49);
  });

  test('of a packed ring are freed as far as a burst lacks room', () => {
    const { tx, burst, use, cleaned } = bench({ packed: true });
    for (let i = 0; i < 8; i++) burst(32);
    use(tx, 256);
    expect([burst(5).took, cleaned()]).toEqual([5, 5]);
  });
});

test('what is sent to a broken ring is lost, and counted', () => {
  const { world, port, tx, act, packets } = bench();
  const { books, sim } = world;
  const record = books.timeline.workload('w');
  const { ring } = tx as SplitDevice;
  ring.usedId[0] = 255;
  ring.usedIdx = 1;
  act((cpu) => {
    expect(port.makeRoom(cpu, 256)).toBe(256);
    port.publish(cpu, packets.create(60, -1, 0), true);
    // The ring is short of one: it looks at what the device returned, which it never got.
    expect(port.makeRoom(cpu, 256)).toBe(256);
    const request = books.timeline.open(record, sim.now, sim.now, 60);
    expect(port.publish(cpu, packets.create(60, request, 0), false)).toBe(false);
  });
  expect([...record.drops]).toEqual([['virtio-pmd tx: queue broken', 1]]);
  expect(books.counters.counter('device.errors', 'virtio-pmd tx: used id is not a head', '').value).toBe(1);
});

test('an interrupt that comes all the same, or one for the configuration, finds a handler that does nothing', () => {
  const { world, port } = bench();
  for (const line of [port.txLine, port.rxLine, port.configLine()]) line.raise();
  world.sim.run(us(100));
  expect(
    world.books.ledger.spending().find(({ cost }) => cost === 'irq.entry' || cost === 'host.irqEntry')?.count,
  ).toBe(3);
});
