/** Whether a point's figures may be believed: steady, short of settling, or saturated by a named station. */
import type { SummaryRow } from './rows.ts';

const NAMED = /^(saturated|short|unbound)\s*[:(]?\s*(.*?)\)?$/;

export const isSaturated = (verdict: string): boolean => verdict.startsWith('saturated');
/** No driver took the VM's card, so there was nothing to measure. */
export const isUnbound = (verdict: string): boolean => verdict.startsWith('unbound');
/** There are no percentiles, and words stand in their place. */
export const hasNoPercentiles = (verdict: string): boolean => isSaturated(verdict) || isUnbound(verdict);
export const isSettled = (verdict: string): boolean => verdict === 'steady' || verdict === '';

/** The station that a verdict names, or ''. */
export const reason = (verdict: string): string => NAMED.exec(verdict)?.[2] ?? '';

/** The worst verdict among `rows`: one saturated row makes the whole point so. */
export const worst = (rows: readonly Pick<SummaryRow, 'verdict'>[]): string =>
  rows.find((row) => isSaturated(row.verdict))?.verdict ??
  rows.find((row) => !isSettled(row.verdict))?.verdict ??
  rows[0]?.verdict ??
  '';
