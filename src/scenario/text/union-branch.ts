/** Which option of a union the user evidently meant, so that its own mistakes are reported instead of a list of options. */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

const ABOUT_CONTENTS = new Set<string>(['unrecognized_keys', 'too_small', 'too_big']);

/** False where the value is of another shape altogether, such as text for a map. */
const shapeFits = (issues: readonly Issue[]): boolean =>
  issues.every((issue) => {
    if (issue.path.length > 0 || ABOUT_CONTENTS.has(issue.code)) return true;
    return issue.code === 'invalid_union' && issue.errors.some(shapeFits);
  });

const fixedKeysFit = (issues: readonly Issue[]): boolean =>
  !issues.some((issue) => issue.path.length === 1 && issue.code === 'invalid_value');

/** The issues of that option with their full paths; the union's own issue where nothing is evident. */
export const unfolded = (issue: Issue): Issue[] => {
  if (issue.code !== 'invalid_union') return [issue];
  const shaped = issue.errors.filter(shapeFits);
  const fitting = shaped.filter(fixedKeysFit);
  const [meant] = (fitting.length > 0 ? fitting : shaped).toSorted((a, b) => a.length - b.length);
  if (meant === undefined) return [issue];
  return meant.flatMap((inner) => unfolded({ ...inner, path: [...issue.path, ...inner.path] }));
};
