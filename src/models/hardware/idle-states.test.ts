import { describe, expect, test } from 'vitest';
import { ps } from '../../units.ts';
import { Bench, type Body } from './bench-machine.test-support.ts';
import { RUN, WAIT } from './context.ts';
import { exitLatencyAfter, type IdleState } from './idle-states.ts';

const LADDER: readonly IdleState[] = [
  { name: 'POLL', after: ps(0), exitLatency: ps(5) },
  { name: 'C1', after: ps(100), exitLatency: ps(20) },
  { name: 'C6', after: ps(1000), exitLatency: ps(300) },
];

test.each([
  [0, 5],
  [99, 5],
  [100, 20],
  [999, 20],
  [1000, 300],
  [1e9, 300],
])('a core that has been idle for %i ps comes back in %i ps', (idle, latency) => {
  expect(exitLatencyAfter(LADDER, idle)).toBe(latency);
});

test('a core without idle states comes back at once', () => {
  expect(exitLatencyAfter([], 1e9)).toBe(0);
});

describe('on a core', () => {
  /** Signals a thread of 10 ps at each of `signals`; it notes when it begins. */
  const runWith = (signals: readonly number[], settleAt: readonly number[] = []): Bench => {
    const bench = new Bench({ idleStates: LADDER, prices: { contextSwitch: 7 } });
    const body: Body = function* (cpu) {
      bench.note('runs');
      cpu.charge(bench.costs.work, 10);
      yield RUN;
    };
    const { context } = bench.thread('task', body);
    for (const at of settleAt) bench.at(at, () => bench.settle());
    for (const at of signals) bench.at(at, () => context.signal());
    bench.run(10_000);
    return bench;
  };

  test('the way out of the idle state is idle time, and the context switch comes after it', () => {
    const bench = runWith([2000]);
    expect(bench.seen).toEqual(['2307 runs']);
    expect(bench.bill('task')).toEqual({ contextSwitch: [7, 1], work: [10, 10] });
    expect(bench.books.ledger.idle.get('core0')).toBe(10_000 - 17);
  });

  test('the idle time that chooses the state is counted from the end of the last work', () => {
    // Busy from 2300 to 2317; 99 ps later it still polls. Busy from 2421 to 2438; 100 ps later it is in C1.
    const bench = runWith([2000, 2317 + 99, 2438 + 100]);
    expect(bench.seen).toEqual(['2307 runs', `${2416 + 5 + 7} runs`, `${2538 + 20 + 7} runs`]);
  });

  test('settling the books while it is idle does not make it sleep less deeply', () => {
    expect(runWith([2000], [1990]).seen).toEqual(runWith([2000]).seen);
  });

  test('settling the books while it wakes up changes nothing', () => {
    const [settled, plain] = [runWith([2000], [2150]), runWith([2000])];
    expect(settled.seen).toEqual(plain.seen);
    expect([settled.gaps(), settled.busy('task')]).toEqual([[0], 17]);
  });

  test('signals that come while it wakes up do not delay it', () => {
    const bench = runWith([2000, 2100, 2299]);
    expect(bench.seen).toEqual(['2307 runs']);
  });

  test('an interrupt pays the way out of the idle state too', () => {
    const bench = new Bench({ idleStates: LADDER });
    const line = bench.cores[0].interrupt('nic', function* ({ context }) {
      for (;;) {
        yield WAIT;
        bench.note('irq');
        context.charge(bench.costs.work, 10);
        yield RUN;
      }
    });
    bench.at(500, line.raise);
    bench.run(1000);
    expect(bench.seen).toEqual(['520 irq']);
    expect(bench.books.ledger.idle.get('core0')).toBe(990);
  });
});
