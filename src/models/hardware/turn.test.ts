import { describe, expect, test } from 'vitest';
import { Bench } from './bench-machine.test-support.ts';
import { RUN } from './context.ts';
import { OPEN, SPIN } from './mode.ts';
import { Turn } from './turn.ts';

test('only the outermost step takes the turn', () => {
  const turn = new Turn();
  expect([turn.take(), turn.take()]).toEqual([true, false]);
  turn.give();
  expect(turn.take()).toBe(true);
});

test('those who wait react after the step, once each, in the order in which they asked', () => {
  const turn = new Turn();
  const seen: string[] = [];
  const reacting = (name: string) => ({ reconsider: () => void seen.push(name) });
  const [a, b] = [reacting('a'), reacting('b')];
  turn.take();
  turn.later(b);
  turn.later(a);
  turn.later(b);
  expect(seen).toEqual([]);
  turn.give();
  expect(seen).toEqual(['b', 'a']);
});

test('what a reaction sets off is dealt with in the same instant', () => {
  const turn = new Turn();
  const seen: string[] = [];
  const last = { reconsider: () => void seen.push('last') };
  const first = {
    reconsider: () => {
      const outermost = turn.take();
      turn.later(last);
      seen.push('first');
      if (outermost) turn.give();
    },
  };
  turn.take();
  turn.later(first);
  turn.give();
  expect(seen).toEqual(['first', 'last']);
});

describe('two cores', () => {
  test('never see each other in the middle of a step, however they call each other', () => {
    const bench = new Bench({ cores: 2 });
    const [pinging, ponging] = ['ping', 'pong'].map((name, id) => {
      const peer = () => [ponging, pinging][id];
      return bench.thread(
        name,
        function* (cpu) {
          for (let i = 0; i < 3; i++) {
            bench.note(`${name} in`);
            peer().context.signal();
            bench.note(`${name} out`);
            cpu.charge(bench.costs.work, 10);
            yield RUN;
          }
        },
        { affinity: [id] },
      );
    });
    pinging.context.signal();
    bench.run(1000);
    // Between the two notes of one step there is none of the other's.
    for (let i = 0; i < bench.seen.length; i += 2) {
      expect(bench.seen[i + 1]).toBe(bench.seen[i].replace(/in$/, 'out'));
    }
    expect(bench.seen.length).toBeGreaterThan(10);
    expect(bench.gaps()).toEqual([0, 0]);
  });

  test('do not see each other’s steps half done where one ends the busy wait of the other at its very end', () => {
    const bench = new Bench({ cores: 2 });
    const ender = bench.thread('ender', function* (cpu) {
      cpu.charge(bench.costs.work, 100);
      yield RUN;
      bench.note('in');
      bench.cores[1].endSpin(poller.context, 0);
      bench.note('out');
    });
    const poller = bench.thread(
      'poller',
      function* (cpu) {
        cpu.mode = SPIN;
        cpu.spend(bench.costs.work, 100, 1);
        yield RUN;
        cpu.mode = OPEN;
        bench.note('sees it');
      },
      { affinity: [1] },
    );
    ender.context.signal();
    poller.context.signal();
    bench.run(1000);
    expect(bench.seen).toEqual(['100 in', '100 out', '100 sees it']);
  });

  test('react to each other within the same instant', () => {
    const bench = new Bench({ cores: 2 });
    const there = bench.thread(
      'there',
      function* () {
        bench.note('there');
        yield RUN;
      },
      { affinity: [1] },
    );
    const here = bench.thread('here', function* (cpu) {
      cpu.charge(bench.costs.work, 40);
      yield RUN;
      there.context.signal();
      bench.note('here');
    });
    here.context.signal();
    bench.run(1000);
    expect(bench.seen).toEqual(['40 here', '40 there']);
  });
});
