/** The kernel's own stations against the textbook: Poisson arrivals, service by distribution, mean time in the system. */
import { interval } from '../experiment/statistics/interval.ts';
import { log } from '../kernel/elementary.ts';
import { type RandomStream, streams } from '../kernel/random.ts';
import { Simulation } from '../kernel/simulation.ts';
import { Station } from '../kernel/station.ts';
import { inNanoseconds, type Picoseconds, ps, us } from '../units.ts';
import { meanSojourn, type Queue, queueName } from './formulas.ts';
import { errorOf, type ValidationRow } from './rows.ts';

/** Mean service; only its ratio to the gaps matters. */
const SERVICE = us(1);
const REPLICATIONS = 10;
const SEED = 1;
/** Arrivals of a replication, and those before measuring begins. */
const ARRIVALS = 60_000;
const WARM_UP = 10_000;
/** Relative; chosen before looking: four standard errors at the heaviest load here. */
const TOLERANCE = 0.03;

const queue = (model: Queue['model'], load: number, more: Partial<Queue> = {}): Queue => ({
  model,
  arrivals: load * (more.servers ?? 1),
  service: 1,
  ...more,
});

const QUEUES: readonly Queue[] = [
  queue('M/M/1', 0.5),
  queue('M/M/1', 0.8),
  queue('M/M/c', 0.5, { servers: 2 }),
  queue('M/M/c', 0.8, { servers: 4 }),
  queue('M/M/c', 0.8, { servers: 16 }),
  queue('M/D/1', 0.8),
  queue('M/G/1', 0.7, { variation: 0.5 }),
  queue('M/G/1', 0.7, { variation: 1.5 }),
];

const draw = (stream: RandomStream, { model, variation = 1 }: Queue): Picoseconds => {
  if (model === 'M/D/1') return SERVICE;
  if (model !== 'M/G/1') return ps(stream.exponential(SERVICE));
  const spread = 1 + variation * variation;
  return ps(stream.lognormal(SERVICE / Math.sqrt(spread), Math.sqrt(log(spread))));
};

interface Measures {
  /** ps. */
  readonly sojourn: number;
  readonly inSystem: number;
  /** Completions per ps. */
  readonly carried: number;
}

/** One replication. The station checks Little's and the utilisation law to the picosecond. @throws SimulationError */
const replicate = (queue: Queue, replication: number): Measures => {
  const sim = new Simulation();
  const random = streams(SEED, replication);
  const [gaps, services] = ['arrivals', 'service'].map((what) =>
    random.stream(`${queueName(queue)} ${what}`),
  );
  const station = new Station(sim, 'station', { servers: queue.servers ?? 1 });
  const done = sim.handler(() => undefined);
  const gap = SERVICE / queue.arrivals;
  const arrive = sim.handler(() => {
    station.arrive(draw(services, queue), done);
    sim.after(ps(gaps.exponential(gap)), arrive);
  });
  sim.at(ps(0), arrive);
  sim.run(ps(WARM_UP * gap));
  const begin = station.snapshot();
  sim.run(ps((WARM_UP + ARRIVALS) * gap));
  station.check();
  const end = station.snapshot();
  return {
    sojourn: station.meanSojourn(begin),
    inSystem: station.meanInSystem(begin),
    carried: (end.completions - begin.completions) / (end.time - begin.time),
  };
};

const rowOf = (
  figure: string,
  unit: string,
  { simulated, expected, without }: { simulated: readonly number[]; expected: number; without: number },
): ValidationRow => {
  const { mean, low, high } = interval(simulated);
  const error = errorOf(mean, expected, expected);
  return {
    scenario: 'stations',
    datapath: '',
    swept: {},
    kind: 'theory',
    figure,
    unit,
    ...{ simulated: mean, ci_low: low, ci_high: high },
    ...{ reference_low: expected, reference_high: expected, error },
    ...{ without, without_error: errorOf(without, expected, expected) },
    judgement: Math.abs(error ?? 1) <= TOLERANCE ? 'held' : 'failed',
    rows: '',
    source: 'L. Kleinrock, Queueing Systems I, 1975; J. D. C. Little, Operations Research 9(3), 1961',
    remark:
      'W: time in the system; L: customers in it, beside λW (Little). Without waiting: the service alone',
  };
};

/** Mean time in the system of each queue; and Little's law, whose two sides are measured apart. */
export const stationRows = (): ValidationRow[] =>
  QUEUES.flatMap((queue) => {
    const runs = Array.from({ length: REPLICATIONS }, (_, i) => replicate(queue, i + 1));
    const sojourn = rowOf(`${queueName(queue)}: W`, 'ns', {
      simulated: runs.map(({ sojourn: time }) => inNanoseconds(time as Picoseconds)),
      expected: meanSojourn(queue) * inNanoseconds(SERVICE),
      without: inNanoseconds(SERVICE),
    });
    if (queue.model !== 'M/M/c') return [sojourn];
    const little = rowOf(`${queueName(queue)}: L`, 'customers', {
      simulated: runs.map(({ inSystem }) => inSystem),
      expected: interval(runs.map(({ carried, sojourn: time }) => carried * time)).mean,
      without: queue.arrivals,
    });
    return [sojourn, little];
  });
