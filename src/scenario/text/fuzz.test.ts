/** Whatever the text, the answer is a value or mistakes with a place; never an exception. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatMistake } from './mistake.ts';
import { parseYaml } from './read-yaml.ts';
import { sample, sampleYaml } from './sample-scenario.ts';
import { setOption } from './set-option.ts';
import { validate } from './validate.ts';

const answers = (text: string): void => {
  const { document, value, mistakes } = parseYaml('f.yaml', text);
  const lines = text.split(/\n/).length;
  const result = value === undefined ? undefined : validate(sample, document, 'f.yaml', { value });
  const all = [...mistakes, ...(result?.mistakes ?? [])];
  if (result?.valid !== true) expect(all.length).toBeGreaterThan(0);
  for (const mistake of all) {
    expect(mistake.line).toBeGreaterThanOrEqual(1);
    expect(mistake.line).toBeLessThanOrEqual(lines);
    expect(mistake.column).toBeGreaterThanOrEqual(1);
    expect(formatMistake(mistake)).not.toMatch(/\p{Cc}|Invalid input|undefined/u);
  }
  expect(new Set(all.map(formatMistake)).size).toBe(all.length);
};

const token = fc.oneof(
  fc.constantFrom(...' :-?[]{},#&*!|>\'"%@`\n\t'),
  fc.constantFrom(
    ': ',
    '- ',
    '\n  ',
    '<<: ',
    '*a',
    '&a ',
    '!!set ',
    '---\n',
    '__proto__: ',
    'null',
    '.nan',
    '1e999',
    '"\\e"',
  ),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
type Edit = { readonly at: number; readonly cut: number; readonly put: string };
const edit: fc.Arbitrary<Edit> = fc.record({ at: fc.nat(sampleYaml.length), cut: fc.nat(12), put: token });
const edited = (text: string, { at, cut, put }: Edit): string =>
  text.slice(0, at) + put + text.slice(at + cut);

test('arbitrary text', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(token).map((all) => all.join('')),
      ),
      answers,
    ),
    {
      numRuns: 3000,
    },
  );
});

test('a valid file with a few edits', () => {
  const mutation = fc
    .array(edit, { minLength: 1, maxLength: 4 })
    .map((edits) => edits.reduce(edited, sampleYaml));
  fc.assert(fc.property(mutation, answers), { numRuns: 3000 });
});

test('a valid file with lines moved', () => {
  const lines = sampleYaml.split('\n');
  const moved = fc.shuffledSubarray(lines, { minLength: 1 }).map((some) => some.join('\n'));
  fc.assert(fc.property(moved, answers), { numRuns: 1000 });
});

test('arbitrary options', () => {
  const { document, value: root } = parseYaml('f.yaml', sampleYaml);
  const path = fc
    .array(
      fc.constantFrom(
        'vms',
        'web',
        'net',
        'workloads',
        'run',
        'datapaths',
        '.',
        '.',
        '[0]',
        '"',
        '=',
        'x',
        '__proto__',
      ),
    )
    .map((parts) => parts.join(''));
  const option = fc
    .tuple(fc.oneof(path, fc.string()), fc.oneof(token, fc.string()))
    .map((sides) => sides.join('='));
  fc.assert(
    fc.property(option, (assignment) => {
      const { value, override, mistakes } = setOption(root, assignment, '--set', sample);
      expect(mistakes.length > 0).toBe(override === undefined);
      const overrides = override === undefined ? [] : [override];
      const all = [...mistakes, ...validate(sample, document, 'f.yaml', { value, overrides }).mistakes];
      for (const mistake of all) expect(formatMistake(mistake)).toMatch(/^--set /);
    }),
    { numRuns: 3000 },
  );
});
