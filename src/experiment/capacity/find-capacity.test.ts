/** Where the answer is known, the interval covers it as often as it says, and the search ends wherever it begins. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LatencyHistogram } from '../../accounting/histogram.ts';
import { type RandomStream, streams } from '../../kernel/random.ts';
import type { Look, SearchOptions } from './capacity.ts';
import { findCapacity } from './find-capacity.ts';

const SERVICE = 1e6; // mean, ps
const CUSTOMERS = 5000;
const WARM_UP = 500;
const SEEDS = 120;
const OPTIONS: SearchOptions = { replications: 5, maxReplications: 20, precision: 0.015, confidence: 0.95 };

interface Station {
  readonly servers: number;
  /** Load of one server. */
  readonly load: number;
  readonly service: (random: RandomStream) => number;
}

/** Times in the system of one replication (Kiefer and Wolfowitz's recursion over c servers), ps. */
const simulate = (
  { servers, load, service }: Station,
  seed: number,
  replication: number,
): LatencyHistogram => {
  const source = streams(seed, replication);
  const arrivals = source.stream('arrivals');
  const services = source.stream('services');
  const latency = new LatencyHistogram();
  const work = new Array<number>(servers).fill(0);
  for (let i = 0; i < WARM_UP + CUSTOMERS; i++) {
    const gap = arrivals.exponential(SERVICE / (load * servers));
    let least = 0;
    for (let s = 0; s < servers; s++) {
      work[s] = Math.max(0, work[s] - gap);
      if (work[s] < work[least]) least = s;
    }
    work[least] += service(services);
    if (i >= WARM_UP) latency.record(Math.round(work[least]));
  }
  return latency;
};

/** Looks at stations made from the searched value. @param allowed in service times */
const lookAt =
  (
    station: (value: number) => Station,
    figure: (latency: LatencyHistogram) => number,
    allowed: number,
    seed: number,
  ): Look =>
  async (value, replications) => ({
    findings: [
      {
        requirement: 'latency',
        owner: '',
        margins: Array.from(
          { length: replications },
          (_, i) => figure(simulate(station(value), seed, i + 1)) / (allowed * SERVICE),
        ),
      },
    ],
    saturated: null,
  });

const exponential = (random: RandomStream): number => random.exponential(SERVICE);
const fixed = (): number => SERVICE;
const p99 = (latency: LatencyHistogram): number => latency.quantile(0.99);
const mean = (latency: LatencyHistogram): number => latency.mean;

/** Three standard errors of a share of {@link SEEDS}. */
const NOISE = 3 * Math.sqrt((0.95 * 0.05) / SEEDS);

describe('a load that may be any number: the interval covers the truth in 95 of 100 searches', () => {
  const alone =
    (service: Station['service']) =>
    (load: number): Station => ({ servers: 1, load, service });
  const three = (load: number): Station => ({ servers: 3, load, service: exponential });
  /** Erlang's C formula for three servers, and the mean time in the system, in service times. */
  const meanOfThree = (load: number): number => {
    const a = 3 * load;
    const top = (a ** 3 / 6) * (1 / (1 - load));
    return 1 + top / (1 + a + a ** 2 / 2 + top) / (3 * (1 - load));
  };
  test.each([
    // The time in an M/M/1 is exponential: p99 = ln 100 / (1 − ρ).
    ['M/M/1, p99', alone(exponential), p99, 0.6, Math.log(100) / (1 - 0.6)],
    // Pollaczek and Khinchine: 1 + ρ / (2 (1 − ρ)).
    ['M/D/1, mean', alone(fixed), mean, 0.7, 1 + 0.7 / (2 * (1 - 0.7))],
    ['M/M/3, mean', three, mean, 0.7, meanOfThree(0.7)],
  ] as const)(
    '%s',
    async (_, station, figure, truth, allowed) => {
      let covered = 0;
      let widths = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        const look = lookAt(station, figure, allowed, seed);
        const found = await findCapacity({ low: 0.1, high: 0.95, whole: false }, look, OPTIONS);
        expect(found.kind).toBe('load');
        if (found.low <= truth && truth <= found.high) covered++;
        widths += (found.high - found.low) / 2 / truth / SEEDS;
      }
      expect(covered / SEEDS).toBeGreaterThanOrEqual(0.95 - NOISE);
      // What covers because it is wide says nothing.
      expect(widths).toBeLessThan(0.06);
    },
    300_000,
  );
});

describe('a number of servers', () => {
  /** Mean wait of an M/M/c by Erlang's C formula, in service times. */
  const wait = (servers: number, offered: number): number => {
    let blocking = 1;
    for (let k = 1; k <= servers; k++) blocking = (offered * blocking) / (k + offered * blocking);
    const load = offered / servers;
    return blocking / (1 - load * (1 - blocking)) / (servers - offered);
  };

  test('is the smallest that holds, and the interval covers it at least in 95 of 100 searches', async () => {
    const offered = 4.2;
    const allowed = 1.06;
    const truth = [5, 6, 7, 8, 9].find((c) => 1 + wait(c, offered) <= allowed);
    expect(truth).toBe(7);
    const seeds = 100;
    let covered = 0;
    let right = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const station = (servers: number): Station => ({
        servers,
        load: offered / servers,
        service: exponential,
      });
      const look = lookAt(station, mean, allowed, seed);
      const found = await findCapacity({ low: 5, high: 16, whole: true }, look, OPTIONS);
      expect(found.kind).toBe('resource');
      if (found.low <= 7 && 7 <= found.high) covered++;
      if (found.value === 7) right++;
    }
    expect(covered / seeds).toBeGreaterThanOrEqual(0.95 - 3 * Math.sqrt((0.95 * 0.05) / seeds));
    expect(right / seeds).toBeGreaterThan(0.5);
  }, 300_000);
});

describe('of figures without noise', () => {
  const exact =
    (margin: (value: number) => number): Look =>
    async (value, replications) => ({
      findings: [{ requirement: 'r', owner: '', margins: Array<number>(replications).fill(margin(value)) }],
      saturated: null,
    });

  test('a whole number is found, from either side', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 2, max: 400 }),
        fc.boolean(),
        async (k, span, load) => {
          const scale = { low: 1, high: 1 + span, whole: true };
          const margin = (value: number): number => (load ? value / (k + 0.5) : (k + 0.5) / value);
          const found = await findCapacity(scale, exact(margin), OPTIONS);
          const best = load ? k : k + 1;
          const inside = load ? k < scale.high : k >= scale.low && best <= scale.high;
          if (!inside) expect(found.beyond).toBe(load ? 'all' : 'none');
          else
            expect([found.kind, found.value, found.low, found.high]).toEqual([
              load ? 'load' : 'resource',
              best,
              best,
              best,
            ]);
        },
      ),
    );
  });

  test('any number is found to the wanted precision', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 1.1, max: 9e5, noNaN: true }), fc.boolean(), async (truth, load) => {
        const scale = { low: 1, high: 1e6, whole: false };
        const margin = (value: number): number => (load ? value / truth : truth / value) ** 3;
        const { value } = await findCapacity(scale, exact(margin), OPTIONS);
        expect(Math.abs((value as number) / truth - 1)).toBeLessThan(OPTIONS.precision);
      }),
    );
  });

  test('a point that saturates holds nothing, whatever its figures say', async () => {
    const look: Look = async (value, replications) => ({
      findings: [{ requirement: 'r', owner: '', margins: Array<number>(replications).fill(0.1) }],
      saturated: value > 12 ? 'core0: vhost' : null,
    });
    const found = await findCapacity({ low: 1, high: 20, whole: true }, look, OPTIONS);
    expect([found.value, found.low, found.high]).toEqual([12, 12, 12]);
  });

  test('nothing is claimed beyond the values that were asked about', async () => {
    const all = await findCapacity(
      { low: 1, high: 4, whole: true },
      exact((v) => v / 100),
      OPTIONS,
    );
    expect(all).toMatchObject({ value: null, beyond: 'all', kind: null, fails: null, low: 1, high: 4 });
    const none = await findCapacity(
      { low: 1, high: 4, whole: true },
      exact((v) => v * 100),
      OPTIONS,
    );
    expect(none).toMatchObject({ value: null, beyond: 'none', holds: null, fails: 1 });
  });
});

test('replications are spent where the decision is close', async () => {
  const look = lookAt((load) => ({ servers: 1, load, service: exponential }), p99, Math.log(100) / 0.4, 7);
  const { looks, value } = await findCapacity({ low: 0.1, high: 0.95, whole: false }, look, OPTIONS);
  const far = looks.filter(({ value: at }) => Math.abs(at / (value as number) - 1) > 0.4);
  const near = looks.filter(({ value: at }) => Math.abs(at / (value as number) - 1) < 0.05);
  expect(far.every(({ replications }) => replications === OPTIONS.replications)).toBe(true);
  expect(near.some(({ replications }) => replications > OPTIONS.replications)).toBe(true);
});
