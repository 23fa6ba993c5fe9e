/** Checks a value against a schema and answers with the finished value or with every mistake in it. */
import type { z } from 'zod';
import { type Given, mistakesOf } from './locate.ts';
import type { Mistake } from './mistake.ts';
import type { SourceDocument } from './read-yaml.ts';
import { wording } from './wording.ts';

export type Validated<T> =
  | { readonly valid: true; readonly value: T; readonly mistakes: readonly [] }
  | { readonly valid: false; readonly mistakes: readonly Mistake[] };

export const validate = <S extends z.ZodType>(
  schema: S,
  document: SourceDocument,
  file: string,
  { value = document.toJS(), overrides = [] }: Given = {},
): Validated<z.output<S>> => {
  const result = schema.safeParse(value, { error: wording });
  if (result.success) return { valid: true, value: result.data, mistakes: [] };
  return { valid: false, mistakes: mistakesOf(result.error, document, schema, file, { value, overrides }) };
};
