/** Whether a workload's figures describe a steady state, an overload, or a run that was too short to say. */
import type { Outcome } from './outcome.ts';
import { backlogGrowth, blur, drift, percent, senderLag, shortfall } from './verdict-rules.ts';

export interface Verdict {
  /** `unbound`: there was no network to run on; found before anything is measured. */
  readonly verdict: 'steady' | 'saturated' | 'short' | 'unbound';
  /** In words, with the figures; empty when steady. */
  readonly reasons: readonly string[];
}

export interface VerdictLimits {
  /** Of each two-sided interval; 0.99 errs once in 200 on the side that a rule looks at. */
  readonly confidence?: number;
  /** Completions that each replication must have. */
  readonly samples?: number;
  /** Change of the mean latency between the window's halves that does not matter, as a share of it. */
  readonly drift?: number;
  /** Half width of that change's interval, as a share of the mean latency, from which on no trend could be seen. */
  readonly blur?: number;
  /** Share of the offered load that may be lost, without any queue growing, in a steady state. */
  readonly loss?: number;
  /** The pilot found no end of the warm-up in time (`tooLate` of `mser5`). */
  readonly warmUpTooLate?: boolean;
}

/**
 * The verdict on one workload over the replications of one point, in this order:
 *
 * - `short` if there is but one replication: nothing can then be told from noise;
 * - `saturated` if a client waits for ever because some queue had no room for its request;
 * - `saturated` if less is carried than offered, and the rest is seen to go somewhere that has no steady
 *   state: into a growing backlog, a sender falling behind, or the bin (more than `loss` of it);
 * - `short` if samples are few, the warm-up had no end in time, or latency still moves in the window, or is so
 *   erratic that a move could not be seen;
 * - `steady` otherwise.
 *
 * A load just above capacity in a short window shows as moving or erratic latency, hence `short`: measure
 * longer or add replications.
 * Throws RangeError without any replication.
 */
export function verdict(outcomes: readonly Outcome[], limits: VerdictLimits = {}): Verdict {
  if (outcomes.length === 0) throw new RangeError('a verdict needs at least one replication');
  if (outcomes.length === 1)
    return { verdict: 'short', reasons: ['one replication cannot tell a trend from noise'] };
  const overload = saturation(outcomes, limits);
  if (overload.length > 0) return { verdict: 'saturated', reasons: overload };
  const unsettled = shortness(outcomes, limits);
  return { verdict: unsettled.length > 0 ? 'short' : 'steady', reasons: unsettled };
}

/** Why the point is saturated; empty if it is not. Of a single replication, what its own counts leave no doubt of. */
export function saturation(
  outcomes: readonly Outcome[],
  { confidence = 0.99, loss = 0.01 }: VerdictLimits = {},
): string[] {
  const stalled = Math.max(...outcomes.map((outcome) => outcome.stalled));
  if (stalled > 0)
    return [`${stalled} clients wait for ever for a request that was dropped; nobody retransmits`];
  const lacking = shortfall(outcomes, confidence);
  if (!lacking.present) return [];
  const growing = [backlogGrowth(outcomes, confidence), senderLag(outcomes, confidence)].filter(
    (s) => s.present,
  );
  if (growing.length > 0) return [lacking.words, ...growing.map((sign) => sign.words)];
  // Requests are conserved: what neither waits nor stays with the sender was dropped.
  if (lacking.atLeast > loss) return [lacking.words, `more than ${percent(loss)} was lost`];
  return [];
}

/** Why the run was too short; empty if it was not. */
function shortness(outcomes: readonly Outcome[], limits: VerdictLimits): string[] {
  const { confidence = 0.99, samples = 100, warmUpTooLate = false } = limits;
  const fewest = Math.min(...outcomes.map((outcome) => outcome.samples));
  const latency = [
    drift(outcomes, confidence, limits.drift ?? 0.02),
    blur(outcomes, confidence, limits.blur ?? 1),
  ];
  return [
    ...(fewest < samples ? [`a replication completed only ${fewest} requests, fewer than ${samples}`] : []),
    ...(warmUpTooLate ? ['the pilot found no end of the warm-up in its first half'] : []),
    ...latency.filter((sign) => sign.present).map((sign) => sign.words),
  ];
}
