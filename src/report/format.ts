/** Figures as people read them: three significant digits, a fitting prefix, and the half-width of the interval. */

/** Steps of each unit, smallest first. */
const LADDERS: readonly (readonly (readonly [unit: string, size: number])[])[] = [
  [
    ['ps', 1e-12],
    ['ns', 1e-9],
    ['µs', 1e-6],
    ['ms', 1e-3],
    ['s', 1],
  ],
  ...['/s', 'pps', 'bit/s', 'Hz'].map((unit) =>
    ['', 'k', 'M', 'G', 'T'].map((prefix, i) => [prefix + unit, 1e3 ** i] as const),
  ),
  [
    ['B', 1],
    ['KiB', 2 ** 10],
    ['MiB', 2 ** 20],
    ['GiB', 2 ** 30],
  ],
  ['', 'k', 'M', 'G'].map((prefix, i) => [prefix, 1e3 ** i] as const),
];

const ALIASES: Readonly<Record<string, string>> = {
  us: 'µs',
  μs: 'µs', // Greek mu instead of the micro sign
  's⁻¹': '/s',
  '1/s': '/s',
  'requests/s': '/s',
  'req/s': '/s',
  IOPS: '/s',
  bps: 'bit/s',
  'b/s': 'bit/s',
};

/** Counts carry a prefix but no unit: what is counted stands in the column's or the axis's title. */
const COUNT = /^(?:|count|cycles|(?:1|cycles)\/request)$/;

const ladderOf = (unit: string): readonly (readonly [string, number])[] | undefined => {
  if (COUNT.test(unit)) return LADDERS[LADDERS.length - 1];
  return LADDERS.find((steps) => steps.some(([name]) => name === (ALIASES[unit] ?? unit)));
};

/** The same unit under its usual name: `1/s` is `/s`. */
export const sameUnit = (a: string, b: string): boolean => (ALIASES[a] ?? a) === (ALIASES[b] ?? b);

/** A unit to show values in: multiply by `per`. */
export interface Display {
  readonly unit: string;
  readonly per: number;
}

/** The display unit in which `value` is between 1 and 1000, as far as there is one. */
export const displayFor = (value: number, unit: string): Display => {
  const ladder = ladderOf(unit);
  if (ladder === undefined) return { unit, per: 1 };
  const [, from] = ladder.find(([name]) => name === (ALIASES[unit] ?? unit)) ?? ['', 1];
  // Rounded first: 999.9 ns shall become 1 µs, not 1000 ns.
  const size = Number(Math.abs(value * from).toPrecision(3)) * (1 + 1e-12);
  const [shown, step] = ladder.findLast(([, at]) => at <= size) ?? (value === 0 ? [unit, from] : ladder[0]);
  return { unit: shown, per: from / step };
};

/** One display unit for an axis: that of the geometric middle, so that few labels are long. */
export const displayForAll = (values: readonly number[], unit: string): Display => {
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return displayFor(0, unit);
  return displayFor(Math.sqrt(Math.min(...positive)) * Math.sqrt(Math.max(...positive)), unit);
};

/** Decimals that give `value` three significant digits. */
const decimals = (value: number): number => {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(3)))));
  return Math.min(Math.max(2 - exponent, 0), 6);
};

/** A number with three significant digits: `0.97`, `41.2`, `1500`. */
export const plain = (value: number): string => {
  if (Number.isInteger(value) && Math.abs(value) < 1e4) return String(value);
  return fixed(value);
};

const fixed = (value: number): string => value.toFixed(decimals(value));

const join = (figure: string, unit: string): string => (unit === '' ? figure : `${figure} ${unit}`);

/** `4.12 µs`, `198 k/s`, `12.3 k`. */
export const quantity = (value: number, unit: string): string => {
  const display = displayFor(value, unit);
  // A whole number in its own unit may be a count and is written as one; `6 k` would look like one, and is not.
  const figure = display.per === 1 ? plain(value) : fixed(value * display.per);
  return join(figure, display.unit);
};

/**
 * `4.12 µs ± 0.05`; an exact figure stands alone. The half-width is rounded up, with at most one digit more than
 * the value would have alone: it never claims more than was measured.
 */
export const measured = (value: number, low: number | null, high: number | null, unit: string): string => {
  if (low === null || high === null || high <= low) return quantity(value, unit);
  const display = displayFor(value, unit);
  const shown = value * display.per;
  const half = ((high - low) / 2) * display.per;
  const enough = decimals(shown);
  const digits = half < 10 ** -enough ? enough + 1 : enough;
  const step = 10 ** -digits;
  const up = Math.ceil(half / step - 1e-9) * step;
  return `${join(shown.toFixed(digits), display.unit)} ± ${up.toFixed(digits)}`;
};

/** A quantity read back from a swept value, in the unit's base; `null` for words. */
export interface Parsed {
  readonly value: number;
  readonly unit: string;
}

export const parseQuantity = (text: string): Parsed | null => {
  const match = /^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*(\S.*?)?\s*$/i.exec(text);
  if (match === null) return null;
  const unit = match[2] ?? '';
  const ladder = ladderOf(unit);
  if (ladder === undefined || unit === '') return { value: Number(match[1]), unit };
  const [, size] = ladder.find(([name]) => name === (ALIASES[unit] ?? unit)) ?? ['', 1];
  const [base] = ladder.find(([, step]) => step === 1) ?? [unit];
  return { value: Number(match[1]) * size, unit: unit === 'cycles' ? unit : base };
};

/** A swept value as a label: as written when short, else rounded (`17782.794 /s` → `17.8 k/s`). */
export const sweptLabel = (text: string): string => {
  const parsed = parseQuantity(text);
  if (parsed === null || /^[-+]?[\d.]{1,4}(\D|$)/.test(text)) return text;
  const display = displayFor(parsed.value, parsed.unit);
  return join(String(Number((parsed.value * display.per).toPrecision(3))), display.unit);
};
