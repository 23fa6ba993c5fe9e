/** How far a share that was counted may be off the true one. */
import { normalQuantile } from './normal-quantile.ts';

export interface Share {
  readonly count: number;
  readonly of: number;
  /** Both from 0 to 1. */
  readonly low: number;
  readonly high: number;
}

/**
 * Wilson's score interval (1927, J. Am. Stat. Assoc. 22) of a probability of which `count` of `of` independent cases came true. Unlike the
 * textbook's it stays inside 0 … 1 and says something where all or none did. Throws RangeError without any case.
 */
export const wilson = (count: number, of: number, confidence = 0.95): Share => {
  if (!(of > 0 && count >= 0 && count <= of)) throw new RangeError(`${count} of ${of} is no share`);
  const z = normalQuantile((1 + confidence) / 2);
  const share = count / of;
  const centre = share + (z * z) / (2 * of);
  const half = z * Math.sqrt((share * (1 - share)) / of + (z / (2 * of)) ** 2);
  const whole = 1 + (z * z) / of;
  return {
    count,
    of,
    // At the ends the two terms are the same but for rounding.
    low: count === 0 ? 0 : (centre - half) / whole,
    high: count === of ? 1 : (centre + half) / whole,
  };
};
