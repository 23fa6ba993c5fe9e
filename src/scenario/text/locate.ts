/** Turns what a schema found wrong into mistakes with a place in the file, or with the option that set the value. */
import { z } from 'zod';
import { blame, type Spot } from './blame.ts';
import { didYouMean, type Mistake, type PathKey, quoted, sortMistakes } from './mistake.ts';
import { nearest } from './nearest.ts';
import { Places } from './places.ts';
import type { SourceDocument } from './read-yaml.ts';
import { childOf, isMapValue, namesAt } from './schema-at.ts';
import { type Override, replaced } from './set-path.ts';
import { unfolded } from './union-branch.ts';
import { MISSING, wording } from './wording.ts';

/** What was validated, where options or a sweep made it something else than the document says. */
export type Given = { readonly value?: unknown; readonly overrides?: readonly Override[] };

type Issue = z.core.$ZodIssue;
/** A mistake before it is known where it stands: what to point at, and the path to name. */
type Unplaced = { readonly spot: Spot; readonly path: readonly PathKey[]; readonly message: string };

const pathOf = ({ path }: Issue): PathKey[] =>
  path.map((key) => (typeof key === 'symbol' ? String(key) : key));

const kindsOf = (issue: Issue): string[] =>
  'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];

const isAbsent = (value: unknown, path: readonly PathKey[]): boolean => {
  const parent = path.slice(0, -1).reduce(childOf, value);
  return path.length > 0 && isMapValue(parent) && !Object.hasOwn(parent, path.at(-1)!);
};

const withNearestKind = (value: unknown, issue: Issue): unknown => {
  const path = pathOf(issue);
  const kind = path.reduce(childOf, value);
  const meant = typeof kind === 'string' ? nearest(kind, kindsOf(issue)) : undefined;
  return meant === undefined ? value : replaced(value, path, meant);
};

const inWords = (issue: Issue, schema: z.core.$ZodType, value: unknown): Unplaced[] => {
  const path = pathOf(issue);
  if (issue.code === 'unrecognized_keys') {
    const names = namesAt(schema, path, value);
    return issue.keys.map((key) => ({
      spot: { path: [...path, key], what: 'key' },
      path,
      message: `unknown key ${quoted(key)}${didYouMean(nearest(key, names))}`,
    }));
  }
  // A check of our own may point at a key that is not there, and says itself what is wrong.
  if (issue.code !== 'custom' && isAbsent(value, path)) {
    const parent = path.slice(0, -1);
    const oneOf = kindsOf(issue).length === 0 ? '' : ` (one of ${kindsOf(issue).join(' | ')})`;
    const message = `missing key ${quoted(String(path.at(-1)))}${oneOf}`;
    return [{ spot: { path: parent, what: 'key' }, path: parent, message }];
  }
  const what = issue.code === 'invalid_key' ? 'key' : 'value';
  const message = issue.message === MISSING ? 'expected a value, got nothing' : issue.message;
  return [{ spot: { path, what }, path, message }];
};

/** The error must come from a parse with `{ error: wording }`, as `validate` does it, or the messages are zod's own. */
export const mistakesOf = (
  error: z.ZodError,
  document: SourceDocument,
  schema: z.core.$ZodType,
  file: string,
  { value = document.toJS(), overrides = [] }: Given = {},
): Mistake[] => {
  const places = new Places(document, file);
  const issues = error.issues.flatMap(unfolded);
  // A misspelt kind hides every mistake beside it, so they are sought as if the nearest kind had been written.
  const corrected = issues.reduce(withNearestKind, value);
  const hidden = corrected === value ? undefined : z.safeParse(schema, corrected, { error: wording }).error;
  const all = [...issues, ...(hidden?.issues ?? []).flatMap(unfolded)];
  const mistakes = all.flatMap((issue) => inWords(issue, schema, corrected));
  return sortMistakes(
    mistakes.map(({ spot, path, message }) => {
      const { place, setBy } = blame(spot, places, overrides);
      const hint = message.includes('did you mean') ? '' : didYouMean(setBy?.nearest);
      return { ...place, path, message: message + hint };
    }),
  );
};
