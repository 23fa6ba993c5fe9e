/** What a scenario says at a path. */
import type { PathKey } from '../text/mistake.ts';
import { keyOf, stepsOf } from '../text/path-steps.ts';

/** Names of costs have dots in them: the longest key that is there wins. */
const inside = (here: unknown, keys: readonly PathKey[]): unknown => {
  if (keys.length === 0) return here;
  if (typeof here !== 'object' || here === null) return undefined;
  for (let taken = keys.length; taken > 0; taken--) {
    const key = keys.slice(0, taken).join('.');
    if (Object.hasOwn(here, key)) return inside((here as Record<string, unknown>)[key], keys.slice(taken));
  }
  return undefined;
};

/** Undefined: there is nothing. */
export const valueAt = (root: unknown, path: string): unknown =>
  inside(root, (stepsOf(path) ?? []).map(keyOf));
