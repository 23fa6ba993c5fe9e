/** Releases of the Linux kernel, compared number by number: 2.6.32 < 3.0 < 6.9 < 6.10. */

export type KernelRelease = `${number}.${number}` | `${number}.${number}.${number}`;

/** What a release looks like; a bare 6.10 of YAML would be the number 6.1. */
export const RELEASE = /^\d+\.\d+(\.\d+)?$/;

const numbersOf = (release: string): number[] => release.split('.').map(Number);

/** Whether `release` has what was first released with `since`. */
export const hasSince = (release: string, since: KernelRelease): boolean => {
  const mine = numbersOf(release);
  for (const [i, number] of numbersOf(since).entries()) {
    const difference = (mine[i] ?? 0) - number;
    if (difference !== 0) return difference > 0;
  }
  return true;
};
