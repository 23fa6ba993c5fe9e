import { describe, expect, test } from 'vitest';
import { ps } from '../units.ts';
import { Signal } from './signal.ts';
import { Simulation, SimulationError } from './simulation.ts';
import { type Program, Thread, WAIT } from './thread.ts';

describe('a thread', () => {
  test('sleeps for the delays it yields, from the time it was built, and ends', () => {
    const sim = new Simulation();
    const seen: number[] = [];
    sim.run(ps(5));
    const thread = new Thread(
      sim,
      'remote',
      (function* (): Program {
        seen.push(sim.now);
        yield 10;
        seen.push(sim.now);
        yield 0;
        seen.push(sim.now);
      })(),
    );
    expect(seen).toEqual([]); // it starts by an event, so that whatever it talks to can be connected first
    sim.run(ps(100));
    expect(seen).toEqual([5, 15, 15]);
    expect(thread.ended).toBe(true);
    thread.signal();
    sim.run(ps(200));
  });

  test('waits for a signal; one that comes earlier is remembered, several are one', () => {
    const sim = new Simulation();
    const woken: number[] = [];
    const thread = new Thread(
      sim,
      'worker',
      (function* (): Program {
        for (;;) {
          yield WAIT;
          woken.push(sim.now);
          yield 10;
        }
      })(),
    );
    const signal = sim.handler(() => thread.signal());
    for (const time of [5, 5, 7, 9, 40]) sim.at(ps(time), signal);
    sim.run(ps(100));
    // At 5 twice is once; 7 and 9 fall into the delay and are remembered as one, taken at 15.
    expect(woken).toEqual([5, 15, 40]);
  });

  test('a signal before the first step is not lost', () => {
    const sim = new Simulation();
    let woken = 0;
    const thread = new Thread(
      sim,
      'worker',
      (function* (): Program {
        yield WAIT;
        woken++;
      })(),
    );
    thread.signal();
    sim.run(ps(1));
    expect(woken).toBe(1);
  });

  test('a program that yields a delay that is none, is told so by its name', () => {
    for (const delay of [-1, 0.5, Number.NaN]) {
      const sim = new Simulation();
      new Thread(
        sim,
        'peer',
        (function* (): Program {
          yield delay;
        })(),
      );
      expect(() => sim.run(ps(1))).toThrow(/'peer'/);
    }
  });

  test('a program that signals itself without end is stopped', () => {
    const sim = new Simulation();
    let thread: Thread | undefined;
    thread = new Thread(
      sim,
      'narcissus',
      (function* (): Program {
        for (;;) {
          thread?.signal();
          yield WAIT;
        }
      })(),
    );
    expect(() => sim.run(ps(1))).toThrow(SimulationError);
    expect(() => sim.run(ps(1))).not.toThrow();
  });
});

describe('a signal', () => {
  test('wakes all who wait, in the order they came, and is not remembered', () => {
    const sim = new Simulation();
    const gate = new Signal();
    const woken: string[] = [];
    const sleeper = function* (name: string, delay: number): Program {
      yield delay;
      yield gate;
      woken.push(`${name}@${sim.now}`);
      yield gate;
      woken.push(`${name}@${sim.now}`);
    };
    for (const [name, delay] of [
      ['late', 30],
      ['b', 2],
      ['a', 1],
    ] as const)
      new Thread(sim, name, sleeper(name, delay));
    const raise = sim.handler(() => gate.raise());
    for (const time of [10, 20, 40]) sim.at(ps(time), raise);
    sim.run(ps(100));
    expect(woken).toEqual(['a@10', 'b@10', 'a@20', 'b@20', 'late@40']);
  });

  test('a thread woken by a signal of its own can wait again in the same instant', () => {
    const sim = new Simulation();
    const gate = new Signal();
    let turns = 0;
    const player = function* (): Program {
      for (let i = 0; i < 3; i++) {
        yield gate;
        turns++;
        gate.raise();
      }
    };
    new Thread(sim, 'a', player());
    new Thread(sim, 'b', player());
    sim.at(
      ps(1),
      sim.handler(() => gate.raise()),
    );
    sim.run(ps(2));
    expect(turns).toBeGreaterThanOrEqual(4);
  });
});
