/** Puts a value at a path of a scenario before it is validated: what `--set`, `--sweep` and a sweep's points do. */
import type { z } from 'zod';
import { didYouMean, type Mistake, type PathKey, type Place, pathText, quoted } from './mistake.ts';
import { nearest } from './nearest.ts';
import { keyOf, type Step, stepsOf } from './path-steps.ts';
import { childOf, isMapValue, schemasAt } from './schema-at.ts';
import { got } from './wording.ts';

/** Remembers who set a path, so that a mistake in the value is reported there and not in the file. */
export type Override = {
  readonly path: readonly PathKey[];
  readonly place: Place;
  /** The path that was perhaps meant, when this one had to be created. */
  readonly nearest?: string;
};

export type Assigned = {
  /** The unchanged value when there is a mistake. */
  readonly value: unknown;
  readonly override?: Override;
  readonly mistakes: readonly Mistake[];
};

/** One key of a map may be several steps, since cost names have dots in them: the longest existing key wins. */
const takeKey = (map: Record<string, unknown>, steps: readonly Step[]): { key: string; taken: number } => {
  const run = steps.findIndex((step) => 'index' in step || step.whole);
  for (let taken = run === -1 ? steps.length : run; taken > 1; taken -= 1) {
    const key = steps.slice(0, taken).map(keyOf).join('.');
    if (Object.hasOwn(map, key)) return { key, taken };
  }
  return { key: String(keyOf(steps[0])), taken: 1 };
};

/** The names of a record are the user's own: a new one deep in a path is a slip of the pen, not a new virtual machine. */
const hasFreeNames = (
  schema: z.core.$ZodType | undefined,
  path: readonly PathKey[],
  root: unknown,
): boolean => {
  const here = schema === undefined ? [] : schemasAt(schema, path, root);
  return here.length > 0 && here.every(({ _zod: { def } }) => def.type === 'record');
};

type Walk = { path: PathKey[]; nearest?: string };

const walk = (
  root: unknown,
  steps: readonly Step[],
  schema?: z.core.$ZodType,
): Walk | { mistake: string } => {
  const found: Walk = { path: [] };
  let here = root;
  for (let position = 0; position < steps.length; ) {
    const step = steps[position];
    const where = found.path.length === 0 ? 'the scenario' : pathText(found.path);
    if ('index' in step) {
      if (!Array.isArray(here)) return { mistake: `${where} is ${got(here)}, so it has no [${step.index}]` };
      if (step.index >= here.length) return { mistake: `${where} has ${here.length} entries, from [0]` };
      found.path.push(step.index);
      position += 1;
    } else if (isMapValue(here) || here === undefined || here === null) {
      const map = here ?? {};
      const { key, taken } = takeKey(map, steps.slice(position));
      position += taken;
      if (key === '__proto__') return { mistake: 'a key may not be called "__proto__"' };
      if (!Object.hasOwn(map, key) && found.nearest === undefined) {
        const rest = steps.slice(position - 1);
        const name = nearest(rest.map(keyOf).join('.'), Object.keys(map)) ?? nearest(key, Object.keys(map));
        const meant = name === undefined ? undefined : pathText([...found.path, name]);
        if (position < steps.length && hasFreeNames(schema, found.path, root)) {
          const names = Object.keys(map).map(quoted).join(', ') || 'nothing';
          return {
            mistake: `nothing is called ${quoted(key)} in ${where}, which has ${names}${didYouMean(meant)}`,
          };
        }
        if (meant !== undefined) found.nearest = meant;
      }
      found.path.push(key);
    } else {
      const indexed = Array.isArray(here) ? `; write ${where}[0] for its first entry` : '';
      return { mistake: `${where} is ${got(here)}, so it has no ${quoted(step.name)}${indexed}` };
    }
    here = childOf(here, found.path.at(-1)!);
  }
  return found;
};

/** A copy of `root` that shares whatever the path does not touch. */
export const replaced = (root: unknown, [key, ...rest]: readonly PathKey[], value: unknown): unknown => {
  const child = rest.length === 0 ? value : replaced(childOf(root, key), rest, value);
  if (Array.isArray(root)) return root.with(Number(key), child);
  return { ...(root as object | null | undefined), [key]: child };
};

export const setPath = (
  root: unknown,
  path: string,
  value: unknown,
  place: Place,
  schema?: z.core.$ZodType,
): Assigned => {
  const no = (message: string): Assigned => ({ value: root, mistakes: [{ ...place, path: [], message }] });
  const steps = stepsOf(path);
  if (steps === undefined) {
    return no(`${quoted(path)} is not a path (expected one like workloads.rpc.rate or datapaths[0])`);
  }
  const found = walk(root, steps, schema);
  if ('mistake' in found) return no(found.mistake);
  return { value: replaced(root, found.path, value), override: { ...found, place }, mistakes: [] };
};
