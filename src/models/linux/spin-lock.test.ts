/** A spin lock has one holder at a time, goes to who came first, and takes an interrupt of its holder's CPU no time but its own. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvariantError } from '../../accounting/invariant.ts';
import { ps } from '../../units.ts';
import { Bench } from '../hardware/bench-machine.test-support.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import { IRQ_OFF } from '../hardware/mode.ts';
import { SpinLock } from './spin-lock.ts';

const HANDOFF = 3;
const visit = fc.record({ at: fc.nat(200), before: fc.nat(5), held: fc.integer({ min: 1, max: 20 }) });

/** Who comes when, prepares for `before` and holds the lock for `held`: a core each. */
const visited = (visits: readonly { at: number; before: number; held: number }[]) => {
  const bench = new Bench({ cores: visits.length, prices: { 'lock.spin': 0, 'lock.handoff': HANDOFF } });
  const lock = new SpinLock(bench.books, 'lock', '');
  const held: { who: number; from: number; to: number }[] = [];
  visits.forEach(({ at, before, held: span }, who) => {
    const core = bench.cores[who];
    const task = core.task(`visitor ${who}`, function* (cpu) {
      yield WAIT;
      cpu.charge(bench.costs.work, before);
      const outer = cpu.mode;
      cpu.mode = IRQ_OFF;
      yield* lock.acquire(cpu);
      const from = bench.sim.now;
      cpu.charge(bench.costs.work, span);
      yield RUN;
      held.push({ who, from, to: bench.sim.now });
      lock.release(cpu);
      cpu.mode = outer;
      for (;;) yield WAIT;
    });
    bench.sim.at(
      ps(at),
      bench.sim.handler(() => task.signal(), 'come'),
    );
  });
  bench.run(10_000);
  return { held, bench };
};

test('one after the other, in the order in which they came, without a gap while somebody waits', () => {
  fc.assert(
    fc.property(fc.array(visit, { minLength: 1, maxLength: 6 }), (visits) => {
      const { held } = visited(visits);
      expect(held).toHaveLength(visits.length);
      const came = visits.map(({ at, before }) => at + before);
      let free = 0;
      for (const [i, { who, from, to }] of held.entries()) {
        const waited = came[who] < free;
        expect(from).toBe(waited ? free : came[who]);
        expect(to - from).toBe(visits[who].held + (waited ? HANDOFF : 0));
        if (i > 0) expect(came[who]).toBeGreaterThanOrEqual(came[held[i - 1].who]);
        free = to;
      }
    }),
    { seed: 1 },
  );
});

test('who waits burns its core, and is counted', () => {
  const { bench } = visited([
    { at: 0, before: 0, held: 10 },
    { at: 4, before: 0, held: 10 },
  ]);
  const spun = bench.books.ledger.spending().filter(({ cost }) => cost === 'lock.spin');
  expect(spun.map(({ core, busy }) => [core, busy])).toEqual([['core1', 6]]);
  expect(bench.books.counters.counter('locks.contended', 'lock').value).toBe(1);
});

test('nobody releases what he does not hold', () => {
  const bench = new Bench({ prices: { 'lock.spin': 0, 'lock.handoff': 0 } });
  const lock = new SpinLock(bench.books, 'lock', '');
  const task = bench.cores[0].task('stranger', function* (cpu) {
    yield WAIT;
    lock.release(cpu);
  });
  task.signal();
  expect(() => bench.run(10)).toThrow(InvariantError);
});
