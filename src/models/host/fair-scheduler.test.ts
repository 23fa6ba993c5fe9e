/** The host's scheduler: who gets which core, when, for how long (kernel/sched/fair.c). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Bench, type BenchSettings, type Body, whenever } from '../hardware/bench-machine.test-support.ts';
import { RUN } from '../hardware/context.ts';
import type { Placement } from '../hardware/thread.ts';
import type { FairScheduler, FairSchedulerSettings } from './fair-scheduler.ts';
import { deviceOf, fairly, vcpuOn } from './vcpu.test-support.ts';

const MS = 1e9;
const US = 1e6;

const machine = (settings: Partial<FairSchedulerSettings> = {}, bench: BenchSettings = {}): Bench =>
  new Bench({ ...bench, scheduler: fairly(settings) });

/** A thread that wants its core for ever, from `from` on. */
const hog = (bench: Bench, name: string, placement: Partial<Placement> = {}, from = 0) => {
  const body: Body = function* (cpu) {
    cpu.spend(bench.costs.work, 1e15, 1);
    yield RUN;
  };
  const thread = bench.thread(name, body, placement);
  bench.at(from, () => thread.context.signal());
  return thread;
};

/** A thread that works `span` at each of `times`, and notes when it begins. */
const worker = (
  bench: Bench,
  name: string,
  span: number,
  times: readonly number[],
  placement: Partial<Placement> = {},
) => {
  const body: Body = function* (cpu) {
    bench.note(name);
    cpu.spend(bench.costs.work, span, 1);
    yield RUN;
  };
  const thread = bench.thread(name, body, placement);
  for (const at of times) bench.at(at, () => thread.context.signal());
  return thread;
};

/** Busy time by core. */
const coresOf = (bench: Bench, payer: string): Record<string, number> => {
  const cores: Record<string, number> = {};
  for (const { core, busy, payer: who } of bench.books.ledger.spending()) {
    if (who === payer && busy > 0) cores[core] = (cores[core] ?? 0) + busy;
  }
  return cores;
};
const busyAt = (bench: Bench, at: number, names: readonly string[]): number[] => {
  bench.run(at);
  return names.map((name) => bench.busy(name));
};

describe('a slice', () => {
  test.each([
    [2.8, 4, 4],
    [3, 4, 4],
    [4, 4, 4],
    [4.1, 4, 8],
    [0.75, 4, 4],
    [2.8, 1, 3],
    [3, 1, 3],
    [2.8, 0, 2.8],
  ])('of %f ms with a tick each %f ms takes %f ms', (slice, tick, round) => {
    const bench = machine({ slice: (slice * MS) as never, tick: (tick * MS) as never });
    hog(bench, 'a');
    hog(bench, 'b');
    const turn = Math.round(round * MS);
    expect(busyAt(bench, 5 * turn, ['a', 'b'])).toEqual([3 * turn, 2 * turn]);
    expect(bench.gaps()).toEqual([0]);
  });

  test('that begins between two ticks still ends on one; who is behind may then keep the core', () => {
    const bench = machine({}, { prices: { contextSwitch: 0 } });
    hog(bench, 'a', {}, 1.5 * MS);
    hog(bench, 'b', {}, 1.5 * MS);
    expect(busyAt(bench, 8 * MS, ['a', 'b'])).toEqual([6.5 * MS, 0]);
    expect(busyAt(bench, 12 * MS, ['a', 'b'])).toEqual([6.5 * MS, 4 * MS]);
    expect(busyAt(bench, 16 * MS, ['a', 'b'])).toEqual([6.5 * MS, 8 * MS]);
    // b had the core from 8 to 16: one switch.
    expect(bench.bill('b')['contextSwitch'][1]).toBe(1);
    expect(busyAt(bench, 20 * MS, ['a', 'b'])).toEqual([10.5 * MS, 8 * MS]);
  });

  test('does not end while nobody else wants the core', () => {
    const bench = machine({}, { prices: { contextSwitch: 10 } });
    hog(bench, 'a');
    bench.run(100 * MS);
    expect(bench.bill('a')['contextSwitch']).toEqual([10, 1]);
    expect(bench.sim.events).toBeLessThan(10);
  });
});

describe('the switch to a thread', () => {
  test('is charged to it before its work, once per turn', () => {
    const bench = machine({ slice: (4 * MS) as never }, { prices: { contextSwitch: US } });
    hog(bench, 'a');
    hog(bench, 'b');
    bench.run(20 * MS);
    expect(bench.bill('a')).toEqual({ contextSwitch: [3 * US, 3], work: [12 * MS - 3 * US, 0] });
    expect(bench.bill('b')).toEqual({ contextSwitch: [2 * US, 2], work: [8 * MS - 2 * US, 0] });
  });
});

describe('over a long run', () => {
  test('threads of equal weight get equal shares', () => {
    const bench = machine();
    const names = ['a', 'b', 'c'];
    for (const name of names) hog(bench, name);
    expect(busyAt(bench, 1200 * MS, names)).toEqual([400 * MS, 400 * MS, 400 * MS]);
  });

  test('threads get shares by weight, within one slice of the lightest', () => {
    const weights = fc.array(fc.integer({ min: 256, max: 4096 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(weights, fc.constantFrom('eevdf' as const, 'cfs' as const), (list, policy) => {
        const bench = machine({ policy });
        list.forEach((weight, i) => {
          hog(bench, `t${i}`, { weight });
        });
        const horizon = 1000 * MS;
        bench.run(horizon);
        const all = list.reduce((a, b) => a + b, 0);
        // Who runs was furthest behind: weighted run times lie within one slice of the lightest of each other.
        const slack = (4 * MS) / Math.min(...list);
        list.forEach((weight, i) => {
          const fair = (horizon * weight) / all;
          expect(Math.abs(bench.busy(`t${i}`) - fair)).toBeLessThanOrEqual(slack * weight + 1);
        });
        expect(bench.gaps()).toEqual([0]);
      }),
      { numRuns: 40 },
    );
  });

  test('a sleeper saves up no time: from its wake-up on shares are equal', () => {
    const bench = machine();
    hog(bench, 'a');
    hog(bench, 'late', {}, 100 * MS);
    const [a, late] = busyAt(bench, 500 * MS, ['a', 'late']);
    expect(a + late).toBe(500 * MS);
    // It would have 50 ms more if it were let catch up with the 100 ms that it slept.
    expect(Math.abs(late - 200 * MS)).toBeLessThanOrEqual(8 * MS);
  });

  test('a real-time thread’s run time does not push back the fair ones', () => {
    const bench = machine();
    hog(bench, 'fair', {}, 0);
    worker(bench, 'rt', 500 * MS, [10 * MS], { policy: 'fifo' });
    hog(bench, 'woken', {}, 600 * MS);
    const [fair, , woken] = busyAt(bench, 700 * MS, ['fair', 'rt', 'woken']);
    expect(fair + woken).toBe(200 * MS);
    expect(Math.abs(woken - 50 * MS)).toBeLessThanOrEqual(8 * MS);
  });
});

describe('a wake-up', () => {
  test.each([
    ['on a tick boundary', 4, 4],
    ['just after one', 4.1, 8],
    ['in the middle of a slice', 5, 8],
    ['long after the hog began', 101.3, 104],
  ])('under EEVDF %s (%f ms) lets the hog use up its slice, until %f ms', (_, at, begins) => {
    const bench = machine();
    hog(bench, 'hog');
    worker(bench, 'woken', US, [at * MS]);
    bench.run(200 * MS);
    expect(bench.seen).toEqual([`${begins * MS} woken`]);
  });

  test.each([
    ['by the granularity exactly waits for the end of the slice', 4 * MS, 24 * MS],
    ['by a picosecond more preempts at once', 4 * MS + 1, 4 * MS + 1],
    ['by much more preempts at once', 20 * MS, 20 * MS],
  ])('under CFS of a thread behind %s', (_, at, begins) => {
    const bench = machine({ policy: 'cfs', slice: (24 * MS) as never });
    hog(bench, 'hog');
    worker(bench, 'woken', US, [at]);
    bench.run(200 * MS);
    expect(bench.seen).toEqual([`${begins} woken`]);
  });

  test('under CFS counts run time by weight: a hog of four times the weight is preempted four times later', () => {
    const beginsWith = (at: number): string[] => {
      const bench = machine({ policy: 'cfs', slice: (24 * MS) as never });
      hog(bench, 'hog', { weight: 4096 });
      worker(bench, 'woken', US, [at]);
      bench.run(200 * MS);
      return bench.seen;
    };
    expect(beginsWith(16 * MS)).toEqual([`${24 * MS} woken`]);
    expect(beginsWith(16 * MS + 4)).toEqual([`${16 * MS + 4} woken`]);
  });

  test('under CFS that does not preempt an overdue slice ends it at the next tick', () => {
    const bench = machine({ policy: 'cfs' });
    hog(bench, 'hog', { weight: 4096 });
    worker(bench, 'woken', US, [10.5 * MS]);
    bench.run(200 * MS);
    expect(bench.seen).toEqual([`${12 * MS} woken`]);
  });

  test('is counted per thread; a signal to a thread that is awake is none', () => {
    const bench = machine();
    worker(bench, 'w', 10 * US, [0, 5 * US, 100 * US, 200 * US]);
    bench.run(1 * MS);
    expect(bench.count('wakeups', 'w')).toBe(3);
    expect(bench.seen.length).toBe(4);
  });
});

describe('a real-time thread', () => {
  test.each(['eevdf', 'cfs'] as const)(
    'preempts a fair one at once under %s, and is never preempted by one',
    (policy) => {
      const bench = machine({ policy });
      hog(bench, 'fair');
      worker(bench, 'rt', 50 * MS, [1.25 * MS], { policy: 'fifo' });
      hog(bench, 'other', { weight: 88_761 }, 2 * MS);
      bench.run(51.25 * MS);
      expect(bench.seen).toEqual([`${1.25 * MS} rt`]);
      expect([bench.busy('fair'), bench.busy('rt'), bench.busy('other')]).toEqual([1.25 * MS, 50 * MS, 0]);
    },
  );

  test('keeps its core from another real-time one when the slice would end of the fair one that it preempted', () => {
    const bench = machine();
    hog(bench, 'a');
    hog(bench, 'b');
    worker(bench, 'first', 50 * MS, [1 * MS], { policy: 'fifo' });
    worker(bench, 'second', 50 * MS, [2 * MS], { policy: 'fifo' });
    bench.run(101 * MS);
    expect(bench.seen).toEqual([`${1 * MS} first`, `${51 * MS} second`]);
  });

  test('goes before all fair ones in the queue, and after real-time ones that came first', () => {
    const bench = machine();
    worker(bench, 'running', 10 * MS, [0], { policy: 'fifo' });
    worker(bench, 'fair', MS, [1 * MS]);
    worker(bench, 'first', MS, [2 * MS], { policy: 'fifo' });
    worker(bench, 'second', MS, [3 * MS], { policy: 'fifo' });
    bench.run(100 * MS);
    expect(bench.seen).toEqual([`0 running`, `${10 * MS} first`, `${11 * MS} second`, `${12 * MS} fair`]);
  });
});

describe('placement of a woken thread', () => {
  test('is the core that it ran on before, if that is idle, even if others are too', () => {
    const bench = machine({}, { cores: 3 });
    worker(bench, 'first', MS, [0], { affinity: [0] });
    worker(bench, 'w', US, [10, 5 * MS, 6 * MS], { affinity: [0, 1, 2] });
    bench.run(10 * MS);
    expect(coresOf(bench, 'w')).toEqual({ core1: 3 * US });
    expect(bench.count('migrations', 'w')).toBe(1);
  });

  test('is the first idle core that it may use, if its own is busy', () => {
    const bench = machine({}, { cores: 4 });
    hog(bench, 'h0', { affinity: [0] });
    hog(bench, 'h2', { affinity: [2] });
    worker(bench, 'w', US, [MS], { affinity: [0, 2, 3] });
    bench.run(10 * MS);
    expect(coresOf(bench, 'w')).toEqual({ core3: US });
    expect(bench.seen).toEqual([`${MS} w`]);
  });

  test('is its own core’s queue, if all that it may use are busy, whatever others are idle', () => {
    const bench = machine({}, { cores: 3 });
    hog(bench, 'h0', { affinity: [0] });
    hog(bench, 'h1', { affinity: [1] });
    worker(bench, 'w', US, [MS], { affinity: [0, 1] });
    bench.run(10 * MS);
    expect(coresOf(bench, 'w')).toEqual({ core0: US });
    expect(bench.seen).toEqual([`${4 * MS} w`]);
  });

  test('on another core costs a migration: counted, charged there, before the work', () => {
    const bench = machine({}, { cores: 2, prices: { migration: 5 * US, contextSwitch: US } });
    worker(bench, 'w', US, [0, 2 * MS], { affinity: [0, 1] });
    hog(bench, 'h', { affinity: [0] }, MS);
    bench.run(10 * MS);
    expect(bench.seen).toEqual([`${US} w`, `${2 * MS + 6 * US} w`]);
    expect(bench.bill('w')).toEqual({
      contextSwitch: [2 * US, 2],
      migration: [5 * US, 1],
      work: [2 * US, 2],
    });
    expect(coresOf(bench, 'w')).toEqual({ core0: 2 * US, core1: 7 * US });
    expect(bench.count('migrations', 'w')).toBe(1);
    expect(bench.gaps()).toEqual([0, 0]);
  });
});

describe('balancing', () => {
  const balanced = (cores: number, prices: Record<string, number> = {}): Bench => {
    const bench = machine({}, { cores, prices });
    (bench.scheduler as FairScheduler).startBalancing();
    return bench;
  };

  test('moves a waiting thread on the tick to a core with at least two fewer, and charges it', () => {
    const bench = balanced(2, { migration: 5 * US });
    hog(bench, 'fixed', { affinity: [1] });
    for (const name of ['a', 'b', 'c']) hog(bench, name, { affinity: [0, 1] }, 10);
    bench.run(4 * MS - 1);
    expect([bench.scheduler.waiting(bench.cores[0]), bench.scheduler.waiting(bench.cores[1])]).toEqual([
      2, 0,
    ]);
    bench.run(400 * MS);
    // Two on each core from then on: one of the three moved, once.
    const moved = ['a', 'b', 'c'].filter((name) => coresOf(bench, name)['core1'] > 0);
    expect(moved.length).toBe(1);
    expect(bench.count('migrations', moved[0])).toBe(1);
    expect(bench.bill(moved[0])['migration']).toEqual([5 * US, 1]);
    for (const name of ['fixed', 'a', 'b', 'c']) {
      expect(Math.abs(bench.busy(name) - 200 * MS)).toBeLessThanOrEqual(8 * MS);
    }
    expect(bench.gaps()).toEqual([0, 0]);
  });

  test('leaves a difference of one alone', () => {
    const bench = balanced(2);
    hog(bench, 'fixed', { affinity: [1] });
    for (const name of ['a', 'b']) hog(bench, name, { affinity: [0, 1] }, 10);
    bench.run(100 * MS);
    expect(['a', 'b'].map((name) => bench.count('migrations', name))).toEqual([0, 0]);
  });

  test('moves nobody to a core that it may not use', () => {
    const bench = balanced(2);
    for (const name of ['a', 'b', 'c']) hog(bench, name, { affinity: [0] });
    bench.run(100 * MS);
    expect(bench.books.ledger.busy('core1')).toBe(0);
  });

  test('wakes an idle core for a thread that waits elsewhere', () => {
    const bench = balanced(2);
    // Both are placed on core 0 while core 1 is busy for 10 µs; then core 1 takes one over at once.
    worker(bench, 'short', 10 * US, [0], { affinity: [1] });
    for (const name of ['a', 'b']) hog(bench, name, { affinity: [0, 1] }, 10);
    bench.run(100 * MS);
    expect(['a', 'b'].map((name) => coresOf(bench, name))).toEqual([
      { core0: 100 * MS - 10 },
      { core1: 100 * MS - 10 * US },
    ]);
    expect(bench.gaps()).toEqual([0, 0]);
  });
});

describe('a core that runs out of work', () => {
  test('takes a waiting thread from the longest queue', () => {
    const bench = machine({}, { cores: 3 });
    worker(bench, 'short', 10 * US, [0], { affinity: [2] });
    for (const [name, affinity] of [
      ['a', [0]],
      ['b', [1]],
      ['b2', [1, 2]],
      ['b3', [1]],
      ['a2', [0, 2]],
    ] as const) {
      hog(bench, name, { affinity }, 10);
    }
    bench.run(MS);
    expect(coresOf(bench, 'b2')).toEqual({ core2: MS - 10 * US });
    expect(bench.busy('a2')).toBe(0);
  });

  test('does not let the newcomer starve those that have run there for long', () => {
    const bench = machine({}, { cores: 2 });
    // Core 1 has a past of a second; `young` comes from core 0, where time has only begun.
    worker(bench, 'old', 1000 * MS, [0], { affinity: [1] });
    hog(bench, 'first', { affinity: [0] }, 999 * MS);
    hog(bench, 'young', { affinity: [0, 1] }, 999 * MS);
    worker(bench, 'woken', 10 * MS, [1010 * MS], { affinity: [1] });
    bench.run(1100 * MS);
    expect(coresOf(bench, 'young')['core1']).toBeGreaterThan(0);
    // `woken` starts level with whoever runs: within two slices it has the core.
    const began = Number(bench.seen.find((note) => note.endsWith('woken'))?.split(' ')[0]);
    expect(began).toBeLessThanOrEqual(1010 * MS + 8 * MS);
  });
});

describe('a vCPU', () => {
  test('that wakes on another core is booked there from then on, its switch and its cold caches by KVM', () => {
    const bench = machine(
      {},
      { cores: 2, prices: { contextSwitch: 7, migration: 11, exitLight: 10, taskSwitch: 3 } },
    );
    const vcpu = vcpuOn(bench, { placement: { affinity: [0, 1] } });
    const line = deviceOf(bench, vcpu, 'irq', 50);
    hog(bench, 'h', { affinity: [0] }, 500);
    bench.at(1000, line.raise);
    bench.run(10_000);
    // Cold caches, switch, way back into the guest (4 of 10), handler.
    expect(bench.seen).toEqual([`${1000 + 11 + 7 + 4} irq`]);
    expect(coresOf(bench, 'web vcpu0 irq')).toEqual({ core1: 50 });
    expect(coresOf(bench, 'web vcpu0 idle')).toEqual({ core0: 7 + 6, core1: 11 + 7 + 4 + 6 });
    expect(bench.bill('web vcpu0 idle')).toMatchObject({
      'vcpu-k contextSwitch': [14, 2],
      'vcpu-k migration': [11, 1],
    });
    expect(bench.count('migrations', 'web vcpu0')).toBe(1);
    expect(bench.gaps()).toEqual([0, 0]);
  });

  test('whose interrupt comes while it is on its way to another core takes it at the VM entry', () => {
    const bench = machine({}, { cores: 2, prices: { contextSwitch: 7, migration: 110, exitLight: 10 } });
    const vcpu = vcpuOn(bench, { placement: { affinity: [0, 1] } });
    const task = vcpu.task(
      'task',
      whenever(function* () {}),
    );
    const line = deviceOf(bench, vcpu, 'irq', 50);
    hog(bench, 'h', { affinity: [0] }, 500);
    bench.at(1000, () => task.signal());
    bench.at(1060, line.raise);
    bench.run(10_000);
    expect(bench.seen).toEqual([`${1000 + 110 + 7 + 4} irq`]);
  });
});
