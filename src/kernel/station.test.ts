import { describe, expect, test } from 'vitest';
import { ns, type Picoseconds, ps } from '../units.ts';
import { type RandomStream, streams } from './random.ts';
import { type Handler, Simulation, SimulationError } from './simulation.ts';
import { Station, type StationOptions } from './station.ts';

const setUp = (options: StationOptions = {}) => {
  const sim = new Simulation();
  const station = new Station(sim, 'disk', options);
  const left: [number, number][] = [];
  const done = sim.handler((customer) => void left.push([customer, sim.now]));
  return { sim, station, left, done };
};

describe('service', () => {
  test('customers are served one after the other, in order of arrival', () => {
    const { sim, station, left, done } = setUp();
    for (const [i, time] of [0, 5, 30].entries())
      sim.at(
        ps(time),
        sim.handler(() => void station.arrive(ps(10), done, i)),
      );
    sim.run(ps(100));
    expect(left).toEqual([
      [0, 10],
      [1, 20],
      [2, 40],
    ]);
  });

  test('several servers work in parallel, and the first that is free takes the next customer', () => {
    const { sim, station, left, done } = setUp({ servers: 2 });
    for (const [i, service] of [10, 25, 5, 5].entries()) station.arrive(ps(service), done, i);
    expect([station.inSystem, station.waiting]).toEqual([4, 2]);
    sim.run(ps(100));
    expect(left).toEqual([
      [0, 10],
      [2, 15],
      [3, 20],
      [1, 25],
    ]);
    expect(station.inSystem).toBe(0);
  });

  test('one event per completion, and none besides', () => {
    const { sim, station, done } = setUp();
    for (let i = 0; i < 50; i++) station.arrive(ps(10), done, i);
    sim.run(ps(1000));
    expect(sim.events).toBe(50);
  });

  test('a full line refuses; room 0 is a station without a line', () => {
    const { sim, station, left, done } = setUp({ room: 1 });
    expect([0, 1, 2].map((i) => station.arrive(ps(10), done, i))).toEqual([true, true, false]);
    const loss = new Station(sim, 'loss', { room: 0 });
    expect([0, 1].map((i) => loss.arrive(ps(10), done, i))).toEqual([true, false]);
    sim.run(ps(100));
    expect(left.length).toBe(3);
    const { arrivals, refused, completions } = station.snapshot();
    expect([arrivals, refused, completions]).toEqual([2, 1, 2]);
    station.check();
  });

  test('a customer who returns at once queues behind those who wait', () => {
    const { sim, station } = setUp();
    const order: number[] = [];
    const done: Handler = sim.handler((i) => {
      order.push(i);
      if (order.length < 6) station.arrive(ps(10), done, i);
    });
    for (let i = 0; i < 3; i++) station.arrive(ps(10), done, i);
    sim.run(ps(1000));
    expect(order.slice(0, 6)).toEqual([0, 1, 2, 0, 1, 2]);
    station.check();
  });

  test.each([{ servers: 0 }, { servers: 1.5 }, { room: -1 }, { room: 0.5 }])(
    '%j is no station',
    (options) => {
      expect(() => setUp(options)).toThrow(RangeError);
    },
  );
});

describe('measures', () => {
  test('add up by hand', () => {
    const { sim, station, done } = setUp();
    sim.run(ps(100));
    const warm = station.snapshot();
    for (let i = 0; i < 3; i++) station.arrive(ps(10), done, i);
    sim.run(ps(125));
    // In 25 ps: 3 in the system for 10, 2 for 10, 1 for 5. Two have left, after 10 and 20; the third is half done.
    expect(station.meanInSystem(warm)).toBe((30 + 20 + 5) / 25);
    expect(station.utilisation(warm)).toBe(1);
    expect(station.meanSojourn(warm)).toBe(15);
    sim.run(ps(150));
    expect(station.utilisation(warm)).toBe(30 / 50);
    expect(station.meanSojourn(warm)).toBe(20);
    station.check();
  });

  test('the laws hold to the picosecond, with customers still inside, also where totals pass 2^53', () => {
    const { sim, station, done } = setUp({ servers: 3 });
    const random = streams(1, 0).stream('x');
    const arrive: Handler = sim.handler(() => {
      station.arrive(ps(random.exponential(3e12)), done);
      sim.after(ps(random.exponential(0.9e12)), arrive);
    });
    sim.at(ps(0), arrive);
    for (let k = 1; k <= 50; k++) {
      sim.run(ps(k * 1e14 + k));
      station.check();
    }
    expect(station.inSystem).toBeGreaterThan(100); // overloaded on purpose
    expect(station.snapshot().area.value).toBeGreaterThan(2 ** 53);
  });

  test('a broken law is reported with the name of the station', () => {
    const { sim, station, done } = setUp();
    station.arrive(ps(10), done);
    sim.run(ps(5));
    (station as unknown as { area: { add(n: number): void } }).area.add(1);
    expect(() => station.check()).toThrow(SimulationError);
    expect(() => station.check()).toThrow(/'disk' breaks Little's law at 5 ps/);
  });
});

/** Mean wait before service, Pollaczek-Khinchine: `scv` is the squared coefficient of variation of the service time. */
const pollaczekKhinchine = (service: number, load: number, scv: number): number =>
  (load * service * (1 + scv)) / (2 * (1 - load));

/** Mean wait in M/M/c, by Erlang's C formula, from his B by recursion. */
const erlangWait = (service: number, load: number, servers: number): number => {
  const offered = load * servers;
  let b = 1;
  for (let k = 1; k <= servers; k++) b = (offered * b) / (k + offered * b);
  const c = b / (1 - load * (1 - b));
  return (c * service) / (servers * (1 - load));
};

interface Queue {
  servers: number;
  load: number;
  service: (random: RandomStream) => Picoseconds;
}

const SERVICE = ns(1000);

/** Mean wait and utilisation over 40,000 arrivals after a warm-up of 4,000. */
const simulate = (seed: number, { servers, load, service }: Queue): { wait: number; utilisation: number } => {
  const sim = new Simulation();
  const station = new Station(sim, 'queue', { servers });
  const arrivals = streams(seed, 0).stream('arrivals');
  const services = streams(seed, 0).stream('services');
  const gap = SERVICE / (load * servers);
  const done = sim.handler(() => {});
  const arrive: Handler = sim.handler(() => {
    station.arrive(service(services), done);
    sim.after(ps(arrivals.exponential(gap)), arrive);
  });
  sim.at(ps(0), arrive);
  sim.run(ps(4_000 * gap));
  const warm = station.snapshot();
  sim.run(ps(44_000 * gap));
  station.check();
  // Less the service that these customers happened to get, which is most of the noise.
  const { busy, completions } = station.snapshot();
  const meanService = busy.since(warm.busy) / (completions - warm.completions);
  return { wait: station.meanSojourn(warm) - meanService, utilisation: station.utilisation(warm) };
};

const expectUnbiasedAndPrecise = (values: number[], predicted: number, precision: number): void => {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1);
  const standardError = Math.sqrt(variance / values.length);
  expect(Math.abs(mean - predicted)).toBeLessThan(4 * standardError);
  expect(standardError / predicted).toBeLessThan(precision);
};

const exponential = (random: RandomStream): Picoseconds => ps(random.exponential(SERVICE));
const SIGMA = 0.8;
const lognormal = (random: RandomStream): Picoseconds =>
  ps(random.lognormal(SERVICE * Math.exp(-(SIGMA ** 2) / 2), SIGMA));

describe.each([0.3, 0.6, 0.8])('theory, at load %f', (load) => {
  test.each<[string, Queue, number]>([
    ['M/M/1', { servers: 1, load, service: exponential }, pollaczekKhinchine(SERVICE, load, 1)],
    ['M/D/1', { servers: 1, load, service: () => SERVICE }, pollaczekKhinchine(SERVICE, load, 0)],
    [
      'M/G/1',
      { servers: 1, load, service: lognormal },
      pollaczekKhinchine(SERVICE, load, Math.exp(SIGMA ** 2) - 1),
    ],
    ['M/M/2', { servers: 2, load, service: exponential }, erlangWait(SERVICE, load, 2)],
    ['M/M/5', { servers: 5, load, service: exponential }, erlangWait(SERVICE, load, 5)],
  ])('%s waits as long as it should', (_, queue, predicted) => {
    const runs = Array.from({ length: 10 }, (_, seed) => simulate(seed + 1, queue));
    expectUnbiasedAndPrecise(
      runs.map(({ wait }) => wait),
      predicted,
      0.05,
    );
    expectUnbiasedAndPrecise(
      runs.map(({ utilisation }) => utilisation),
      load,
      0.005,
    );
  });
});

test('erlangWait is Pollaczek-Khinchine where both apply', () => {
  expect(erlangWait(SERVICE, 0.6, 1)).toBeCloseTo(pollaczekKhinchine(SERVICE, 0.6, 1), 3);
});
