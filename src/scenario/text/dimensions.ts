/** The units a scenario may use, one table per dimension; each value becomes a count of the dimension's base unit. */

export type Unit = {
  /** The spelling that messages and resolved scenarios use. */
  readonly name: string;
  readonly alsoWritten: readonly string[];
  /** One of this unit is `times` × 10^`exponent` of the base unit. */
  readonly times: bigint;
  readonly exponent: number;
};

export type Dimension = {
  /** With its article, as it stands in a message: "is not a time". */
  readonly name: string;
  /** From small to large; the first is what a value falls back to when no larger unit writes it shortly. */
  readonly units: readonly Unit[];
  /** The base unit cannot be split, and this says so: the kernel counts whole picoseconds, a buffer whole bytes. */
  readonly split?: string;
  readonly most?: { readonly value: number; readonly text: string };
  /** A count needs no unit. */
  readonly bareAllowed?: boolean;
  /** Spellings that two readers would read differently, and how; never guessed at. */
  readonly ambiguous: Readonly<Record<string, string>>;
};

const decimal = (name: string, exponent: number, ...alsoWritten: string[]): Unit => ({
  name,
  alsoWritten,
  times: 1n,
  exponent,
});
const binary = (name: string, power: number): Unit => ({
  name,
  alsoWritten: [],
  times: 1024n ** BigInt(power),
  exponent: 0,
});
const all = (spellings: readonly string[], reason: string): Record<string, string> =>
  Object.fromEntries(spellings.map((spelling) => [spelling, reason]));

const PREFIX_ALONE = all(['k', 'K', 'm', 'M', 'G', 'T'], 'is a prefix without a unit');
const exactly = { value: Number.MAX_SAFE_INTEGER, text: '9007199254740991' };

export const TIME: Dimension = {
  name: 'a time',
  units: [
    decimal('ps', 0),
    decimal('ns', 3),
    // The two other spellings are the micro sign and the Greek letter: keyboards differ.
    decimal('us', 6, '\u00b5s', '\u03bcs'),
    decimal('ms', 9),
    decimal('s', 12),
  ],
  split: 'is not a whole number of picoseconds',
  most: { value: Number.MAX_SAFE_INTEGER, text: '9007 s' },
  ambiguous: { ...PREFIX_ALONE, m: 'may be minutes or milliseconds' },
};

export const RATE: Dimension = {
  name: 'a rate',
  units: [
    decimal('/s', 0, 'pps', 'IOPS'),
    decimal('k/s', 3, 'kpps', 'kIOPS'),
    decimal('M/s', 6, 'Mpps', 'MIOPS'),
    decimal('G/s', 9),
  ],
  ambiguous: { ...PREFIX_ALONE, 'm/s': 'may be milli or mega' },
};

export const BIT_RATE: Dimension = {
  name: 'a bit rate',
  units: [
    decimal('bit/s', 0, 'bps'),
    decimal('kbit/s', 3, 'kbps'),
    decimal('Mbit/s', 6, 'Mbps'),
    decimal('Gbit/s', 9, 'Gbps'),
    decimal('Tbit/s', 12, 'Tbps'),
  ],
  ambiguous: {
    ...PREFIX_ALONE,
    ...all(
      ['B/s', 'kB/s', 'KB/s', 'MB/s', 'GB/s', 'TB/s', 'KiB/s', 'MiB/s', 'GiB/s'],
      'counts bytes, not bits',
    ),
    ...all(['b/s', 'kb/s', 'Kb/s', 'Mb/s', 'Gb/s', 'Tb/s'], 'may be bits or bytes'),
  },
};

export const SIZE: Dimension = {
  name: 'a size',
  units: [binary('B', 0), binary('KiB', 1), binary('MiB', 2), binary('GiB', 3), binary('TiB', 4)],
  split: 'is not a whole number of bytes',
  most: exactly,
  ambiguous: {
    ...PREFIX_ALONE,
    ...all(['kB', 'KB', 'MB', 'GB', 'TB'], 'may count in 1000s or in 1024s'),
    ...all(['b', 'kb', 'Kb', 'Mb', 'Gb'], 'may be bits or bytes'),
  },
};

export const FREQUENCY: Dimension = {
  name: 'a frequency',
  units: [decimal('Hz', 0), decimal('kHz', 3), decimal('MHz', 6), decimal('GHz', 9)],
  ambiguous: PREFIX_ALONE,
};

export const CYCLES: Dimension = {
  name: 'an amount of work',
  units: [decimal('cycles', 0, 'cycle')],
  ambiguous: PREFIX_ALONE,
};

export const SHARE: Dimension = {
  name: 'a share',
  units: [decimal('%', -2)],
  most: { value: 1, text: '100 %' },
  ambiguous: {},
};

export const COUNT: Dimension = {
  name: 'a count',
  units: [decimal('k', 3), decimal('M', 6), decimal('G', 9)],
  split: 'is not a whole number',
  most: exactly,
  bareAllowed: true,
  ambiguous: { m: 'may be milli or mega' },
};
