/** What a search for a capacity is asked with, and what it answers. */
import type { Probe } from './probe.ts';
import type { Kind } from './scale.ts';

export interface SearchOptions {
  /** Replications of a first look, at least 2. */
  readonly replications: number;
  /** Replications of one value after which it stays undecided. */
  readonly maxReplications: number;
  /** Of a number that need not be whole: wanted half width of the interval, as a share of the capacity. */
  readonly precision: number;
  /** Of the interval, e.g. 0.95. */
  readonly confidence: number;
}

/** Simulates at a value with so many replications, of which the first ones are always the same. */
export type Look = (value: number, replications: number) => Promise<Probe>;

export interface Capacity {
  /** `load`: the largest value that holds; `resource`: the smallest. Null where the ends do not tell. */
  readonly kind: Kind | null;
  /** Null where all of the values hold, or none. */
  readonly value: number | null;
  /** The interval; that of all values where nothing else is known. */
  readonly low: number;
  readonly high: number;
  readonly beyond: 'all' | 'none' | null;
  /** The nearest values that were looked at: inside, and outside. Null where there is none; where none holds, the end that comes nearest. */
  readonly holds: number | null;
  readonly fails: number | null;
  /** What was looked at, by rising value. */
  readonly looks: readonly { readonly value: number; readonly replications: number }[];
}
