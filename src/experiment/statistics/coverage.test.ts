/**
 * A nominal 95 % interval covers the truth in 95 of 100 cases: a thousand experiments on queues whose answer is known, each evaluated as a
 * run is: random streams by seed and replication, percentiles from the histogram, Student's interval over replications. The queue itself
 * is Lindley's recursion, so that the thousand take seconds; the simulator's own queues are held against theory elsewhere.
 */
import { describe, expect, test } from 'vitest';
import { LatencyHistogram } from '../../accounting/histogram.ts';
import { type RandomStream, streams } from '../../kernel/random.ts';
import { interval } from './interval.ts';

const EXPERIMENTS = 1000;
const REPLICATIONS = 10;
/** A hundred beyond the 99th percentile: with forty, its estimate is skewed, and the interval of M/H2/1 covers it in 92 of 100. */
const CUSTOMERS = 10_000;
/** Left out, since the queue is empty at first; its relaxation takes some ten service times. */
const WARM_UP = 400;
/** Mean service time, ps. */
const SERVICE = 1e6;
const LOAD = 0.5;

interface Queue {
  readonly service: (random: RandomStream) => number;
  /** Of the time in the system, in service times: its mean, and the share of customers that stay longer than `t`. */
  readonly mean: number;
  readonly tail: (t: number) => number;
}

/** M/M/1: the time in the system is exponential with rate 1 − ρ. */
const MM1: Queue = {
  service: (random) => random.exponential(SERVICE),
  mean: 1 / (1 - LOAD),
  tail: (t) => Math.exp(-(1 - LOAD) * t),
};

/** Short and long services in turn of chance, with balanced means: squared variation 4. */
const P = (1 + Math.sqrt(3 / 5)) / 2;
const RATES = [2 * P, 2 * (1 - P)] as const;

/**
 * M/H2/1: the transform of the time in the system is rational with two poles, those of (s + a)(s + b) − λ(s + pa + qb − …); its tail is a sum
 * of two exponentials (Pollaczek and Khinchine's transform in partial fractions).
 */
const MH21 = ((): Queue => {
  const [a, b] = RATES;
  const q = 1 - P;
  // s − λ + λB(s) = s (s² + us + v) / ((s + a)(s + b)), B(s) = (ms + ab) / ((s + a)(s + b)).
  const u = a + b - LOAD;
  const v = a * b - LOAD * (a + b) + LOAD * (P * a + q * b);
  const m = P * a + q * b;
  const root = Math.sqrt(u * u - 4 * v);
  const poles = [(u - root) / 2, (u + root) / 2] as const;
  // T(s) = (1 − ρ)(ms + ab) / (s² + us + v), so the density is a sum of residues.
  const weight = (r: number, other: number): number => ((1 - LOAD) * (a * b - m * r)) / (other - r) / r;
  const weights = [weight(poles[0], poles[1]), weight(poles[1], poles[0])];
  const second = 2 * (P / a ** 2 + q / b ** 2);
  return {
    service: (random) => random.exponential(SERVICE / (random.bernoulli(P) ? a : b)),
    mean: 1 + (LOAD * second) / (2 * (1 - LOAD)),
    tail: (t) => weights[0] * Math.exp(-poles[0] * t) + weights[1] * Math.exp(-poles[1] * t),
  };
})();

/** Where the tail is 1 %, by bisection. */
const p99 = ({ tail }: Queue): number => {
  let [low, high] = [0, 1000];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (tail(middle) > 0.01) low = middle;
    else high = middle;
  }
  return low;
};

/** One replication: mean and p99 of the time in the system, in service times. */
const replication = ({ service }: Queue, seed: number, number: number): { mean: number; p99: number } => {
  const source = streams(seed, number);
  const arrivals = source.stream('arrivals');
  const services = source.stream('services');
  const latency = new LatencyHistogram();
  let backlog = 0;
  for (let i = 0; i < WARM_UP + CUSTOMERS; i++) {
    backlog = Math.max(0, backlog - arrivals.exponential(SERVICE / LOAD)) + service(services);
    if (i >= WARM_UP) latency.record(Math.round(backlog));
  }
  return { mean: latency.mean / SERVICE, p99: latency.quantile(0.99) / SERVICE };
};

describe.each([
  ['M/M/1', MM1],
  ['M/H2/1', MH21],
] as const)('%s', (_, queue) => {
  test('the truth is what theory says elsewhere', () => {
    expect(queue.tail(0)).toBeCloseTo(1, 10);
    let integral = 0;
    for (let t = 0; t < 400; t += 0.01) integral += queue.tail(t + 0.005) * 0.01;
    expect(integral).toBeCloseTo(queue.mean, 3);
  });

  test('an interval of 95 % covers mean and p99 in 93 to 97 of 100 experiments', () => {
    const truth = { mean: queue.mean, p99: p99(queue) };
    const covered = { mean: 0, p99: 0 };
    for (let seed = 1; seed <= EXPERIMENTS; seed++) {
      const runs = Array.from({ length: REPLICATIONS }, (_unused, i) => replication(queue, seed, i + 1));
      for (const figure of ['mean', 'p99'] as const) {
        const { low, high } = interval(runs.map((run) => run[figure]));
        if (low <= truth[figure] && truth[figure] <= high) covered[figure]++;
      }
    }
    for (const figure of ['mean', 'p99'] as const) {
      expect(covered[figure] / EXPERIMENTS, figure).toBeGreaterThanOrEqual(0.93);
      expect(covered[figure] / EXPERIMENTS, figure).toBeLessThanOrEqual(0.97);
    }
  }, 300_000);
});
