/** The known name that a mistyped one most likely meant, or nothing when none is close enough to be worth saying. */
import { distance } from 'fastest-levenshtein';

const LONGEST_NAME = 80;
const letters = (text: string): string => [...text].sort().join('');

/** Two swapped letters are the commonest slip and cost two edits, so a rearrangement counts as near whatever its length. */
const isNear = (typed: string, name: string): boolean => {
  const edits = distance(typed, name);
  return (
    edits <= Math.max(1, Math.floor(typed.length / 3)) ||
    (typed.length >= 3 && name.startsWith(typed)) ||
    letters(typed) === letters(name)
  );
};

const sameStart = (a: string, b: string): number => {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
};

export const nearest = (typed: string, names: Iterable<string>): string | undefined => {
  if (typed.length > LONGEST_NAME) return undefined;
  const wanted = typed.toLowerCase();
  let best: { name: string; edits: number; start: number } | undefined;
  for (const name of names) {
    const known = name.toLowerCase();
    const edits = distance(wanted, known);
    // One letter says nothing about what was meant: every other unit is one edit away.
    if (edits > 0 && (edits >= wanted.length || !isNear(wanted, known))) continue;
    const start = sameStart(wanted, known);
    if (best === undefined || edits < best.edits || (edits === best.edits && start > best.start)) {
      best = { name, edits, start };
    }
  }
  return best?.name;
};
