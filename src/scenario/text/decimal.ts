/** Exact decimal numbers as a person writes them: digits × 10^exponent, so that converting a unit rounds at most once. */

export type Decimal = { readonly digits: bigint; readonly exponent: number };

const WRITTEN = /^(-?\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/** Reads `12`, `-2.5` or `1e6`; also whatever `String(number)` writes for a finite number. */
export const decimalOf = (text: string): Decimal | undefined => {
  const match = WRITTEN.exec(text);
  if (match === null) return undefined;
  const [, whole, fraction = '', exponent = '0'] = match;
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
};

export const scaled = (decimal: Decimal, times: bigint, exponent: number): Decimal => ({
  digits: decimal.digits * times,
  exponent: decimal.exponent + exponent,
});

export const isWhole = ({ digits, exponent }: Decimal): boolean =>
  exponent >= 0 || digits % 10n ** BigInt(-exponent) === 0n;

/** The nearest number; rounds once, as the JavaScript parser does. */
export const numberOf = ({ digits, exponent }: Decimal): number => Number(`${digits}e${exponent}`) + 0;

/** Divides by `divisor` when the result has at most `places` decimals; otherwise there is no short way to write it. */
export const dividedShortly = (decimal: Decimal, divisor: bigint, places: number): Decimal | undefined => {
  const shifted = scaled(decimal, 1n, places);
  if (!isWhole(shifted)) return undefined;
  const whole =
    shifted.exponent >= 0
      ? shifted.digits * 10n ** BigInt(shifted.exponent)
      : shifted.digits / 10n ** BigInt(-shifted.exponent);
  return whole % divisor === 0n ? { digits: whole / divisor, exponent: -places } : undefined;
};

/** Plain digits where they stay readable, an exponent where they would be a row of zeros. */
export const decimalText = (decimal: Decimal): string => {
  let { digits, exponent } = decimal;
  if (digits === 0n) return '0';
  while (digits % 10n === 0n) {
    digits /= 10n;
    exponent += 1;
  }
  if (exponent < -20 || exponent > 15) return `${digits}e${exponent}`;
  if (exponent >= 0) return `${digits}${'0'.repeat(exponent)}`;
  const sign = digits < 0n ? '-' : '';
  const plain = String(digits < 0n ? -digits : digits).padStart(1 - exponent, '0');
  return `${sign}${plain.slice(0, exponent)}.${plain.slice(exponent)}`;
};
