/** A context by itself: its batch of segments, cut and booked by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../accounting/invariant.ts';
import { ps } from '../../units.ts';
import { Bench } from './bench-machine.test-support.ts';
import { Context, type Program, RUN, takesInterrupt, takesSoftirq, WAIT } from './context.ts';
import { BH_OFF, EXIT_KERNEL, EXIT_USER, HALT_POLL, IRQ_OFF, type Mode, OPEN, SPIN } from './mode.ts';

const PRICES = { copy: 7, exit: 100, poll: 1 };

/** A context on nothing, which notes when it is woken. */
const alone = () => {
  const bench = new Bench({ prices: PRICES });
  const { books } = bench;
  const woken: number[] = [];
  const account = books.ledger.account('core0', 'me', false);
  const level = { stopOf: (context: Context) => context.n, leaveGuest: () => {} };
  const identity = { name: 'core0 me', payer: 'me', guest: false, kind: 'me' };
  const owner = { woken: () => void woken.push(bench.sim.now) };
  const context = new Context(books, identity, level, owner, account);
  const cost = { copy: bench.cost('copy'), exit: bench.cost('exit'), poll: bench.cost('poll') };
  return { bench, books, context, cost, woken };
};

describe('a batch', () => {
  test('takes the sum of its charges and is booked under their names', () => {
    const { bench, context, cost } = alone();
    context.charge(cost.copy, 3);
    context.charge(cost.exit);
    expect([context.left, context.idle]).toEqual([121, false]);
    context.finish(context.n, 0);
    expect([context.left, context.idle]).toEqual([0, true]);
    expect(bench.bill('me')).toEqual({ copy: [21, 3], exit: [100, 1] });
  });

  test('is booked on the plane of whoever worked: the context, KVM, or QEMU', () => {
    const { bench, context, cost } = alone();
    const modes: Mode[] = [OPEN, BH_OFF, IRQ_OFF, SPIN, EXIT_KERNEL, EXIT_USER, HALT_POLL];
    for (const mode of modes) {
      context.mode = mode;
      context.charge(cost.copy);
    }
    context.finish(context.n, 0);
    expect(bench.bill('me')).toEqual({ copy: [28, 4], 'vcpu-k copy': [14, 2], 'vcpu-u copy': [7, 1] });
  });

  test('of a price drawn per occurrence draws one for each', () => {
    const { bench, context, cost } = alone();
    const draws = [5, 6, 7];
    context.charge({ ...cost.copy, draw: () => ps(draws.shift() as number) }, 3);
    expect(context.left).toBe(18);
    context.finish(context.n, 0);
    expect(bench.bill('me')).toEqual({ copy: [18, 3] });
  });

  test('may spend a time that is no price, as any number of occurrences', () => {
    const { bench, context, cost } = alone();
    context.spend(cost.exit, 60, 0);
    context.spend(cost.exit, 40, 1);
    context.finish(context.n, 0);
    expect(bench.bill('me')).toEqual({ exit: [100, 1] });
  });

  test('that never ends is refused', () => {
    const { context, cost } = alone();
    expect(() => {
      for (let i = 0; i < 100_000; i++) context.charge(cost.copy);
    }).toThrow(InvariantError);
  });
});

describe('a cut', () => {
  /** copy 70 ps, exit 100 ps, copy 7 ps, from time 1000 on, cut at `at`. */
  const cutAt = (at: number) => {
    const parts = alone();
    parts.context.charge(parts.cost.copy, 10);
    parts.context.charge(parts.cost.exit);
    parts.context.charge(parts.cost.copy);
    parts.context.settle(1000, at);
    return parts;
  };

  test.each([
    [1000, {}],
    [1069, { copy: [69, 0] }],
    [1070, { copy: [70, 10] }],
    [1071, { copy: [70, 10], exit: [1, 0] }],
    [1170, { copy: [70, 10], exit: [100, 1] }],
    [1176, { copy: [76, 10], exit: [100, 1] }],
    [1177, { copy: [77, 11], exit: [100, 1] }],
  ])('at %i books what was done and counts what was completed', (at, bill) => {
    const { bench, context } = cutAt(at);
    expect(bench.bill('me')).toEqual(bill);
    expect(context.left).toBe(1177 - at);
  });

  test('beyond the end of the batch is an error of ours', () => {
    expect(() => cutAt(1178)).toThrow(InvariantError);
  });

  test('however often, in whatever places, leaves the same bill as none', () => {
    const spans = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 30 });
    const cuts = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 40 });
    fc.assert(
      fc.property(spans, cuts, (counts, gaps) => {
        const { bench, context, cost } = alone();
        const whole = { copy: [0, 0] };
        for (const count of counts) {
          context.charge(cost.copy, count);
          whole.copy[0] += 7 * count;
          whole.copy[1] += count;
        }
        let now = 0;
        for (const gap of gaps) {
          const until = now + Math.min(gap, context.left);
          context.settle(now, until);
          now = until;
          expect(bench.busy('me')).toBe(now);
        }
        context.finish(context.n, now);
        expect(bench.bill('me')).toEqual(whole.copy[1] === 0 ? {} : whole);
      }),
    );
  });

  test('leaves room for what is charged later', () => {
    const { bench, context, cost } = cutAt(1100);
    context.charge(cost.exit);
    context.finish(context.n, 5000);
    expect(bench.bill('me')).toEqual({ copy: [77, 11], exit: [200, 2] });
  });
});

describe('a prelude', () => {
  test('is paid before what is left, in its own mode', () => {
    const { bench, context, cost } = alone();
    context.charge(cost.copy, 10);
    context.settle(0, 30);
    context.prelude(cost.exit, EXIT_KERNEL);
    expect([context.left, context.modeNow]).toEqual([140, EXIT_KERNEL]);
    context.settle(50, 151);
    expect(bench.bill('me')).toEqual({ copy: [31, 0], 'vcpu-k exit': [100, 1] });
  });

  test('of a context without a batch is all that it has to do', () => {
    const { context, cost } = alone();
    context.prelude(cost.exit, OPEN);
    expect([context.left, context.runnable, context.idle]).toEqual([100, true, false]);
    context.finish(context.n, 0);
    expect([context.left, context.runnable, context.idle]).toEqual([0, false, true]);
  });

  test('goes before earlier preludes', () => {
    const { context, cost } = alone();
    context.prelude(cost.copy, OPEN);
    context.prelude(cost.exit, IRQ_OFF);
    expect(context.modeNow).toBe(IRQ_OFF);
    context.finish(context.at + 1, 0);
    expect([context.modeNow, context.left]).toEqual([OPEN, 7]);
  });
});

describe('what is looked up in a batch:', () => {
  /** open 70, IRQ off 70, BH off 70, spinning 70, in an exit 70. */
  const mixed = () => {
    const { context, cost } = alone();
    const modes: Mode[] = [OPEN, IRQ_OFF, BH_OFF, SPIN, EXIT_KERNEL];
    for (const mode of modes) {
      context.mode = mode;
      context.charge(cost.copy, 10);
    }
    context.mode = OPEN;
    return context;
  };

  test('the mode under way at any instant, a boundary belonging to the segment that begins', () => {
    const context = mixed();
    const at = [0, 69, 70, 139, 140, 210, 349, 350];
    expect(at.map((t) => context.modeAt(t))).toEqual([
      OPEN,
      OPEN,
      IRQ_OFF,
      IRQ_OFF,
      BH_OFF,
      SPIN,
      EXIT_KERNEL,
      OPEN,
    ]);
  });

  test('the next place that takes an interrupt or a softirq, and the time until there', () => {
    const context = mixed();
    const next = () => [
      context.spanTo(context.boundary(takesInterrupt)),
      context.spanTo(context.boundary(takesSoftirq)),
    ];
    expect(next()).toEqual([0, 0]);
    context.settle(0, 90); // in IRQ off: 50 ps of it are left
    expect(next()).toEqual([50, 120]);
    context.settle(90, 300); // in the exit: the rest of the batch
    expect(next()).toEqual([50, 50]);
  });
});

describe('a busy wait', () => {
  test('that is ended is as long as it lasted', () => {
    const { bench, context, cost } = alone();
    context.mode = SPIN;
    context.spend(cost.poll, 1_000_000, 1);
    context.settle(0, 300);
    expect(context.endSpin(40)).toBe(true);
    expect(context.left).toBe(40);
    context.finish(context.n, 300);
    expect(bench.bill('me')).toEqual({ poll: [340, 1] });
  });

  test('is never made longer, and nothing else is made shorter', () => {
    const { context, cost } = alone();
    context.mode = SPIN;
    context.spend(cost.poll, 100, 1);
    expect([context.endSpin(200), context.left]).toEqual([false, 100]);
    context.finish(context.n, 0);
    expect(context.endSpin(0)).toBe(false);
    context.mode = OPEN;
    context.charge(cost.copy);
    expect([context.endSpin(0), context.left]).toEqual([false, 7]);
  });
});

describe('a program', () => {
  const forever = function* (context: Context, seen: string[]): Program {
    for (;;) {
      yield WAIT;
      seen.push('woken');
      if (context.left > 0) yield RUN;
    }
  };

  test('must begin with WAIT and must do nothing before it', () => {
    const { context, cost } = alone();
    const eager = function* (): Program {
      context.charge(cost.copy);
      yield WAIT;
    };
    expect(() => context.run(eager())).toThrow(InvariantError);
    const running = function* (): Program {
      yield RUN;
    };
    expect(() => alone().context.run(running())).toThrow('must begin with WAIT');
  });

  test('must not end', () => {
    const { context } = alone();
    context.run(
      (function* (): Program {
        yield WAIT;
      })(),
    );
    context.signal();
    expect(() => context.step()).toThrow('ended');
  });

  test('is the only one of its context', () => {
    const { context } = alone();
    context.run(forever(context, []));
    expect(() => context.run(forever(context, []))).toThrow('already has a program');
  });

  test('wakes its owner once, however often it is signalled', () => {
    const { context, woken } = alone();
    const seen: string[] = [];
    context.run(forever(context, seen));
    expect([context.waiting, context.pending]).toEqual([true, false]);
    context.signal();
    context.signal();
    expect([woken.length, context.waiting, context.pending]).toEqual([1, false, true]);
    context.step();
    expect([seen, context.waiting, context.pending]).toEqual([['woken'], true, false]);
  });

  test('signalled in the middle of its step does not wake its owner: its next WAIT returns at once', () => {
    const { context, woken } = alone();
    let rounds = 0;
    const echo = function* (): Program {
      for (;;) {
        yield WAIT;
        if (++rounds < 4) context.signal();
      }
    };
    context.run(echo());
    context.signal();
    context.step();
    expect([rounds, woken.length, context.waiting]).toEqual([4, 1, true]);
  });
});
