/** What a core asks of the scheduler that serves it; the policy lives in the host (models/host). */
import type { Core } from './core.ts';
import type { Thread } from './thread.ts';

export interface Scheduler {
  /** `thread` became runnable: choose a core, queue it there, and say whether it should preempt. */
  wake(thread: Thread): void;
  /** Takes the thread that `core` should run next out of its queue. */
  pick(core: Core): Thread | null;
  /** `thread` was cut but wants to go on: put it back into the queue of `core`. */
  putBack(core: Core, thread: Thread): void;
  /** Threads waiting for `core`. */
  waiting(core: Core): number;
  /** Brings the books of the running thread up to date (`ran` ps since it was switched in or last charged). */
  charge(thread: Thread, ran: number): void;
  /** When `thread`, switched in on `core` at `since`, should give way to those waiting, ps; Infinity: never. */
  sliceEnd(core: Core, thread: Thread, since: number): number;
}
