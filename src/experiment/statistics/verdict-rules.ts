/** The signs a verdict is made of; each looks at one quantity across the replications of a trial set. */
import { inMicroseconds, inSeconds } from '../../units.ts';
import { interval } from './interval.ts';
import type { Outcome } from './outcome.ts';
import { differs, pairedDifference } from './paired.ts';

/** Standard deviations of a count that chance may explain. */
const NOISE = 3;

export interface Sign {
  /** Beyond chance, and large enough to matter. */
  readonly present: boolean;
  /** The least it is at the asked confidence; in the unit that the rule names. */
  readonly atLeast: number;
  readonly words: string;
}

/**
 * Carried less than offered; a share of the load. Present when the lower bound is above zero, so that
 * the replications agree, and the mean is above what a Poisson count of all requests offered may lack.
 */
export function shortfall(outcomes: readonly Outcome[], confidence: number): Sign {
  const shares = outcomes.map(({ offered, carried }) => (offered > 0 ? 1 - carried / offered : 0));
  const { mean, low } = interval(shares, confidence);
  const present = low > 0 && mean > NOISE / Math.sqrt(outcomes.reduce((sum, o) => sum + requests(o), 0));
  return { present, atLeast: low, words: `carried ${percent(mean)} less than offered` };
}

/**
 * Backlog growing from the first half of the window to the second; in requests. Present when the lower
 * bound exceeds the one request by which the cut of a periodic pattern may shift a mean.
 */
export function backlogGrowth(outcomes: readonly Outcome[], confidence: number): Sign {
  const growth = outcomes.map(({ backlog: [first, second] }) => second - first);
  const { mean, low } = interval(growth, confidence);
  const words = `the backlog grew by ${mean.toFixed(1)} requests from the first half of the window to the second`;
  return { present: low > 1, atLeast: low, words };
}

/**
 * The sender falling behind its schedule; a share of the window. Present when the lower bound is above
 * the noise of a Poisson count over one window: a sender that is blocked now and then stays well below.
 */
export function senderLag(outcomes: readonly Outcome[], confidence: number): Sign {
  const { low } = interval(
    outcomes.map(({ lagAtEnd, window }) => lagAtEnd / window),
    confidence,
  );
  const { mean } = interval(outcomes.map(({ lagAtEnd }) => inMicroseconds(lagAtEnd)));
  const perWindow = outcomes.reduce((sum, o) => sum + requests(o), 0) / outcomes.length;
  const words = `the sender ended ${mean.toFixed(1)} us behind its schedule`;
  return { present: low > NOISE / Math.sqrt(perWindow), atLeast: low, words };
}

/**
 * Latency still moving inside the window, either way; a share of its mean. Present when the paired interval
 * of second less first half excludes zero and the difference is more than `tolerated`, a share too. A half
 * without any completion counts as moving.
 */
export function drift(outcomes: readonly Outcome[], confidence: number, tolerated: number): Sign {
  const found = latencyChange(outcomes, confidence);
  if (found === undefined) {
    return { present: true, atLeast: 0, words: 'no request was completed in one half of the window' };
  }
  const { change, level } = found;
  const share = change.mean / level;
  const atLeast = differs(change) ? Math.min(Math.abs(change.low), Math.abs(change.high)) / level : 0;
  const words = `mean latency moved by ${percent(share)} from the first half of the window to the second`;
  return { present: differs(change) && Math.abs(share) > tolerated, atLeast, words };
}

/**
 * Latency so erratic that no drift could have been seen: the half width of the drift's interval, as a share
 * of the mean latency, is above `tolerated`. Few replications of a climbing queue look like that.
 */
export function blur(outcomes: readonly Outcome[], confidence: number, tolerated: number): Sign {
  const found = latencyChange(outcomes, confidence);
  const share = found === undefined ? 0 : found.change.halfWidth / found.level;
  const words = `replications disagree on the trend of latency by ± ${percent(share)} of its mean`;
  return { present: share > tolerated, atLeast: share, words };
}

/** Second less first half, paired (ps), and the mean latency (ps); nothing where a half had no completion. */
function latencyChange(outcomes: readonly Outcome[], confidence: number) {
  const first = outcomes.map(({ latency }) => latency[0]);
  const second = outcomes.map(({ latency }) => latency[1]);
  if (![...first, ...second].every(Number.isFinite)) return undefined;
  const change = pairedDifference(second, first, confidence);
  // A mean of zero means that all are zero: nothing moves then, by any measure.
  return { change, level: interval([...first, ...second]).mean || 1 };
}

const requests = ({ offered, window }: Outcome): number => offered * inSeconds(window);

export const percent = (share: number): string => `${(share * 100).toPrecision(3)} %`;
