/** Who wrote what stands at a path: an option that set it, else the file, else whoever wrote the nearest thing above. */
import type { PathKey, Place } from './mistake.ts';
import type { Places } from './places.ts';
import type { Override } from './set-path.ts';

/** A missing or unknown key is pointed at by name; a wrong value at the value. */
export type Spot = { readonly path: readonly PathKey[]; readonly what: 'key' | 'value' };
export type Blame = { readonly place: Place; readonly setBy?: Override };

const startsWith = (path: readonly PathKey[], start: readonly PathKey[]): boolean =>
  start.length <= path.length && start.every((key, depth) => key === path[depth]);

const setBy = (override: Override): Blame => ({ place: override.place, setBy: override });

export const blame = ({ path, what }: Spot, places: Places, overrides: readonly Override[]): Blame => {
  const setHere = overrides.findLast((override) => startsWith(path, override.path));
  if (setHere !== undefined) return setBy(setHere);
  const place = what === 'key' ? places.key(path) : places.value(path);
  if (place !== undefined) return { place };
  // Not in the file: an option made it on its way to something deeper, or nobody wrote it.
  const setBelow = overrides.findLast((override) => startsWith(override.path, path));
  if (setBelow !== undefined) return setBy(setBelow);
  return blame({ path: path.slice(0, -1), what: 'key' }, places, overrides);
};
