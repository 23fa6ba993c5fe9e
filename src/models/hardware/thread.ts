/** Something a core's scheduler runs: a plain program, or a vCPU with contexts of its own. */
import type { Counter } from '../../accounting/counters.ts';
import type { Account } from '../../accounting/ledger.ts';
import type { Context, Level } from './context.ts';
import type { Mode } from './mode.ts';

/** A physical core as its scheduler and its threads see it. */
export interface HostCore extends Level {
  readonly name: string;
  readonly id: number;
  readonly scheduler: Scheduler;
  /** The thread that has the core. */
  readonly thread: Thread | null;
  /** Looks again at what should run. */
  reconsider(): void;
  /** A thread was put into the core's queue. */
  queued(preempts: boolean): void;
  /** Brings the running thread's virtual run time up to date. */
  chargeRunning(): void;
  /** Mode of the guest code or exit that `thread`, a vCPU, executes on the core at this instant, or null. */
  guestModeOf(thread: Thread): Mode | null;
}

/** What a core asks of the scheduler that serves it; the policy lives in the host (models/host). */
export interface Scheduler {
  /** `thread` became runnable: choose a core, queue it there, and say whether it should preempt. */
  wake(thread: Thread): void;
  /** Takes the thread that `core` should run next out of its queue. */
  pick(core: HostCore): Thread | null;
  /** `thread` was cut but wants to go on: put it back into the queue of `core`. */
  putBack(core: HostCore, thread: Thread): void;
  /** Threads waiting for `core`. */
  waiting(core: HostCore): number;
  /** Books `ran` ps of run time for `thread`. */
  charge(thread: Thread, ran: number): void;
  /** When `thread`, switched in at `since`, should give way to those waiting, ps; Infinity: never. */
  sliceEnd(thread: Thread, since: number): number;
}

/** Real-time threads preempt fair ones; fair ones share by weight. */
export type SchedulingClass = 'fair' | 'fifo';

export interface Placement {
  /** Cores the thread may run on; at least one. */
  readonly affinity: readonly number[];
  readonly weight?: number;
  readonly policy?: SchedulingClass;
}

export abstract class Thread {
  readonly name: string;
  readonly affinity: readonly number[];
  readonly weight: number;
  readonly policy: SchedulingClass;
  /** Where it runs, is queued, or ran last. */
  core: HostCore | null = null;
  /** Not blocked: it runs or waits for its core. */
  runnable = false;
  /** Weighted time it has run, ps: the fair scheduler's order. */
  virtualRuntime = 0;
  /** When it was last switched in, ps. */
  switchedInAt = 0;
  migrations = 0;
  /** Counts how often it became runnable; the scheduler names it at the first time. */
  wakeups: Counter | null = null;

  constructor(name: string, placement: Placement) {
    this.name = name;
    this.affinity = placement.affinity;
    this.weight = placement.weight ?? 1024;
    this.policy = placement.policy ?? 'fair';
  }

  /** The context that should run now, or null when the thread blocks. */
  abstract leaf(): Context | null;

  /** Called when the thread gets a core: the first context it runs pays for the switch. */
  abstract switchedIn(core: HostCore, account: (payer: string, guest: boolean) => Account): void;
}

/** A thread that is one program. */
export class TaskThread extends Thread {
  context!: Context;

  leaf(): Context | null {
    return this.context.runnable ? this.context : null;
  }

  switchedIn(core: HostCore, account: (payer: string, guest: boolean) => Account): void {
    if (this.context.level === core) return;
    // What is pending on this core now says where its batch must stop.
    this.context.level = core;
    this.context.account = account(this.context.payer, this.context.guest);
  }
}
