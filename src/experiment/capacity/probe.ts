/** What was found where the search looked: for each requirement a figure of each replication, as a share of what it may be. */
import { mean } from 'simple-statistics';
import { type Interval, interval } from '../statistics/interval.ts';

export interface Finding {
  /** e.g. `p99 < 100 us of rpc-3`. */
  readonly requirement: string;
  /** The workload or VM that it is asked of; '' of the machine. */
  readonly owner: string;
  /** By replication: 1 is just what is allowed, more is too much. */
  readonly margins: readonly number[];
}

export interface Probe {
  /** At least one. */
  readonly findings: readonly Finding[];
  /** What overflows there; null in a steady state. A saturated point holds nothing. */
  readonly saturated: string | null;
}

/** A saturated point has no steady state to hold an objective in, whatever a finite window shows. */
export const SATURATED = 2;

export const replicationsOf = ({ findings }: Probe): number => findings[0].margins.length;

/** The mean margin of the worst requirement. @param without leaves out this replication */
export const worst = ({ findings, saturated }: Probe, without = -1): number => {
  const means = findings.map(({ margins }) => mean(margins.filter((_, i) => i !== without)));
  const most = Math.max(...means);
  return saturated === null ? most : Math.max(most, SATURATED);
};

/** The requirement that is furthest beyond, or nearest to, what is allowed. */
export const binding = (probe: Probe): string =>
  probe.saturated === null
    ? probe.findings.reduce((a, b) => (mean(b.margins) > mean(a.margins) ? b : a)).requirement
    : 'a steady state';

/** Whether every requirement is held, or some is not, beyond doubt; `close` where it could be either. */
export const decision = (probe: Probe, confidence: number): 'holds' | 'fails' | 'close' => {
  if (probe.saturated !== null) return 'fails';
  // Of several requirements the worst decides, so each is asked with more confidence (Bonferroni).
  const each = 1 - (1 - confidence) / probe.findings.length;
  const found: Interval[] = probe.findings.map(({ margins }) => interval(margins, each));
  if (found.every(({ high }) => high <= 1)) return 'holds';
  return found.some(({ low }) => low > 1) ? 'fails' : 'close';
};
