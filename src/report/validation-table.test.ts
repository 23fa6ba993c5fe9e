/** The table of `vmio validate`: figures as people read them, in 100 columns, and nothing hidden that failed. */
import { describe, expect, test } from 'vitest';
import type { PriceRow, ValidationRow } from '../validation/rows.ts';
import { folded } from './bare-table.ts';
import { priceTable } from './price-table.ts';
import { percent, validationSummary, validationTable } from './validation-table.ts';

const row = (over: Partial<ValidationRow>): ValidationRow => ({
  ...{
    scenario: 'paper',
    datapath: 'vhost-net',
    swept: {},
    kind: 'published',
    figure: 'round trip',
    unit: 'ns',
  },
  ...{ simulated: 42_000, ci_low: 41_000, ci_high: 43_000, reference_low: 40_000, reference_high: 40_000 },
  ...{ error: 0.05, without: 20_000, without_error: -0.5, judgement: 'shown', rows: 'M001' },
  ...{ source: 'A. Author, A Paper, 2020', remark: 'without: the bare path' },
  ...over,
});

const count = (figure: string, over: Partial<ValidationRow>): ValidationRow =>
  row({
    ...{
      scenario: 'card',
      kind: 'counted',
      figure,
      unit: '1/request',
      swept: { case: 'rr 64' },
      without: null,
    },
    ...{ reference_low: 1, reference_high: 2, without_error: null, ...over },
  });

const COUNTS = [
  count('kicks', { simulated: 1, error: 0, judgement: 'held' }),
  count('w:TDT', { simulated: 3, ci_low: 3, ci_high: 3, error: 0.5, judgement: 'failed' }),
  count('hlt', { simulated: 9, error: 3.5, judgement: 'shown' }),
  count('bytes', { simulated: null, error: null, judgement: 'none' }),
];

const drawn = (rows: readonly ValidationRow[]): string =>
  validationTable(rows, new Map([['paper', 'A title']]), { colour: false });

describe('the table', () => {
  test('shows a figure beside its reference and what a simpler model says, and why', () => {
    const text = drawn([row({})]);
    expect(text).toContain('paper · A title\npublished: A. Author, A Paper, 2020\n');
    expect(text).toMatch(
      / {2}round trip +42\.0 µs ± 1\.0 +40\.0 µs +\+5\.0 % +20\.0 µs +−50\.0 %\n {4}without: the bare path/,
    );
  });

  test('says a shared remark once', () => {
    const text = drawn([
      row({ figure: 'one' }),
      row({ figure: 'two' }),
      row({ figure: 'three', remark: '' }),
    ]);
    expect(text.match(/without: the bare path/g)).toHaveLength(1);
    expect(text.indexOf('two')).toBeLessThan(text.indexOf('the bare path'));
  });

  test('counts what lies in its range, and lists what does not', () => {
    const text = drawn(COUNTS);
    expect(text).toMatch(/rr 64 +in range: 1 of 2 structural, 0 of 1 timed, 1 not counted by vmio/);
    expect(text).toMatch(/w:TDT +3 +1–2 +\+50\.0 %/);
    expect(text).not.toContain('kicks');
  });

  test('is 100 columns wide at most, however long the words', () => {
    const long = 'a name that goes on and on about what it measures and where';
    const text = drawn([
      row({ figure: long, remark: `without: ${long}, ${long}, ${long}`, source: long.repeat(3) }),
    ]);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    for (const word of long.split(' ')) expect(text).toContain(word);
    expect(text).not.toContain('…');
  });

  test('writes inputs, counts and cycles for what they are', () => {
    const given = drawn([row({ judgement: 'given', error: 0, without: null, without_error: null })]);
    expect(given).toMatch(/40\.0 µs +input +– +–/);
    const cycles = drawn([row({ unit: 'cycles/request', simulated: 7617, ci_low: 7617, ci_high: 7617 })]);
    expect(cycles).toContain('7617 cycles');
    const none = drawn([
      row({ simulated: null, ci_low: null, ci_high: null, error: null, judgement: 'none' }),
    ]);
    expect(none).toMatch(/round trip +– +40\.0 µs +–/);
  });
});

test('an error is signed, a factor from ten times on', () => {
  expect([0, 0.0004, 0.061, -0.333, 1142.9, null].map(percent)).toEqual([
    '0.0 %',
    '0.0 %',
    '+6.1 %',
    '−33.3 %',
    '×1144',
    '–',
  ]);
});

test('the last lines count what held, failed, and came near', () => {
  const rows = [
    row({ kind: 'theory', judgement: 'held' }),
    ...COUNTS,
    row({}),
    row({ error: -0.3 }),
    row({ judgement: 'given', error: 0 }),
  ];
  expect(validationSummary(rows)).toEqual([
    'theory     1 figures held, 0 failed',
    'counted    1 structural counts held, 1 failed',
    'published  1 of 2 figures within 10 %, without the mechanism 0',
  ]);
});

test('prices that a case gives stand with their source, those of the profile in one line', () => {
  const price = (cost: string, over: Partial<PriceRow>): PriceRow => ({
    ...{ scenario: 'paper', datapath: 'native', swept: {}, cost, cycles: 500, ns: null, per_request: 1 },
    ...{ kind: 'published', given_by: 'case', source: 'table 1' },
    ...over,
  });
  const text = priceTable([
    price('vhost.tx', {}),
    price('vhost.tx', { datapath: 'vhost-net' }),
    price('syscall', { given_by: 'server.yaml', kind: 'assumed' }),
    price('exit.kick', { given_by: 'server.yaml' }),
  ]);
  expect(text.match(/vhost\.tx/g)).toHaveLength(1);
  expect(text).toMatch(/vhost\.tx +500 cycles +1 {2}table 1/);
  expect(text).toContain('server.yaml: 1 assumed, 1 published (prices.csv)');
});

test('folding breaks between words and indents what follows', () => {
  expect(folded('one two three', 7, 2)).toBe('one two\n  three');
  expect(folded('one', 7, 2)).toBe('one');
});
