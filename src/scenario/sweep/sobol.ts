/**
 * Sobol's sequence with the direction numbers of Joe and Kuo (SIAM J. Sci. Comput. 30, 2008; new-joe-kuo-6), in Gray-code order. Ours,
 * because the library on npm shifts 32-bit integers by 51.
 */

/** Degree and coefficients of the primitive polynomial, and the first direction numbers; of the second dimension on. */
const JOE_KUO: readonly (readonly [a: number, m: readonly number[]])[] = [
  [0, [1]],
  [1, [1, 3]],
  [1, [1, 3, 1]],
  [2, [1, 1, 1]],
  [1, [1, 1, 3, 3]],
  [4, [1, 3, 5, 13]],
  [2, [1, 1, 5, 5, 17]],
  [4, [1, 1, 5, 5, 5]],
  [7, [1, 1, 7, 11, 19]],
  [11, [1, 1, 5, 1, 1]],
  [13, [1, 1, 1, 3, 11]],
  [14, [1, 3, 5, 5, 31]],
  [1, [1, 3, 3, 9, 7, 49]],
  [13, [1, 1, 1, 15, 21, 21]],
  [16, [1, 3, 1, 13, 27, 49]],
];

export const DIMENSIONS_MAX = JOE_KUO.length + 1;

const BITS = 30;

/** Direction numbers of a dimension, from 0, as integers of BITS bits. */
const directionsOf = (dimension: number): number[] => {
  if (dimension === 0) return Array.from({ length: BITS }, (_, i) => 1 << (BITS - 1 - i));
  const [a, m] = JOE_KUO[dimension - 1];
  const s = m.length;
  const v = m.map((each, i) => each << (BITS - 1 - i));
  for (let i = s; i < BITS; i++) {
    let next = v[i - s] ^ (v[i - s] >>> s);
    for (let k = 1; k < s; k++) if ((a >>> (s - 1 - k)) & 1) next ^= v[i - k];
    v[i] = next;
  }
  return v;
};

/** The first `size` points of `dimensions` dimensions, each coordinate in [0, 1). @throws RangeError beyond DIMENSIONS_MAX. */
export const sobol = (dimensions: number, size: number): number[][] => {
  if (dimensions > DIMENSIONS_MAX) throw new RangeError(`a sobol design has at most ${DIMENSIONS_MAX} axes`);
  const directions = Array.from({ length: dimensions }, (_, d) => directionsOf(d));
  const x = new Array<number>(dimensions).fill(0);
  return Array.from({ length: size }, (_, index) => {
    if (index > 0) {
      // The lowest zero bit of the index before is the lowest one bit of this one.
      const bit = 31 - Math.clz32(index & -index);
      for (const [d, v] of directions.entries()) x[d] ^= v[bit];
    }
    return x.map((each) => each / 2 ** BITS);
  });
};
