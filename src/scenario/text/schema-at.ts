/** Which part of a schema speaks about a path of a value: follows the branches of unions that the value chose. */
import type { z } from 'zod';
import type { PathKey } from './mistake.ts';

type Schema = z.core.$ZodType;
const known = (schema: Schema): z.core.$ZodTypes => schema as z.core.$ZodTypes;

export const isMapValue = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is at `key` of a map or list, never something inherited. */
export const childOf = (value: unknown, key: PathKey): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<PathKey, unknown>)[key]
    : undefined;

/** The schema of what the user writes, without the wrappers for defaults, optional keys and conversions. */
export const written = (schema: Schema): z.core.$ZodTypes => {
  const { def } = known(schema)._zod;
  switch (def.type) {
    case 'pipe':
      return written(known(def.in)._zod.def.type === 'transform' ? def.out : def.in);
    case 'optional':
    case 'nullable':
    case 'nonoptional':
    case 'default':
    case 'prefault':
    case 'catch':
    case 'readonly':
      return written(def.innerType);
    case 'lazy':
      return written(def.getter());
    default:
      return known(schema);
  }
};

/** The texts that a literal or enum schema allows; empty for any other. */
export const fixedTexts = (schema: Schema): string[] => {
  const { def } = written(schema)._zod;
  if (def.type === 'literal') return def.values.filter((value) => typeof value === 'string');
  if (def.type === 'enum') return Object.values(def.entries).map(String);
  return [];
};

/** A union option fits unless one of its fixed keys (`kind: open-loop`) says something else in the value. */
const fits = (option: Schema, value: unknown): boolean => {
  const { def } = written(option)._zod;
  if (def.type !== 'object' || !isMapValue(value)) return true;
  return Object.entries(def.shape).every(([key, field]) => {
    const texts = fixedTexts(field);
    return (
      texts.length === 0 || childOf(value, key) === undefined || texts.includes(String(childOf(value, key)))
    );
  });
};

/** The schemas that apply to `value` itself: one, or several where a union stays undecided. */
export const alternatives = (schema: Schema, value: unknown): z.core.$ZodTypes[] => {
  const plain = written(schema);
  const { def } = plain._zod;
  if (def.type === 'intersection') return [def.left, def.right].flatMap((part) => alternatives(part, value));
  if (def.type !== 'union') return [plain];
  const chosen = def.options.filter((option) => fits(option, value));
  return (chosen.length > 0 ? chosen : def.options).flatMap((option) => alternatives(option, value));
};

const below = (schema: z.core.$ZodTypes, key: PathKey): readonly Schema[] => {
  const { def } = schema._zod;
  const one = (child: Schema | null | undefined): readonly Schema[] => (child ? [child] : []);
  switch (def.type) {
    case 'object':
      return one(Object.hasOwn(def.shape, key) ? def.shape[String(key)] : def.catchall);
    case 'record':
      return [def.valueType];
    case 'array':
      return [def.element];
    case 'tuple':
      return one(def.items[Number(key)] ?? def.rest);
    default:
      return [];
  }
};

export const schemasAt = (schema: Schema, path: readonly PathKey[], value: unknown): z.core.$ZodTypes[] => {
  let schemas = alternatives(schema, value);
  let here = value;
  for (const key of path) {
    here = childOf(here, key);
    schemas = schemas.flatMap((parent) => below(parent, key)).flatMap((child) => alternatives(child, here));
  }
  return schemas;
};

/** The keys that the map at `path` may have; empty where any name is free. */
export const namesAt = (schema: Schema, path: readonly PathKey[], value: unknown): string[] =>
  schemasAt(schema, path, value).flatMap(({ _zod: { def } }) => {
    if (def.type === 'object') return Object.keys(def.shape);
    return def.type === 'record' ? fixedTexts(def.keyType) : [];
  });
