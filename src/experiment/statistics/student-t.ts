/** Quantiles of Student's t: how many standard errors an interval over few replications must reach. */
import { bisect } from './bisect.ts';
import { normalQuantile } from './normal-quantile.ts';

/** Above this many degrees of freedom the expansion in 1/df is as good as the integral. */
const MANY = 1000;
/** Far more than the continued fraction takes below that: about the square root of df. */
const TERMS = 1000;

/**
 * The t that Student's variable with `df` degrees of freedom (a whole number ≥ 1, or Infinity) stays below
 * with probability `p`, 0 < p < 1; else RangeError. Relative error below 1e-9 for 1e-6 ≤ p ≤ 1 - 1e-6. Made of
 * + - × / and square roots alone, so that intervals have the same bytes on every Node.
 */
export function studentTQuantile(p: number, df: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`a probability must lie between 0 and 1, not ${p}`);
  if (df !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(df) && df >= 1)) {
    throw new RangeError(`degrees of freedom must be a whole number from 1, not ${df}`);
  }
  if (p < 0.5) return -studentTQuantile(1 - p, df);
  if (df > MANY) return cornishFisher(normalQuantile(p), df);
  const norm = betaWithHalf(df);
  const belowTail = (t: number): number => -upperTail(t, df, norm);
  let high = 1;
  while (belowTail(high) < p - 1) high *= 2;
  return bisect(belowTail, p - 1, 0, high);
}

/** P(T > t) for t ≥ 0: half of I_x(df/2, 1/2) at x = df / (df + t²) (Abramowitz & Stegun 26.7.1, 26.5.27). */
function upperTail(t: number, df: number, norm: number): number {
  const x = df / (df + t * t);
  const rest = (t * t) / (df + t * t);
  const front = (wholePower(Math.sqrt(x), df) * Math.sqrt(rest)) / norm;
  // The fraction converges fast below the mean of the beta distribution; above it, its mirror image does.
  if (x < (df + 2) / (df + 5)) return (front * betaFraction(x, df / 2, 0.5)) / df;
  return 0.5 - front * betaFraction(rest, 0.5, df / 2);
}

/** The continued fraction of the incomplete beta function (A&S 26.5.8), by the modified Lentz method. */
function betaFraction(x: number, a: number, b: number): number {
  let fraction = 1;
  let c = 1;
  let d = 0;
  for (let m = 0; m < TERMS; m++) {
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const before = fraction;
    for (const term of m === 0 ? [odd] : [even, odd]) {
      d = 1 / (1 + term * d);
      c = 1 + term / c;
      fraction *= c * d;
    }
    if (Math.abs(fraction - before) <= 2 * Number.EPSILON * Math.abs(fraction)) break;
  }
  return 1 / fraction;
}

/** B(df/2, 1/2) by B(a + 1, 1/2) = B(a, 1/2) a / (a + 1/2), from B(1/2, 1/2) = π and B(1, 1/2) = 2. */
function betaWithHalf(df: number): number {
  let beta = df % 2 === 1 ? Math.PI : 2;
  for (let a = df % 2 === 1 ? 0.5 : 1; a < df / 2; a++) beta *= a / (a + 0.5);
  return beta;
}

/** base^exponent for a whole exponent ≥ 1, by squaring. */
function wholePower(base: number, exponent: number): number {
  let [power, factor] = [1, base];
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power *= factor;
    factor *= factor;
  }
  return power;
}

/** Student t from the normal quantile `z` by powers of 1/df (A&S 26.7.5). */
function cornishFisher(z: number, df: number): number {
  const s = z * z;
  const terms = [
    (z * (s + 1)) / 4,
    (z * ((5 * s + 16) * s + 3)) / 96,
    (z * (((3 * s + 19) * s + 17) * s - 15)) / 384,
    (z * ((((79 * s + 776) * s + 1482) * s - 1920) * s - 945)) / 92160,
  ];
  return z + terms.reduceRight((sum, term) => (sum + term) / df, 0);
}
