/** The rows of `vmio validate`: one figure each, simulated and referred to; and the prices that it rests on. */
import type { Point } from '../experiment/rows.ts';

export type Kind = 'theory' | 'counted' | 'published';

/**
 * `held` and `failed` are judged; `shown` is a published figure or a count that depends on timing, whose error says all;
 * `given` is an input of the case; `none`: the simulation has no such figure.
 */
export type Judgement = 'held' | 'failed' | 'shown' | 'given' | 'none';

/** `scenario` is the case; the reference of a count is a range, of all else one figure. */
export interface ValidationRow extends Point {
  readonly kind: Kind;
  readonly figure: string;
  readonly unit: string;
  readonly simulated: number | null;
  /** Of the mean over replications; only where the figure is a single one. */
  readonly ci_low: number | null;
  readonly ci_high: number | null;
  readonly reference_low: number;
  readonly reference_high: number;
  /** Distance to the reference as a share of it; null where there is none, or the reference is 0. */
  readonly error: number | null;
  /** What a model without the mechanism says, and its error. */
  readonly without: number | null;
  readonly without_error: number | null;
  readonly judgement: Judgement;
  /** Rows of the table of measurements, if the figure is in it. */
  readonly rows: string;
  readonly source: string;
  readonly remark: string;
}

/** A price in force that somebody paid. */
export interface PriceRow extends Point {
  readonly cost: string;
  readonly cycles: number | null;
  readonly ns: number | null;
  readonly per_request: number;
  readonly kind: string;
  /** The case itself, or its machine profile. */
  readonly given_by: string;
  readonly source: string;
}

/** How far `value` is from the range, as a share of its nearer end; 0 inside, null where that end is 0. */
export const errorOf = (value: number | null, low: number, high: number): number | null => {
  if (value === null) return null;
  const nearest = Math.min(Math.max(value, low), high);
  if (value === nearest) return 0;
  return nearest === 0 ? null : (value - nearest) / nearest;
};
