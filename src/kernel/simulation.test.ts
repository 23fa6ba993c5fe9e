import { describe, expect, test } from 'vitest';
import { ps } from '../units.ts';
import { BudgetError, type Handler, Simulation, SimulationError, type Ticket } from './simulation.ts';

const recording = (options = {}): { sim: Simulation; seen: number[]; note: Handler } => {
  const sim = new Simulation(options);
  const seen: number[] = [];
  return { sim, seen, note: sim.handler((n) => void seen.push(n), 'note') };
};

describe('order', () => {
  test('events fire in order of time, ties in order of scheduling', () => {
    const { sim, seen, note } = recording();
    sim.at(ps(20), note, 3);
    sim.at(ps(10), note, 1);
    sim.after(ps(10), note, 2);
    sim.run(ps(100));
    expect(seen).toEqual([1, 2, 3]);
    expect(sim.now).toBe(100);
    expect(sim.events).toBe(3);
  });

  test('an event scheduled at the present instant fires after those that are there already', () => {
    const { sim, seen, note } = recording();
    const first = sim.handler(() => void sim.after(ps(0), note, 3));
    sim.at(ps(5), first);
    sim.at(ps(5), note, 1);
    sim.at(ps(5), note, 2);
    sim.run(ps(5));
    expect(seen).toEqual([1, 2, 3]);
  });

  test('the argument defaults to 0 and may be any number', () => {
    const { sim, seen, note } = recording();
    sim.at(ps(1), note);
    sim.at(ps(2), note, -7);
    sim.at(ps(3), note, 2 ** 52 + 1);
    sim.run(ps(3));
    expect(seen).toEqual([0, -7, 2 ** 52 + 1]);
  });
});

describe('running', () => {
  test('run fires what is due by then, the end included, and can be continued', () => {
    const { sim, seen, note } = recording();
    for (const time of [10, 20, 21]) sim.at(ps(time), note, time);
    sim.run(ps(20));
    expect([sim.now, seen]).toEqual([20, [10, 20]]);
    sim.run(ps(20));
    expect(seen).toEqual([10, 20]);
    sim.run(ps(30));
    expect([sim.now, seen]).toEqual([30, [10, 20, 21]]);
  });

  test('stop ends the run after the present event, and leaves the clock there', () => {
    const { sim, seen, note } = recording();
    const stop = sim.handler(() => sim.stop());
    sim.at(ps(10), stop);
    sim.at(ps(10), note, 1);
    sim.run(ps(100));
    expect([sim.now, seen]).toEqual([10, []]);
    sim.run(ps(100));
    expect([sim.now, seen]).toEqual([100, [1]]);
  });

  test('call runs a handler within the present event', () => {
    const { sim, seen, note } = recording();
    sim.call(note, 5);
    expect([seen, sim.events]).toEqual([[5], 0]);
  });

  test('an error thrown by a handler passes through, and the simulation is not left running', () => {
    const sim = new Simulation();
    sim.at(
      ps(1),
      sim.handler(() => {
        throw new RangeError('mine');
      }),
    );
    expect(() => sim.run(ps(2))).toThrow(RangeError);
    sim.run(ps(2));
    expect(sim.now).toBe(2);
  });
});

describe('cancelling', () => {
  test('a cancelled event does not fire; cancelling again, or after it fired, does nothing', () => {
    const { sim, seen, note } = recording();
    const dropped = sim.at(ps(10), note, 1);
    const fired = sim.at(ps(11), note, 2);
    expect(sim.cancel(dropped)).toBe(true);
    expect(sim.cancel(dropped)).toBe(false);
    sim.run(ps(20));
    expect(seen).toEqual([2]);
    expect(sim.cancel(fired)).toBe(false);
  });

  test('an old ticket never hits a newer event, although its slot is used again', () => {
    const { sim, seen, note } = recording();
    const old: Ticket[] = [];
    for (let i = 0; i < 1000; i++) {
      for (const ticket of old) expect(sim.cancel(ticket)).toBe(false);
      const ticket = sim.after(ps(1), note, i);
      if (i % 3 === 0) sim.cancel(ticket);
      sim.run(ps(sim.now + 1));
      if (old.length < 20) old.push(ticket);
    }
    expect(seen.length).toBe(1000 - 334);
  });

  test('an event can cancel one that is due at the same instant', () => {
    const { sim, seen, note } = recording();
    let victim: Ticket;
    sim.at(
      ps(5),
      sim.handler(() => void sim.cancel(victim)),
    );
    victim = sim.at(ps(5), note, 1);
    sim.run(ps(10));
    expect(seen).toEqual([]);
  });

  test('timers that are always set anew do not pile up', () => {
    const sim = new Simulation();
    const expire = sim.handler(() => {
      throw new Error('never');
    });
    let timer = sim.after(ps(1e9), expire);
    for (let i = 0; i < 1e6; i++) {
      sim.cancel(timer);
      timer = sim.after(ps(1e9), expire);
    }
    expect(sim.capacity).toBeLessThan(256);
  });
});

describe('what is refused', () => {
  test.each([9, 10.5, Number.NaN, Infinity, 2 ** 53])('an event at %d when it is 10', (time) => {
    const { sim, note } = recording();
    sim.run(ps(10));
    expect(() => sim.at(time as never, note)).toThrow(SimulationError);
    expect(() => sim.at(time as never, note)).toThrow(/'note'/);
    expect(() => sim.after((time - 10) as never, note)).toThrow(SimulationError);
  });

  test('to run backwards, or from within a run', () => {
    const { sim } = recording();
    sim.run(ps(10));
    expect(() => sim.run(ps(9))).toThrow(SimulationError);
    expect(() => sim.run(Number.NaN as never)).toThrow(SimulationError);
    sim.at(
      ps(20),
      sim.handler(() => sim.run(ps(30))),
    );
    expect(() => sim.run(ps(25))).toThrow(/within a run/);
  });

  test('a loop at one instant, naming the handler', () => {
    const sim = new Simulation();
    const spin: Handler = sim.handler(() => void sim.after(ps(0), spin), 'host.vhost[0]');
    sim.at(ps(7), spin);
    expect(() => sim.run(ps(10))).toThrow(SimulationError);
    expect(sim.events).toBe(1e6);
    expect(() => sim.run(ps(10))).toThrow(/host\.vhost\[0\].*/);
  });

  test('a million events at one instant, but not one more', () => {
    const { sim, note } = recording();
    for (let i = 0; i < 1e6; i++) sim.at(ps(1), note);
    sim.run(ps(2));
    expect(sim.events).toBe(1e6);
  });

  test('more events than the budget allows, saying when and what to do', () => {
    const sim = new Simulation({ maxEvents: 1000 });
    const tick: Handler = sim.handler(() => void sim.after(ps(1e6), tick));
    sim.at(ps(0), tick);
    expect(() => sim.run(ps(1e12))).toThrow(BudgetError);
    expect(sim.events).toBe(1000);
    expect(() => sim.run(ps(1e12))).toThrow(/1000 events at 1000 us.*maxEvents/);
  });

  test('a budget that is not a number of events', () => {
    for (const maxEvents of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1]) {
      expect(() => new Simulation({ maxEvents })).toThrow(RangeError);
    }
  });

  test('more events pending than memory should hold', () => {
    const { sim, note } = recording();
    expect(() => {
      for (let i = 0; ; i++) sim.at(ps(i), note);
    }).toThrow(/more than 1048576 events pending/);
  });
});

test('memory depends on what is pending, not on how long the run is', () => {
  const sim = new Simulation();
  const seen: number[] = [];
  const tick: Handler = sim.handler(
    (i) => void sim.after(ps(1 + ((i * 7919) % 1000)), tick, (i * 31 + 7) % 1009),
  );
  for (let i = 0; i < 300; i++) sim.at(ps(i), tick, i);
  const measured: number[] = [];
  for (let part = 0; part < 10; part++) {
    const begin = sim.events;
    while (sim.events - begin < 1e6) sim.run(ps(sim.now + 1e5));
    measured.push(sim.capacity);
    seen.push(sim.events);
  }
  expect(sim.events).toBeGreaterThan(1e7);
  expect(new Set(measured).size).toBe(1);
  expect(measured[0]).toBeLessThanOrEqual(512);
});
