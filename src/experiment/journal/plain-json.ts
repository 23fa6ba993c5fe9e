/** Results as JSON and back, exactly: maps, and the numbers that JSON does not have, are tagged. */

const MAP = '@map';
const NUMBER = '@number';

const tagged = (_key: string, value: unknown): unknown => {
  if (value instanceof Map) return { [MAP]: [...value] };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { [NUMBER]: Object.is(value, -0) ? '-0' : String(value) };
  }
  return value;
};

const untagged = (_key: string, value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (MAP in value) return new Map(value[MAP] as [unknown, unknown][]);
  return NUMBER in value ? Number(value[NUMBER]) : value;
};

export const toJson = (value: unknown): string => JSON.stringify(value, tagged);

/** @throws SyntaxError on text that is no JSON. */
export const fromJson = (text: string): unknown => JSON.parse(text, untagged);
