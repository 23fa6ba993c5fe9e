/** How evenly shares are shared. */

/**
 * Jain's fairness index, (Σx)² / (n Σx²): 1 where all have the same, k/n where k of n share evenly and the others have nothing (Jain, Chiu,
 * Hawe, DEC-TR-301, 1984). Shares are ≥ 0; of none, or where nobody has anything, the index is 1: nobody has more than another.
 */
export const jainIndex = (shares: readonly number[]): number => {
  const largest = Math.max(0, ...shares);
  if (largest === 0) return 1;
  // Of the largest, so that no square overflows or vanishes.
  const relative = shares.map((share) => share / largest);
  const sum = relative.reduce((all, share) => all + share, 0);
  const squares = relative.reduce((all, share) => all + share * share, 0);
  return (sum * sum) / (shares.length * squares);
};
