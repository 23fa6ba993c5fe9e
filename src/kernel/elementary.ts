/** Logarithm and exponential from + - * / alone: the language leaves Math.log to the implementation, and bytes must not depend on it. */

/** ln 2 in two parts: the first has 32 significant bits, so its product with a binary exponent is exact. */
const LN2_HIGH = 0xb17217f7 / 2 ** 32;
const LN2_LOW = 1.9082149292705877e-10;
const SQRT2 = Math.sqrt(2);
const SMALLEST_NORMAL = 2 ** -1022;

/** Big-endian by default: byte 0 holds sign and exponent on every machine. */
const bits = new DataView(new ArrayBuffer(8));

/** Natural logarithm, within 1 ulp; -Infinity at 0, NaN below. */
export const log = (x: number): number => {
  if (!(x > 0 && x < Infinity)) return x === 0 ? -Infinity : x > 0 ? x : NaN;
  if (x < SMALLEST_NORMAL) return log(x * 2 ** 54) - 54 * Math.LN2;

  // x = m 2^k with m in [sqrt(1/2), sqrt(2)]
  bits.setFloat64(0, x);
  const head = bits.getUint32(0);
  bits.setUint32(0, (head & 0x000fffff) | 0x3ff00000);
  const significand = bits.getFloat64(0);
  const large = significand > SQRT2;
  const m = large ? significand / 2 : significand;
  const k = (head >>> 20) - 1023 + (large ? 1 : 0);

  // log m = 2 artanh s = f - s (f - tail), since 2s = f - s f: the leading term is exact
  const f = m - 1;
  const s = f / (2 + f);
  return k * LN2_HIGH + (f - (s * (f - artanhTail(s * s)) - k * LN2_LOW));
};

/** 2z/3 + 2z^2/5 + ... for z up to 0.0295; the first term left out is below 2^-56 of the sum. */
const artanhTail = (z: number): number => {
  let sum = 0;
  for (let n = 23; n >= 3; n -= 2) sum = z * (2 / n + sum);
  return sum;
};

/** Exponential function, within 1 ulp in the normal range; underflows to 0 and overflows to Infinity. */
export const exp = (x: number): number => {
  if (!(x > -746 && x < 710)) return x <= -746 ? 0 : x >= 710 ? Infinity : NaN;
  const k = Math.floor(x / Math.LN2 + 0.5);
  const r = x - k * LN2_HIGH - k * LN2_LOW;

  // exp r = 1 + (r + r^2/2 + ...) for |r| up to 0.35
  let sum = 0;
  for (let n = 14; n >= 2; n--) sum = (r * (1 + sum)) / n;
  const value = 1 + (r + r * sum);
  // In two steps, as 2^k itself may be out of range.
  const half = k >> 1;
  return value * powerOfTwo(half) * powerOfTwo(k - half);
};

/** 2^k for -1022 <= k <= 1023. */
const powerOfTwo = (k: number): number => {
  bits.setUint32(0, (k + 1023) << 20);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
};
