/** Says in plain words what a schema expected and what it got; handed to zod as `{ error: wording }`. */
import type { z } from 'zod';
import { didYouMean, quoted } from './mistake.ts';
import { nearest } from './nearest.ts';
import { expectations } from './quantity-schemas.ts';
import { fixedTexts, isMapValue, written } from './schema-at.ts';

/** Stands for a key that is not there; `mistakesOf` turns it into words, since only it knows the key. */
export const MISSING = 'missing';

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a map of keys and values',
  record: 'a map of names and values',
  null: 'nothing (null)',
  undefined: 'nothing',
  never: 'nothing',
};

const shown = (value: unknown): string => (typeof value === 'string' ? quoted(value) : String(value));

export const got = (value: unknown): string => {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isMapValue(value)) return 'a map';
  if (typeof value === 'string') return `text ${quoted(value)}`;
  return typeof value === 'number' ? `the number ${value}` : String(value);
};

/** What a schema takes, short enough to stand beside the other options of a union. */
const takes = (schema: z.core.$ZodType): string[] => {
  const plain = written(schema);
  const quantity = expectations.get(plain);
  if (quantity !== undefined) return [quantity.expected];
  const { def } = plain._zod;
  if (def.type === 'union') return def.options.flatMap(takes);
  if (def.type === 'literal') return def.values.map(shown);
  if (def.type === 'enum') return fixedTexts(plain).map(quoted);
  return [TYPES[def.type] ?? def.type];
};

const listed = (words: readonly string[]): string => [...new Set(words)].join(' or ');

export const notOneOf = (value: unknown, allowed: readonly unknown[]): string => {
  const texts = allowed.filter((option) => typeof option === 'string');
  const suggestion = typeof value === 'string' ? didYouMean(nearest(value, texts)) : '';
  if (allowed.length === 1) return `expected ${shown(allowed[0])}, got ${got(value)}${suggestion}`;
  const options = allowed.map((option) => String(option)).join(' | ');
  if (typeof value !== 'string') return `expected one of ${options}, got ${got(value)}`;
  return `${quoted(value)} is not one of ${options}${suggestion}`;
};

type Issue<Code extends z.core.$ZodIssueCode> = z.core.$ZodRawIssue<
  Extract<z.core.$ZodIssue, { code: Code }>
>;

const unionWords = (issue: Issue<'invalid_union'>): string => {
  const { input } = issue;
  if (issue.discriminator !== undefined && 'options' in issue && Array.isArray(issue.options)) {
    return notOneOf(isMapValue(input) ? input[issue.discriminator] : input, issue.options);
  }
  if (input === undefined) return MISSING;
  const def = (issue.inst as z.core.$ZodTypes | undefined)?._zod.def;
  const options = def?.type === 'union' ? def.options : [];
  const texts = options.flatMap(fixedTexts);
  const near = typeof input === 'string' ? nearest(input, texts) : undefined;
  // A quantity that was misspelt explains itself better than a list of everything allowed.
  const explained = issue.errors.flat().find(({ code, path }) => code === 'custom' && path.length === 0);
  if (near === undefined && explained !== undefined) {
    return texts.length === 0
      ? explained.message
      : `${explained.message} (${listed(texts.map(quoted))} is allowed too)`;
  }
  return `expected ${listed(options.flatMap(takes))}, got ${got(input)}${didYouMean(near)}`;
};

const sizeWords = (issue: Issue<'too_small' | 'too_big'>): string => {
  const { input } = issue;
  const bound = String(issue.code === 'too_small' ? issue.minimum : issue.maximum);
  const limit = issue.code === 'too_small' ? 'at least' : 'at most';
  const than = issue.code === 'too_small' ? 'more than' : 'less than';
  if (typeof input === 'string') {
    return input === '' && issue.code === 'too_small'
      ? 'may not be empty'
      : `must have ${limit} ${bound} characters, got ${input.length}`;
  }
  if (Array.isArray(input)) return `must have ${limit} ${bound} entries, got ${input.length}`;
  return `must be ${issue.inclusive === false ? than : limit} ${bound}, got ${String(input)}`;
};

export const wording: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return MISSING;
      return `expected ${TYPES[issue.expected] ?? issue.expected}, got ${got(issue.input)}`;
    case 'invalid_value':
      return issue.input === undefined ? MISSING : notOneOf(issue.input, issue.values);
    case 'invalid_union':
      return unionWords(issue);
    case 'too_small':
    case 'too_big':
      return sizeWords(issue);
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}, got ${String(issue.input)}`;
    case 'invalid_format':
      return `${got(issue.input)} does not have the expected form${issue.pattern ? ` ${issue.pattern}` : ''}`;
    case 'invalid_key':
      return `this name is not allowed: ${issue.issues.map(({ message }) => message).join('; ')}`;
    case 'unrecognized_keys':
      return `unknown ${issue.keys.map(quoted).join(', ')}`;
    default:
      return `${got(issue.input)} is not allowed here`;
  }
};
