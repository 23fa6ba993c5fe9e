import { describe, expect, test } from 'vitest';
import { RandomStream, streams } from './random.ts';

const N = 200_000;
const draws = (n: number, draw: () => number): Float64Array => Float64Array.from({ length: n }, draw);
const mean = (values: Float64Array): number => values.reduce((sum, x) => sum + x, 0) / values.length;
const moment = (values: Float64Array, k: number): number => mean(values.map((x) => x ** k));

/** Kolmogorov-Smirnov statistic times sqrt(n): above 1.95 once in a thousand if the distribution is right. */
const ks = (values: Float64Array, distribution: (x: number) => number): number => {
  const n = values.length;
  return (
    Math.sqrt(n) *
    values
      .slice()
      .sort()
      .reduce((worst, x, i) => Math.max(worst, (i + 1) / n - distribution(x), distribution(x) - i / n), 0)
  );
};

/** Normal distribution function by its power series, exact enough for |x| < 6. */
const normalDistribution = (x: number): number => {
  let term = x;
  let sum = x;
  for (let k = 3; Math.abs(term) > 1e-17; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);
};

test('the generator is sfc32 as published, here once more in big integers', () => {
  const MASK = 0xffffffffn;
  let [a, b, c, counter] = [0xdeadbeefn, 0x12345678n, 0x9abcdef0n, 1n];
  const next = (): number => {
    const sum = (a + b + counter) & MASK;
    counter = (counter + 1n) & MASK;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & MASK;
    c = (((c << 21n) | (c >> 11n)) + sum) & MASK;
    return Number(sum);
  };
  for (let i = 0; i < 15; i++) next();
  const stream = new RandomStream(0xdeadbeef, 0x12345678, 0x9abcdef0);
  for (let i = 0; i < 1000; i++) expect(stream.uint32()).toBe(next());
});

describe('streams', () => {
  test('the numbers depend on seed, replication and name, and on nothing else', () => {
    const first = (seed: number, replication: number, name: string): number =>
      streams(seed, replication).stream(name).uint32();
    expect(first(1, 0, 'arrivals')).toBe(first(1, 0, 'arrivals'));
    const several = streams(1, 0);
    several.stream('another').uint32();
    expect(several.stream('arrivals').uint32()).toBe(first(1, 0, 'arrivals'));
    const others = [
      first(2, 0, 'arrivals'),
      first(1, 1, 'arrivals'),
      first(0, 1, 'arrivals'),
      first(1, 0, 'arrival'),
    ];
    expect(new Set([first(1, 0, 'arrivals'), ...others]).size).toBe(5);
    expect(first(2 ** 32, 0, 'a')).not.toBe(first(0, 0, 'a'));
  });

  test('neighbouring seeds, replications and names are unrelated', () => {
    const firsts = (make: (i: number) => RandomStream): Float64Array =>
      draws(
        20_000,
        (() => {
          let i = 0;
          return () => make(i++).uniform();
        })(),
      );
    for (const values of [
      firsts((i) => streams(i, 0).stream('x')),
      firsts((i) => streams(1, i).stream('x')),
      firsts((i) => streams(1, 0).stream(`vm[${i}]`)),
    ]) {
      expect(ks(values, (x) => x)).toBeLessThan(1.95);
      const lag = mean(values.slice(1).map((x, i) => (x - 0.5) * (values[i]! - 0.5))) * 12;
      expect(Math.abs(lag)).toBeLessThan(4 / Math.sqrt(values.length));
    }
  });

  test('two names are uncorrelated', () => {
    const one = streams(1, 0).stream('one');
    const two = streams(1, 0).stream('two');
    const correlation = 12 * mean(draws(N, () => (one.uniform() - 0.5) * (two.uniform() - 0.5)));
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(N));
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('%s is no seed', (seed) => {
    expect(() => streams(seed, 0).stream('x')).toThrow(RangeError);
  });

  test('the bytes are fixed: a change here changes every result', () => {
    const stream = streams(1, 0).stream('fingerprint');
    expect([
      stream.uint32(),
      stream.uniform(),
      stream.exponential(1),
      stream.normal(0, 1),
      stream.lognormal(1, 1),
      stream.integer(6),
    ]).toMatchInlineSnapshot(`
      [
        3905284396,
        0.8621037000661975,
        3.4428934466465018,
        0.3517495291675258,
        5.1732617405250245,
        3,
      ]
    `);
  });
});

describe('variates', () => {
  const stream = (name: string): RandomStream => streams(1, 0).stream(name);

  test('uniform', () => {
    const random = stream('uniform');
    const values = draws(N, () => random.uniform());
    expect(ks(values, (x) => x)).toBeLessThan(1.95);
    expect(Math.min(...values.slice(0, 1000))).toBeGreaterThanOrEqual(0);
  });

  test('exponential: distribution, moments and tail', () => {
    const random = stream('exponential');
    const values = draws(N, () => random.exponential(3));
    expect(ks(values, (x) => 1 - Math.exp(-x / 3))).toBeLessThan(1.95);
    expect(Math.abs(mean(values) / 3 - 1)).toBeLessThan(4 / Math.sqrt(N));
    expect(Math.abs(moment(values, 2) / 18 - 1)).toBeLessThan(4 * Math.sqrt(5 / N));
    // What lies beyond the layers, 1 in 2,200, is drawn by code of its own.
    const tail = draws(4e6, () => random.exponential(1))
      .filter((x) => x > 8)
      .map((x) => x - 8);
    const expected = 4e6 * Math.exp(-8);
    expect(Math.abs(tail.length - expected)).toBeLessThan(4 * Math.sqrt(expected));
    expect(ks(tail, (x) => 1 - Math.exp(-x))).toBeLessThan(1.95);
  });

  test('normal: distribution, moments and both tails', () => {
    const random = stream('normal');
    const values = draws(N, () => random.normal(0, 1));
    expect(ks(values, normalDistribution)).toBeLessThan(1.95);
    expect(Math.abs(mean(values))).toBeLessThan(4 / Math.sqrt(N));
    expect(Math.abs(moment(values, 2) - 1)).toBeLessThan(4 * Math.sqrt(2 / N));
    expect(Math.abs(moment(values, 4) - 3)).toBeLessThan(4 * Math.sqrt(96 / N));
    expect(Math.abs(mean(draws(N, () => random.normal(10, 2))) - 10)).toBeLessThan((4 * 2) / Math.sqrt(N));
    const edge = 3.7;
    const beyond = 1 - normalDistribution(edge);
    const many = draws(4e6, () => random.normal(0, 1));
    for (const tail of [many.filter((x) => x > edge), many.filter((x) => x < -edge).map((x) => -x)]) {
      expect(Math.abs(tail.length - 4e6 * beyond)).toBeLessThan(4 * Math.sqrt(4e6 * beyond));
      expect(ks(tail, (x) => 1 - (1 - normalDistribution(x)) / beyond)).toBeLessThan(1.95);
    }
  });

  test('lognormal: half are below the median, and the logarithm is normal', () => {
    const random = stream('lognormal');
    const values = draws(N, () => random.lognormal(5, 0.7));
    expect(ks(values, (x) => normalDistribution(Math.log(x / 5) / 0.7))).toBeLessThan(1.95);
  });

  test.each([1, 2, 6, 100, 2 ** 31 + 1, 2 ** 32, 7.8125e9, 2 ** 53])(
    'integer below %i: in range, and each share alike',
    (n) => {
      const random = stream('integer');
      const values = draws(N, () => random.integer(n));
      expect(values.every((x) => Number.isInteger(x) && x >= 0 && x < n)).toBe(true);
      const bins = Math.min(n, 50);
      const counts = new Float64Array(bins);
      for (const x of values) counts[Math.floor((x * bins) / n)]!++;
      const chiSquare = counts.reduce((sum, count) => sum + (count - N / bins) ** 2 / (N / bins), 0);
      expect(chiSquare).toBeLessThan(bins - 1 + 4 * Math.sqrt(2 * bins));
    },
  );

  test('bernoulli', () => {
    const random = stream('bernoulli');
    const share = mean(draws(N, () => +random.bernoulli(0.1)));
    expect(Math.abs(share - 0.1)).toBeLessThan(4 * Math.sqrt(0.09 / N));
    expect(random.bernoulli(0)).toBe(false);
    expect(random.bernoulli(1)).toBe(true);
  });
});
