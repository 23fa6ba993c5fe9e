/** Random numbers for tests of this folder: Park & Miller's generator with multiplier 48,271 (CACM 36/7, 1993). */

const MODULUS = 2 ** 31 - 1;

/** Uniform numbers strictly between 0 and 1; `seed` is a small whole number from 1. */
export function uniforms(seed: number): () => number {
  let state = (seed * 6_364_136) % MODULUS;
  return () => {
    state = (state * 48_271) % MODULUS;
    return state / MODULUS;
  };
}

/** Standard normal numbers (Box & Muller 1958). */
export function normals(seed: number): () => number {
  const uniform = uniforms(seed);
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Exponential numbers with the given mean. */
export function exponentials(seed: number): (mean: number) => number {
  const uniform = uniforms(seed);
  return (mean) => -Math.log(uniform()) * mean;
}
