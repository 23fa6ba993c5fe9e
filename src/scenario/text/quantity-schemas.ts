/** Schemas for values with units: text with a unit in the file, a branded number in the program, and back for resolved scenarios. */
import { z } from 'zod';
import type { BitsPerSecond, Bytes, Cycles, Hertz, PerSecond, Picoseconds } from '../../units.ts';
import { BIT_RATE, COUNT, CYCLES, type Dimension, FREQUENCY, RATE, SHARE, SIZE, TIME } from './dimensions.ts';
import { expected, formatQuantity, type Limits, parseQuantity, patternOf, withoutUnit } from './quantity.ts';

export type QuantitySchema<Q extends number> = z.ZodCodec<z.ZodString, z.ZodType<Q, Q>>;

/** What the text of a quantity schema may be, for messages about unions that have one among their options. */
export const expectations = z.registry<{ expected: string }>();

type Push = { readonly issues: z.core.$ZodRawIssue[] };

const decode = (dimension: Dimension, text: string, limits: Limits, context: Push): number => {
  const reading = parseQuantity(dimension, text, limits);
  if ('value' in reading) return reading.value;
  context.issues.push({ code: 'custom', input: text, message: reading.mistake });
  return z.NEVER;
};

const textOf = (dimension: Dimension, limits: Limits): z.ZodString =>
  z
    .string({
      error: ({ input }) => (typeof input === 'number' ? withoutUnit(dimension, String(input)) : undefined),
    })
    .meta({ pattern: patternOf(dimension, limits) })
    .register(expectations, { expected: `${dimension.name} (${expected(dimension)})` });

const quantity = <Q extends number>(dimension: Dimension, limits: Limits): QuantitySchema<Q> =>
  z.codec(textOf(dimension, limits), z.number() as unknown as z.ZodType<Q, Q>, {
    decode: (text, context) => decode(dimension, text, limits, context) as Q,
    encode: (value) => formatQuantity(dimension, value),
  });

/** Whole picoseconds: `2.5 us`, `20 ms`. */
export const time = (limits: Limits = {}): QuantitySchema<Picoseconds> => quantity(TIME, limits);
/** Events per second: `200 k/s`, `14.88 Mpps`. */
export const rate = (limits: Limits = {}): QuantitySchema<PerSecond> => quantity(RATE, limits);
/** `10 Gbit/s`. */
export const bitRate = (limits: Limits = {}): QuantitySchema<BitsPerSecond> => quantity(BIT_RATE, limits);
/** Whole bytes: `64 B`, `1.5 KiB`. */
export const size = (limits: Limits = {}): QuantitySchema<Bytes> => quantity(SIZE, limits);
/** `3 GHz`. */
export const frequency = (limits: Limits = {}): QuantitySchema<Hertz> => quantity(FREQUENCY, limits);
/** Work on a core, which may be a fraction of a cycle per byte: `1200 cycles`, `0.25 cycles`. */
export const cycles = (limits: Limits = {}): QuantitySchema<Cycles> => quantity(CYCLES, limits);
/** `2 %` in the file, 0.02 in the program. */
export const share = (limits: Limits = {}): QuantitySchema<number> => quantity(SHARE, limits);

const countText = (limits: Limits) => z.union([z.number(), textOf(COUNT, limits)]);

/** A large count, with or without a suffix: `500 M`, `1000`. */
export const count = (limits: Limits = {}): z.ZodCodec<ReturnType<typeof countText>, z.ZodNumber> =>
  z.codec(countText(limits), z.number(), {
    decode: (written, context) => decode(COUNT, String(written), limits, context),
    encode: (value) => {
      const text = formatQuantity(COUNT, value);
      return text.includes(' ') ? text : value;
    },
  });
