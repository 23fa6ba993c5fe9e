import { expect, test } from 'vitest';
import { Bench } from '../hardware/bench-machine.test-support.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { Access } from '../hardware/register-port.ts';
import { TaskThread } from '../hardware/thread.ts';
import { BigLock } from './big-lock.ts';
import { MainLoop } from './main-loop.ts';

const ITERATION = 100;

/** QEMU's main loop on core 0; each source notes its name and works 10 ps. */
const machine = () => {
  const bench = new Bench({ cores: 2, prices: { 'qemu.mainLoop': ITERATION, 'bql.handoff': 7 } });
  const lock = new BigLock(bench.books, 'web');
  const loop = new MainLoop(bench.books, lock);
  bench.cores[0].host(new TaskThread('qemu', { affinity: [0] }), 'qemu', (cpu) => loop.program(cpu));
  const source = (name: string, then: () => void = () => {}) =>
    loop.source(function* (cpu: Context): Access {
      bench.note(name);
      cpu.charge(bench.costs.work, 10);
      yield RUN;
      then();
    });
  /** Another thread of the process holds the lock from `at` for `span`. */
  const holding = (at: number, span: number) => {
    const { context } = bench.thread(
      'holder',
      function* (cpu) {
        yield* lock.acquire(cpu);
        cpu.charge(bench.costs.work, span);
        yield RUN;
        lock.release(cpu);
      },
      { affinity: [1] },
    );
    bench.at(at, () => context.signal());
  };
  return { bench, lock, loop, source, holding };
};

test('the loop sleeps in ppoll without the lock until a source is ready', () => {
  const { bench, lock, loop, source } = machine();
  source('tap');
  bench.run(1000);
  expect([loop.asleep, lock.holder, bench.busy('qemu')]).toEqual([true, null, 0]);
});

test('an iteration costs its price, and what is ready runs under the lock in the order of registration', () => {
  const { bench, lock, loop, source } = machine();
  const [first, second, third] = ['first', 'second', 'third'].map((name) => source(name));
  bench.at(1000, () => {
    third.raise();
    first.raise();
  });
  bench.at(1105, () => bench.note(`${lock.holder !== null} ${loop.asleep}`));
  bench.run(10_000);
  expect(bench.seen).toEqual(['1100 first', '1105 true false', '1110 third']);
  expect([lock.holder, loop.asleep]).toEqual([null, true]);
  expect(bench.bill('qemu')).toMatchObject({ 'qemu.mainLoop': [ITERATION, 1], work: [20, 20] });
  second.raise();
  bench.run(20_000);
  expect(bench.seen.at(-1)).toBe('10100 second');
});

test('a source that is raised several times before it runs runs once', () => {
  const { bench, source } = machine();
  const tap = source('tap');
  for (const at of [1000, 1010, 1099]) bench.at(at, tap.raise);
  bench.run(10_000);
  expect(bench.seen).toEqual(['1100 tap']);
});

test('a source that is raised while sources run gets an iteration of its own', () => {
  const { bench, source } = machine();
  let rounds = 0;
  const tap = source('tap', () => {
    if (++rounds < 3) tap.raise();
  });
  const bh = source('bh');
  bench.at(1000, tap.raise);
  bench.at(1105, bh.raise);
  bench.run(10_000);
  expect(bench.seen).toEqual(['1100 tap', '1210 tap', '1220 bh', '1330 tap']);
  expect(bench.bill('qemu')['qemu.mainLoop']).toEqual([3 * ITERATION, 3]);
});

test('the loop waits for the lock asleep, and runs what became ready meanwhile in the same iteration', () => {
  const { bench, loop, source, holding } = machine();
  const [tap, bh] = ['tap', 'bh'].map((name) => source(name));
  holding(1000, 500);
  bench.at(1010, tap.raise);
  bench.at(1200, () => bench.note(`${loop.asleep} ${bench.busy('qemu')}`));
  bench.at(1300, bh.raise);
  bench.at(1050, () => bench.settle());
  bench.at(1190, () => bench.settle());
  bench.run(10_000);
  // It waits for the lock, not in ppoll; the hand-over rides with the first source’s work.
  expect(bench.seen).toEqual([`1200 false ${ITERATION}`, '1500 tap', '1517 bh']);
  expect(bench.bill('qemu')['qemu.mainLoop']).toEqual([ITERATION, 1]);
  expect(bench.gaps()).toEqual([0, 0]);
});

test('a source that becomes ready at the instant at which the loop goes to sleep is not lost', () => {
  const { bench, source } = machine();
  const tap = source('tap');
  bench.at(1110, tap.raise); // scheduled first: fires before the end of the iteration
  bench.at(1000, tap.raise);
  bench.at(1300, () => bench.at(1320, tap.raise)); // fires after it
  bench.run(10_000);
  expect(bench.seen).toEqual(['1100 tap', '1210 tap', '1420 tap']);
});
