/** Whether a point's figures may be believed: steady, short of settling, or saturated by a named station. */
import type { SummaryRow } from './rows.ts';

const NAMED = /^(saturated|short)\s*[:(]?\s*(.*?)\)?$/;

export const isSaturated = (verdict: string): boolean => verdict.startsWith('saturated');
export const isSettled = (verdict: string): boolean => verdict === 'steady' || verdict === '';

/** The station that a verdict names, or ''. */
export const reason = (verdict: string): string => NAMED.exec(verdict)?.[2] ?? '';

/** The worst verdict among `rows`: one saturated row makes the whole point so. */
export const worst = (rows: readonly Pick<SummaryRow, 'verdict'>[]): string =>
  rows.find((row) => isSaturated(row.verdict))?.verdict ??
  rows.find((row) => !isSettled(row.verdict))?.verdict ??
  rows[0]?.verdict ??
  '';
