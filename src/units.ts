/** Quantities with units: the only file where work becomes time and the only one that rounds. */

declare const unit: unique symbol;
export type Quantity<U extends string> = number & { readonly [unit]: U };

/** The kernel's tick: always an integer. 2^53 ps is 2.5 simulated hours. */
export type Picoseconds = Quantity<'ps'>;
/** Work on a core; meaningless without a clock rate. */
export type Cycles = Quantity<'cycles'>;
export type Hertz = Quantity<'Hz'>;
export type Bytes = Quantity<'B'>;
export type BitsPerSecond = Quantity<'bit/s'>;
/** Events per simulated second. */
export type PerSecond = Quantity<'1/s'>;

const rounded = (value: number): Picoseconds => Math.round(value) as Picoseconds;

export const ps = (value: number): Picoseconds => rounded(value);
export const ns = (value: number): Picoseconds => rounded(value * 1e3);
export const us = (value: number): Picoseconds => rounded(value * 1e6);
export const ms = (value: number): Picoseconds => rounded(value * 1e9);
export const seconds = (value: number): Picoseconds => rounded(value * 1e12);
export const cycles = (value: number): Cycles => value as Cycles;
export const hertz = (value: number): Hertz => value as Hertz;
export const bytes = (value: number): Bytes => value as Bytes;
export const bitsPerSecond = (value: number): BitsPerSecond => value as BitsPerSecond;
export const perSecond = (value: number): PerSecond => value as PerSecond;

/** Adds two quantities of the same unit; mixing units is a compile error. */
export const plus = <Q extends Quantity<string>>(a: Q, b: NoInfer<Q>): Q => (a + b) as Q;

/** Subtracts a quantity from another of the same unit. */
export const minus = <Q extends Quantity<string>>(a: Q, b: NoInfer<Q>): Q => (a - b) as Q;

/** The time that `work` takes on a core clocked at `clock`. */
export const duration = (work: Cycles, clock: Hertz): Picoseconds => rounded((work / clock) * 1e12);

/** The work that a core clocked at `clock` does in `time`; a view, never added up. */
export const workIn = (time: Picoseconds, clock: Hertz): Cycles => ((time * clock) / 1e12) as Cycles;

/** The time that `size` bytes occupy a link of `rate`. */
export const transferTime = (size: Bytes, rate: BitsPerSecond): Picoseconds =>
  rounded((size * 8 * 1e12) / rate);

/** The mean gap between events at `rate`. */
export const interval = (rate: PerSecond): Picoseconds => rounded(1e12 / rate);

export const inSeconds = (time: Picoseconds): number => time / 1e12;
export const inMicroseconds = (time: Picoseconds): number => time / 1e6;
export const inNanoseconds = (time: Picoseconds): number => time / 1e3;

/** Longest trial: beyond it a picosecond count is no longer exact. */
export const LONGEST_TRIAL: Picoseconds = Number.MAX_SAFE_INTEGER as Picoseconds;
