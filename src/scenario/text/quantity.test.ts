/** Units: what is accepted, what is refused and in which words, and that nothing is lost on the way there and back. */
import fc from 'fast-check';
import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { Picoseconds } from '../../units.ts';
import { BIT_RATE, COUNT, CYCLES, type Dimension, FREQUENCY, RATE, SHARE, SIZE, TIME } from './dimensions.ts';
import { formatQuantity, parseQuantity, patternOf } from './quantity.ts';
import { count, rate, time } from './quantity-schemas.ts';

const accepted: [Dimension, string, number][] = [
  [SIZE, '64 B', 64],
  [SIZE, '1.5 KiB', 1536],
  [SIZE, '2 GiB', 2 ** 31],
  [BIT_RATE, '10 Gbit/s', 1e10],
  [BIT_RATE, '10Gbps', 1e10],
  [BIT_RATE, '1.1 Mbit/s', 1_100_000],
  [RATE, '200 k/s', 200_000],
  [RATE, '1.1 k/s', 1100],
  [RATE, '14.88 Mpps', 14_880_000],
  [RATE, '3/s', 3],
  [RATE, '90 kIOPS', 90_000],
  [TIME, '2.5 us', 2_500_000],
  [TIME, '2.5 \u00b5s', 2_500_000],
  [TIME, '2.5 \u03bcs', 2_500_000],
  [TIME, '0.333 ns', 333],
  [TIME, '1e3 ns', 1_000_000],
  [TIME, '9007 s', 9007e12],
  [FREQUENCY, '3 GHz', 3e9],
  [CYCLES, '1200 cycles', 1200],
  [CYCLES, '0.25 cycles', 0.25],
  [SHARE, '2 %', 0.02],
  [SHARE, '100%', 1],
  [COUNT, '500 M', 500_000_000],
  [COUNT, '12', 12],
];

const named = <T>(rows: [Dimension, string, T][]) =>
  rows.map(([dimension, text, answer]) => ({ name: dimension.name, dimension, text, answer }));

test.each(named(accepted))('$name: $text', ({ dimension, text, answer: value }) => {
  expect(parseQuantity(dimension, text)).toEqual({ value });
  expect(text).toMatch(new RegExp(patternOf(dimension)));
});

const times = 'expected a number and ps | ns | us | ms | s';
const bitRates = 'expected a number and bit/s | kbit/s | Mbit/s | Gbit/s | Tbit/s';
const sizes = 'expected a number and B | KiB | MiB | GiB | TiB';
const refused: [Dimension, string, string][] = [
  [TIME, '5', `"5" has no unit (${times})`],
  [TIME, '5 m', `"5 m" is not a time: m may be minutes or milliseconds (${times})`],
  [TIME, '5 fortnights', `"5 fortnights" is not a time (${times})`],
  [TIME, 'soon', `"soon" is not a time (${times})`],
  [TIME, '5 h', `"5 h" is not a time (${times})`],
  [TIME, '1,000 ns', `"1,000 ns" is not a time (${times})`],
  [TIME, '5 MS', `"5 MS" is not a time (${times}) — did you mean "5 ms"?`],
  [TIME, '0.3 ps', '"0.3 ps" is not a whole number of picoseconds'],
  [TIME, '0.0003 ns', '"0.0003 ns" is not a whole number of picoseconds'],
  [TIME, '-1 ns', '"-1 ns" is negative'],
  [TIME, '3e4 s', '"3e4 s" is too large (at most 9007 s)'],
  [TIME, '1e999 s', '"1e999 s" is too large (at most 9007 s)'],
  [BIT_RATE, '10Gpbs', `"10Gpbs" is not a bit rate (${bitRates}) — did you mean "10 Gbit/s"?`],
  [BIT_RATE, '1 GB/s', `"1 GB/s" is not a bit rate: GB/s counts bytes, not bits (${bitRates})`],
  [BIT_RATE, '1 Gb/s', `"1 Gb/s" is not a bit rate: Gb/s may be bits or bytes (${bitRates})`],
  [SIZE, '4 K', `"4 K" is not a size: K is a prefix without a unit (${sizes})`],
  [SIZE, '4 KB', `"4 KB" is not a size: KB may count in 1000s or in 1024s (${sizes})`],
  [SIZE, '1.5 B', '"1.5 B" is not a whole number of bytes'],
  [RATE, '1e-999 /s', '"1e-999 /s" is too small to tell from 0'],
  [SHARE, '101 %', '"101 %" is too large (at most 100 %)'],
  [SHARE, '0.02', '"0.02" has no unit (expected a number and %)'],
  [COUNT, '1.5', '"1.5" is not a whole number'],
  [COUNT, '3 K', '"3 K" is not a count (expected a number, or a number and k | M | G) — did you mean "3 k"?'],
];

test.each(named(refused))('not $name: $text', ({ dimension, text, answer: mistake }) => {
  expect(parseQuantity(dimension, text)).toEqual({ mistake });
});

test('limits: negative values and zero only where they make sense', () => {
  expect(parseQuantity(TIME, '-1 ns', { negative: true })).toEqual({ value: -1000 });
  expect(parseQuantity(TIME, '-0 ns')).toEqual({ value: 0 });
  expect(parseQuantity(RATE, '0 /s', { positive: true })).toEqual({ mistake: '"0 /s" must be more than 0' });
});

test('a resolved scenario shows the unit a person would choose', () => {
  const texts = [1, 2_500_000, 1_234_567, 20_000_000_000].map((value) => formatQuantity(TIME, value));
  expect(texts).toEqual(['1 ps', '2.5 us', '1234.567 ns', '20 ms']);
  expect([64, 1500, 1536, 65536].map((value) => formatQuantity(SIZE, value))).toEqual([
    '64 B',
    '1500 B',
    '1.5 KiB',
    '64 KiB',
  ]);
  expect(formatQuantity(RATE, 31622.776601683792)).toBe('31622.776601683792 /s');
  expect(formatQuantity(SHARE, 0.02)).toBe('2 %');
  expect(formatQuantity(COUNT, 500_000_000)).toBe('500 M');
});

const whole = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(),
  fc.nat({ max: 9000 }).map((value) => value * 1e12),
);
const real = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
const roundTrips: [Dimension, fc.Arbitrary<number>][] = [
  [TIME, whole],
  [
    SIZE,
    fc.oneof(
      whole,
      fc.nat({ max: 8000 }).map((value) => value * 2 ** 40),
    ),
  ],
  [COUNT, whole],
  [RATE, real],
  [BIT_RATE, real],
  [FREQUENCY, real],
  [CYCLES, real],
  [SHARE, fc.double({ min: 0, max: 1, noNaN: true })],
];
test.each(roundTrips.map(([dimension, values]) => ({ name: dimension.name, dimension, values })))(
  'parse(format(x)) is x: $name',
  ({ dimension, values }) => {
    fc.assert(
      fc.property(values, (value) => {
        const text = formatQuantity(dimension, value);
        expect(parseQuantity(dimension, text)).toEqual({ value });
        expect(text).toMatch(new RegExp(patternOf(dimension)));
      }),
      { numRuns: 1000 },
    );
  },
);

test('the pattern an editor sees accepts exactly what the parser does, limits of size aside', () => {
  const text = fc
    .tuple(
      fc.constantFrom('', '-', '+'),
      fc.constantFrom('1', '1.5', '.5', '1e3', '1e', 'x', ''),
      fc.constantFrom('', ' ', '  '),
      fc.constantFrom('', 'B', 'KiB', 'K', 's', 'us', '%', 'k/s', 'M'),
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.constantFrom(TIME, SIZE, RATE, SHARE, COUNT), text, (dimension, written) => {
      const reading = parseQuantity(dimension, written);
      const formOnly = 'value' in reading || /whole number|too large/.test(reading.mistake);
      expect(new RegExp(patternOf(dimension)).test(written)).toBe(formOnly);
    }),
    { numRuns: 1000 },
  );
});

test('schemas: text in, a branded number out, and back', () => {
  const schema = z.strictObject({ for: time(), at: rate(), most: count() });
  const value = schema.parse({ for: '20 ms', at: '200 k/s', most: 1000 });
  expect(value).toEqual({ for: 20e9, at: 200_000, most: 1000 });
  expectTypeOf(value.for).toEqualTypeOf<Picoseconds>();
  expectTypeOf<z.input<typeof schema>['for']>().toEqualTypeOf<string>();
  expect(z.encode(schema, value)).toEqual({ for: '20 ms', at: '200 k/s', most: '1 k' });
});

test('an editor sees text with a pattern', () => {
  expect(z.toJSONSchema(time(), { io: 'input', target: 'draft-7' })).toEqual({
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'string',
    pattern: patternOf(TIME),
  });
  expect(z.toJSONSchema(time().describe('How long.').prefault('1 ms'), { io: 'input' })).toMatchObject({
    type: 'string',
    description: 'How long.',
    default: '1 ms',
  });
});
