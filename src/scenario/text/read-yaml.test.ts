/** YAML as plain data: every flaw has a place and words, and no text can hang or crash the reader. */
import { expect, test } from 'vitest';
import { formatMistake } from './mistake.ts';
import { parseYaml } from './read-yaml.ts';

const flaws = (text: string): string[] => parseYaml('f', text).mistakes.map(formatMistake);

test('plain data comes out as plain data', () => {
  const { value, mistakes } = parseYaml('f', 'a: [1, x, true, null]\nb: { c: 64 B }\nd: &d [5]\ne: *d\n');
  expect(mistakes).toEqual([]);
  expect(value).toEqual({ a: [1, 'x', true, null], b: { c: '64 B' }, d: [5], e: [5] });
});

test.each([
  ['a: b: c', 'f:1:4: a second ": " here; put text in quotes, or indent the next line like this one'],
  [
    'title\nrun: 5',
    'f:1:1: expected "key: value" (is the colon missing, or the next line indented too far?)',
  ],
  ['a:\n\t- 5', 'f:2:1: a tab indents this line; use spaces'],
  ['a: [1, 2', 'f:1:9: expected a closing ]'],
  ['a:\n  b: 1\n c: 2', 'f:3:1: this key is not in line with its neighbours'],
  ['a: - x', 'f:1:4: a list entry (- ) must start on its own line'],
  ['a: 1\n---\nb: 1', 'f:2:1: a second document (---) begins; one file holds one'],
  ['a: !!js/function x', 'f:1:4: tags (!name) are not allowed; values are plain data'],
  ['a: !!set { b }', 'f:1:4: tags (!name) are not allowed; values are plain data'],
  ['a: *x', 'f:1:4: the alias "x" has no anchor (&name) before it'],
  ['a: &a [*a]', 'f:1:8: the alias "a" stands inside what it repeats'],
  ['<<: { a: 1 }', 'f:1:1: merging maps (<<) is not supported; write the keys out'],
  ['a: 1\n__proto__: { b: 1 }', 'f:2:1: a key may not be called "__proto__"'],
  ['? [a]\n: 1', 'f:1:3: a key must be plain text'],
  ['{ a: 1, a: 2 }', 'f:1:9: duplicate key "a"'],
])('%j', (text, flaw) => {
  expect(flaws(text)).toEqual([flaw]);
});

test('all flaws at once, in reading order, and the rest stays readable', () => {
  const { value, mistakes } = parseYaml('f', 'a: !x 1\nb: 2\nb: 3\n1: x\n"1": y\n');
  expect(mistakes.map(formatMistake)).toEqual([
    'f:1:4: tags (!name) are not allowed; values are plain data',
    'f:3:1: duplicate key "b"',
    'f:5:1: duplicate key "1"',
  ]);
  expect(value).toEqual({ 1: 'y', a: '1', b: 3 });
});

test('an old version directive does not change what words mean', () => {
  expect(parseYaml('f', '%YAML 1.1\n---\na: on\nb: 2001-01-01\n').value).toEqual({
    a: 'on',
    b: '2001-01-01',
  });
});

const letters = [...'bcdefgh'];
const bomb = letters.map((name, i) => `${name}: &${name} [${`*${'abcdefg'[i]},`.repeat(9)}]`);
test.each([
  ['a file too large', `a: ${'x'.repeat(1 << 20)}`, 'larger than 1 MiB'],
  ['deep nesting that still parses', '['.repeat(200) + ']'.repeat(200), 'nested too deeply'],
  ['deep nesting that overflows the parser', '- '.repeat(100_000), 'nested too deeply'],
  ['aliases that multiply', `a: &a [x]\n${bomb.join('\n')}`, 'aliases (*name) repeat too much'],
  ['many aliases', `[&a x${', *a'.repeat(2000)}]`, 'more than 1000 aliases (*name)'],
])('%s', (_name, text, message) => {
  const { value, mistakes } = parseYaml('f', text);
  expect(value).toBeUndefined();
  expect(mistakes.map((mistake) => mistake.message)).toContain(message);
});

test('a message stays on one line and cannot steer a terminal', () => {
  const [flaw] = flaws('"a\\e[31m\\n": 1\n"a\\e[31m\\n": 2');
  expect(flaw).toBe('f:2:1: duplicate key "a\\u001b[31m\\n"');
  expect(flaws('a: *\u001b[31m')[0]).not.toContain('\u001b');
});
