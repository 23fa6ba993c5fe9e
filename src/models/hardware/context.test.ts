/** A program by itself: stepped by hand, without a processor. */
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../accounting/invariant.ts';
import { Bench } from './bench-machine.test-support.ts';
import { Context, type Program, RUN, WAIT } from './context.ts';

/** A context on nothing, which notes when it is woken. */
const alone = () => {
  const bench = new Bench({ prices: { copy: 7 } });
  const { books } = bench;
  const woken: number[] = [];
  const account = books.ledger.account('core0', 'me', false);
  const level = {
    stopOf: (context: Context) => context.n,
    pendingAny: false,
    leaveGuest: () => {},
    endSpin: () => {},
    wakeTask: () => {},
  };
  const identity = { name: 'core0 me', payer: 'me', guest: false, kind: 'me' };
  const note = () => void woken.push(bench.sim.now);
  const context = new Context(books, identity, level, note, account);
  return { context, cost: { copy: bench.cost('copy') }, woken };
};

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

  test('calls others, which sleep and call as it does, and goes on where each has ended', () => {
    const { context } = alone();
    const seen: string[] = [];
    const inner = function* (): Program {
      seen.push('inner');
      yield WAIT;
      seen.push('inner woken');
    };
    const outer = function* (): Program {
      yield context.call(inner());
      yield* inner();
      yield* (function* (): Program {
        yield context.call(inner());
        seen.push('between');
      })();
    };
    context.run(
      (function* (): Program {
        yield WAIT;
        yield context.call(outer());
        seen.push('back');
        yield WAIT;
      })(),
    );
    for (let step = 0; step < 4; step++) {
      context.signal();
      context.step();
    }
    const once = ['inner', 'inner woken'];
    expect(seen).toEqual([...once, ...once, ...once, 'between', 'back']);
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
