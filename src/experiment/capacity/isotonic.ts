/** Monotone regression: what is known to rise, drawn from figures that are not all in order. */

/**
 * The rising sequence nearest to `values` in weighted least squares, by pooling adjacent violators (Barlow, Bartholomew, Bremner, Brunk,
 * Statistical Inference under Order Restrictions, 1972).
 */
export const rising = (values: readonly number[], weights: readonly number[]): number[] => {
  const blocks: { value: number; weight: number; length: number }[] = [];
  values.forEach((value, i) => {
    blocks.push({ value, weight: weights[i], length: 1 });
    while (blocks.length > 1) {
      const last = blocks[blocks.length - 1];
      const before = blocks[blocks.length - 2];
      if (before.value <= last.value) break;
      const weight = before.weight + last.weight;
      before.value = (before.value * before.weight + last.value * last.weight) / weight;
      before.weight = weight;
      before.length += last.length;
      blocks.pop();
    }
  });
  return blocks.flatMap(({ value, length }) => Array<number>(length).fill(value));
};
