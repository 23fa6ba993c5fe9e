/** What the exit status says. */
export const FINE = 0;
/** An `expect:` failed, or a point saturated that was not expected to. */
export const FAILED = 1;
/** The input or the usage is wrong. */
export const WRONG_INPUT = 2;
/** A broken invariant: our bug. */
export const OUR_BUG = 3;
/** Interrupted; what was finished is kept. */
export const INTERRUPTED = 130;
