/** Results as JSON and back, exactly: maps, and the numbers that JSON does not have, are tagged. */

const MAP = '@map';
const NUMBER = '@number';

const isPlain = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0);

/** Samples are long lists of numbers: one that has nothing to tag is left as it is. */
const tagged = (value: unknown): unknown => {
  if (typeof value === 'number') {
    return isPlain(value) ? value : { [NUMBER]: Object.is(value, -0) ? '-0' : String(value) };
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return value.every((each) => typeof each === 'number' && isPlain(each)) ? value : value.map(tagged);
  }
  if (value instanceof Map) return { [MAP]: [...value].map(tagged) };
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, tagged(each)]));
};

const untagged = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return value.every((each) => typeof each === 'number') ? value : value.map(untagged);
  }
  if (MAP in value) return new Map((value[MAP] as unknown[]).map(untagged) as [unknown, unknown][]);
  if (NUMBER in value) return Number(value[NUMBER]);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, untagged(each)]));
};

export const toJson = (value: unknown): string => JSON.stringify(tagged(value));

/** @throws SyntaxError on text that is no JSON. */
export const fromJson = (text: string): unknown => untagged(JSON.parse(text));
