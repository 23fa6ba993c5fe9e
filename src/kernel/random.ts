/** Named streams of random numbers, one per component and variate, so that adding a component shifts nobody's numbers. */
import { exp } from './elementary.ts';
import { EXPONENTIAL, NORMAL } from './ziggurat.ts';

/** One stream: the sfc32 generator (Doty-Humphrey's "small fast counting"; period at least 2^32) and its variates. */
export class RandomStream {
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 1;

  /** Three 32-bit words of state; `streams` derives them. */
  constructor(a: number, b: number, c: number) {
    this.a = a | 0;
    this.b = b | 0;
    this.c = c | 0;
    for (let i = 0; i < 15; i++) this.next(); // mixes the seed into all words
  }

  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number {
    return this.next() >>> 0;
  }

  /** A multiple of 2^-53 in [0, 1), from two draws. */
  uniform(): number {
    const high = this.next() >>> 5;
    const low = this.next() >>> 6;
    return (high * 2 ** 26 + low) * 2 ** -53;
  }

  /** A whole number from 0 to n - 1, without bias; `n` from 1 to 2^53. */
  integer(n: number): number {
    if (n > 2 ** 32) return this.largeInteger(n);
    const fair = 2 ** 32 - (2 ** 32 % n);
    let draw = this.uint32();
    while (draw >= fair) draw = this.uint32();
    return draw % n;
  }

  private largeInteger(n: number): number {
    const fair = 2 ** 53 - (2 ** 53 % n);
    let draw = this.uniform() * 2 ** 53;
    while (draw >= fair) draw = this.uniform() * 2 ** 53;
    return draw % n;
  }

  /** True with probability `p`. */
  bernoulli(p: number): boolean {
    return this.uniform() < p;
  }

  /** Exponential with the given mean, in its unit; 24 bits of resolution within each of 256 layers. */
  exponential(mean: number): number {
    const { scale, core, height, tail } = EXPONENTIAL;
    let start = 0;
    for (;;) {
      const draw = this.next();
      const layer = draw & 255;
      const x = (draw >>> 8) * scale[layer]!;
      if (x < core[layer]!) return mean * (start + x);
      if (layer === 0)
        start += tail; // what lies beyond is the same distribution again
      else if (between(height, layer, this.uniform()) < exp(-x)) return mean * (start + x);
    }
  }

  /** Normal with the given mean and standard deviation; 24 bits of resolution within each of 256 layers. */
  normal(mean: number, sd: number): number {
    const { scale, core, height } = NORMAL;
    for (;;) {
      const draw = this.next();
      const layer = draw & 255;
      const x = ((draw >> 8) + 0.5) * scale[layer]!;
      if (Math.abs(x) < core[layer]!) return mean + sd * x;
      if (layer === 0) return mean + sd * this.normalTail(x < 0);
      if (between(height, layer, this.uniform()) < exp(-0.5 * x * x)) return mean + sd * x;
    }
  }

  /** The exponential of a normal: half of the values are below `median`; `sigma` is the standard deviation of the logarithm. */
  lognormal(median: number, sigma: number): number {
    return median * exp(this.normal(0, sigma));
  }

  /** Beyond the last layer, from two exponentials (Marsaglia 1964). */
  private normalTail(negative: boolean): number {
    for (;;) {
      const x = this.exponential(1 / NORMAL.tail);
      if (2 * this.exponential(1) >= x * x) return negative ? -NORMAL.tail - x : NORMAL.tail + x;
    }
  }

  private next(): number {
    const { b, c } = this;
    const sum = (this.a + b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = b ^ (b >>> 9);
    this.b = (c + (c << 3)) | 0;
    this.c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum;
  }
}

const between = (height: Float64Array, layer: number, share: number): number =>
  height[layer]! + share * (height[layer + 1]! - height[layer]!);

/** Hands out the streams of one trial by name. Two streams of the same name are the same numbers. */
export interface Streams {
  stream(name: string): RandomStream;
}

/** The streams of one replication: `seed` and `replication` are whole numbers from 0 to 2^53 - 1. */
export const streams = (seed: number, replication: number): Streams => ({
  stream: (name) => {
    const key = [...words(seed), ...words(replication), name.length];
    for (let i = 0; i < name.length; i++) key.push(name.charCodeAt(i));
    return new RandomStream(hash(key, 0x9e3779b9), hash(key, 0x7f4a7c15), hash(key, 0x2545f491));
  },
});

const words = (value: number): number[] => {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`${value} is no seed: whole numbers from 0 to 2^53 - 1`);
  return [value | 0, Math.floor(value / 2 ** 32)];
};

/** Folds the key into 32 bits; each step is a bijection that avalanches (the finaliser of MurmurHash3). */
const hash = (key: readonly number[], start: number): number => {
  let h = start;
  for (const word of key) {
    h ^= word;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h = (h ^ (h >>> 16)) + start;
  }
  return h | 0;
};
