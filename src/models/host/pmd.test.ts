/** A polling thread: its core is always busy, it sees things at its looks, and it serves bursts in turn. */
import { describe, expect, test } from 'vitest';
import { datapathOf } from '../../datapaths/index.ts';
import { Trial } from '../../datapaths/trial.test-support.ts';
import { World } from '../../datapaths/world.ts';
import { machine } from '../../scenario/machines.test-support.ts';
import { ms, ns, type Picoseconds, ps } from '../../units.ts';
import { type Program, RUN } from '../hardware/context.ts';
import { TaskThread } from '../hardware/thread.ts';
import { BURST, Pmd, type PolledQueue } from './pmd.ts';

const server = machine('server-3ghz');
/** A look at one queue takes 20 ns (60 cycles at 3 GHz). */
const LOOK = ns(20);

class Queue implements PolledQueue {
  waiting = 0;
  readonly seen: number[] = [];
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  get ready(): boolean {
    return this.waiting > 0;
  }

  *serve(): Program {
    this.seen.push(this.world.sim.now);
    this.waiting = 0;
    yield RUN;
  }
}

const polling = (queues: number) => {
  const world = new World(server, { seed: 1, replication: 0, maxEvents: 1e6 });
  const pmd = new Pmd(world.books);
  const mine = Array.from({ length: queues }, () => new Queue(world));
  for (const queue of mine) pmd.add(queue);
  const thread = new TaskThread('pmd', { affinity: [1] });
  world.cores[1].host(thread, 'pmd', (cpu) => pmd.program(cpu, thread)).signal();
  const arrive = (queue: Queue, at: Picoseconds): void => {
    const arrival = world.sim.handler(() => {
      queue.waiting++;
      pmd.notice();
    }, 'arrival');
    world.sim.at(at, arrival);
  };
  return { world, queues: mine, arrive };
};

describe('a polling thread', () => {
  test('sees what came at its next look: each look takes 20 ns a queue, counted from its last work', () => {
    const { world, queues, arrive } = polling(2);
    const [queue] = queues;
    // What it finds first sets the rhythm: looks of both queues every 40 ns from the end of that service on.
    arrive(queue, ms(1));
    const later = [ms(2), (ms(2) + ns(500)) as Picoseconds, (ms(2) + ns(1007)) as Picoseconds];
    for (const at of later) arrive(queue, at);
    world.sim.run(ms(3));
    expect(queue.seen).toHaveLength(4);
    const [, ...seen] = queue.seen;
    seen.forEach((at, i) => {
      expect(at).toBeGreaterThanOrEqual(later[i]);
      expect(at - later[i]).toBeLessThanOrEqual(2 * LOOK);
    });
  });

  test('keeps its core busy whatever there is to do: invariant 10', () => {
    const { world } = polling(3);
    world.sim.run(ms(5));
    for (const core of world.cores) core.settleBooks();
    const busy = world.books.ledger
      .spending()
      .filter(({ core }) => core === 'core1')
      .reduce((sum, line) => sum + line.busy, 0);
    const idle = world.books.ledger.idle.get('core1') ?? 0;
    expect(busy + idle).toBe(ms(5));
    // Only the way out of the idle state and one context switch come before it polls.
    expect(idle).toBeLessThan(ms(0.2));
  });

  test('does not miss what arrives while it is on its way to the spin', () => {
    const { world, queues, arrive } = polling(1);
    const [queue] = queues;
    for (let i = 0; i < 2000; i++) arrive(queue, ps(ms(1) + i * 7001));
    world.sim.run(ms(2));
    expect(queue.waiting).toBe(0);
  });
});

describe('a vhost-user port', () => {
  const flood = (kind: 'poisson' | 'receive') => {
    const run = new Trial({
      machine: server,
      datapath: datapathOf('vhost-user'),
      loads: [{ kind, rate: 3e6, size: 60 }],
      stop: ms(3),
    });
    run.run('stopped');
    const counted = new Map(
      run.world.books.counters
        .since([])
        .map(({ counter: { metric, component }, value }) => [`${metric} ${component}`, value]),
    );
    return { run, counted, record: run.records[0] };
  };

  test('is never kicked but for the first buffer and one in 65,536', () => {
    const { counted, record } = flood('poisson');
    expect(record.completed).toBeGreaterThan(1000);
    expect(counted.get('kicks tx')).toBeLessThanOrEqual(1 + Math.ceil(record.submitted / 65_536));
  });

  test('takes bursts of at most 32', () => {
    const { run } = flood('poisson');
    const batches = run.world.books.counters.tally('batch', 'vhost-user tx', 'vm');
    expect(batches.count).toBeGreaterThan(10);
    expect(batches.max).toBeLessThanOrEqual(BURST);
  });

  test('drops what the guest has no buffer for, at once: nobody waits for a refill', () => {
    const { record } = flood('receive');
    expect([...record.drops.keys()]).toContain('vhost-user vm: no receive buffer');
    // The tap of vhost-net would hold 1000 frames first; here the NIC's ring never fills up.
    expect([...record.drops.keys()].filter((place) => place.startsWith('pmd nic'))).toEqual([]);
  });
});
