/** One charge of a batch. */
import { NO_REQUEST, type Request } from '../../accounting/timeline.ts';
import { type Mode, OPEN } from './mode.ts';

/**
 * What is paid, where, for whom and how long. Segments are kept and filled anew. Objects, not rows of typed arrays: to set a field
 * takes V8 two instructions, to set an element some nine, as its bounds are checked.
 */
export class Segment {
  /** Index into the account: plane and cost. */
  row = 0;
  mode: Mode = OPEN;
  /** The stages in which the request is served, and in which it waited before, as `stagesOf` puts them together. */
  stages = 0;
  request: Request = NO_REQUEST;
  /** Occurrences that are booked when it ends. */
  count = 0;
  /** What of it is still to run, ps. NaN, so that V8 gives it a field that holds a double. */
  span = Number.NaN;
}

const WAIT = 8;

export const stagesOf = (work: number, wait: number): number => work | (wait << WAIT);
export const workOf = (stages: number): number => stages & ((1 << WAIT) - 1);
export const waitOf = (stages: number): number => stages >> WAIT;
