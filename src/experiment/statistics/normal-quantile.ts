/** Quantiles of the standard normal distribution, the limit of Student t for many replications. */
import { exp } from '../../kernel/elementary.ts';
import { bisect } from './bisect.ts';

/** From here on the upper tail (1e-19) is lost in the rounding of a share near one. */
const FARTHEST = 9;

/**
 * The z that a standard normal variable stays below with probability `p`, 0 < p < 1 (else RangeError);
 * absolute error below 1e-9 for 1e-6 ≤ p ≤ 1 - 1e-6, growing outside.
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`a probability must lie between 0 and 1, not ${p}`);
  if (p < 0.5) return -normalQuantile(1 - p);
  return bisect(central, p - 0.5, 0, FARTHEST);
}

/** P(0 < Z < z): φ(z) (z + z³/3 + z⁵/(3·5) + …), all terms positive (Marsaglia 2004, J. Stat. Software 11/4). */
function central(z: number): number {
  let [sum, previous, term] = [z, 0, z];
  for (let odd = 3; sum !== previous; odd += 2) {
    term *= (z * z) / odd;
    previous = sum;
    sum += term;
  }
  return (sum / exp((z * z) / 2)) * Math.sqrt(0.5 / Math.PI);
}
