/** Reads and writes a value with its unit, such as `64 B` or `2.5 us`, exactly. */
import {
  type Decimal,
  decimalOf,
  decimalText,
  dividedShortly,
  isWhole,
  numberOf,
  scaled,
} from './decimal.ts';
import type { Dimension, Unit } from './dimensions.ts';
import { didYouMean, quoted } from './mistake.ts';
import { nearest } from './nearest.ts';

export type Limits = {
  readonly negative?: boolean;
  readonly positive?: boolean;
  /** As a scenario would write it. */
  readonly least?: string;
  readonly most?: string;
};
export type Reading = { readonly value: number } | { readonly mistake: string };

const NUMBER = String.raw`\d+(\.\d+)?([eE][+-]?\d{1,3})?`;
const NUMBER_THEN_UNIT = /^(-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?) *(.*)$/;
// Far more digits than any quantity has; a number of a megabyte would take seconds to multiply.
const LONGEST_TEXT = 100;

const spellings = (unit: Unit): readonly string[] => [unit.name, ...unit.alsoWritten];
const escaped = (text: string): string => text.replace(/[$()*+./?[\\\]^{|}]/g, '\\$&');

/** For JSON Schema, so that an editor flags what `parseQuantity` would refuse. */
export const patternOf = (dimension: Dimension, limits: Limits = {}): string => {
  const units = dimension.units.flatMap(spellings).map(escaped).join('|');
  const sign = limits.negative === true ? '-?' : '';
  return `^${sign}${NUMBER} *(${units})${dimension.bareAllowed === true ? '?' : ''}$`;
};

export const expected = (dimension: Dimension): string => {
  const units = `a number and ${dimension.units.map((unit) => unit.name).join(' | ')}`;
  return dimension.bareAllowed === true ? `a number, or ${units}` : units;
};

/** What to answer where the value is not even text, most often a number without its unit. */
export const withoutUnit = (dimension: Dimension, shown: string): string =>
  `${shown} has no unit (expected ${expected(dimension)})`;

export const parseQuantity = (dimension: Dimension, text: string, limits: Limits = {}): Reading => {
  const no = (reason: string): Reading => ({ mistake: `${quoted(text)} ${reason}` });
  const notOne = `is not ${dimension.name}`;
  const match = text.length > LONGEST_TEXT ? null : NUMBER_THEN_UNIT.exec(text);
  const written = match === null ? undefined : decimalOf(match[1]);
  if (match === null || written === undefined) return no(`${notOne} (expected ${expected(dimension)})`);

  const [, number, unitText] = match;
  if (unitText === '') {
    if (dimension.bareAllowed === true) return inLimits(dimension, written, limits, no);
    return { mistake: withoutUnit(dimension, quoted(text)) };
  }
  const unit = dimension.units.find((candidate) => spellings(candidate).includes(unitText));
  if (unit !== undefined) return inLimits(dimension, scaled(written, unit.times, unit.exponent), limits, no);
  if (Object.hasOwn(dimension.ambiguous, unitText)) {
    return no(`${notOne}: ${unitText} ${dimension.ambiguous[unitText]} (expected ${expected(dimension)})`);
  }
  const meant = nearest(unitText, dimension.units.flatMap(spellings));
  const canonical = dimension.units.find(
    (candidate) => meant !== undefined && spellings(candidate).includes(meant),
  );
  const suggestion = canonical === undefined ? undefined : `${number} ${canonical.name}`;
  return no(`${notOne} (expected ${expected(dimension)})${didYouMean(suggestion)}`);
};

/** A bound that a schema sets. */
const numberIn = (dimension: Dimension, text: string): number => {
  const reading = parseQuantity(dimension, text);
  if ('mistake' in reading) throw new RangeError(reading.mistake);
  return reading.value;
};

const inLimits = (
  dimension: Dimension,
  exact: Decimal,
  limits: Limits,
  no: (reason: string) => Reading,
): Reading => {
  if (exact.digits < 0n && limits.negative !== true) return no('is negative');
  if (exact.digits === 0n && limits.positive === true) return no('must be more than 0');
  if (dimension.split !== undefined && !isWhole(exact)) return no(dimension.split);
  const value = numberOf(exact);
  const most = dimension.most ?? { value: Number.MAX_VALUE, text: 'a number can hold' };
  if (Math.abs(value) > most.value) return no(`is too large (at most ${most.text})`);
  if (value === 0 && exact.digits !== 0n) return no('is too small to tell from 0');
  const { least = '', most: largest = '' } = limits;
  const bound = (text: string): number => numberIn(dimension, text);
  if (least !== '' && value < bound(least)) return no(`is too small (at least ${least})`);
  if (largest !== '' && value > bound(largest)) return no(`is too large (at most ${largest})`);
  return { value };
};

/** The largest unit that writes the value with at most three decimals; otherwise the base unit with all its digits. */
export const formatQuantity = (dimension: Dimension, value: number): string => {
  const exact = decimalOf(String(value));
  if (exact === undefined) throw new RangeError(`${value} cannot be written as ${dimension.name}`);
  for (const unit of dimension.units.toReversed()) {
    const inUnit = dividedShortly(scaled(exact, 1n, -unit.exponent), unit.times, 3);
    if (inUnit === undefined) continue;
    if (Math.abs(numberOf(inUnit)) >= 1) return `${decimalText(inUnit)} ${unit.name}`;
  }
  if (dimension.bareAllowed === true) return decimalText(exact);
  const base = dimension.units[0];
  return `${decimalText(scaled(exact, 1n, -base.exponent))} ${base.name}`;
};
