/** Where a falling curve stops falling much. */

export interface Place {
  readonly x: number;
  readonly y: number;
}

/**
 * The index of the knee of a falling curve: the point furthest below the line between its ends, both axes scaled to 1 (Satopää, Albrecht,
 * Irwin, Raghavan, Finding a "Kneedle" in a Haystack, ICDCS workshops 2011, without its smoothing). Null where the curve does not fall, has
 * no point between its ends, or none below the line.
 */
export const kneeOf = (curve: readonly Place[]): number | null => {
  const [first, last] = [curve[0], curve[curve.length - 1]];
  if (curve.length < 3 || !(last.y < first.y) || last.x === first.x) return null;
  const below = curve.map(({ x, y }) => {
    const along = (x - first.x) / (last.x - first.x);
    const fallen = (first.y - y) / (first.y - last.y);
    return fallen - along;
  });
  const most = Math.max(...below);
  return most > 0 ? below.indexOf(most) : null;
};
