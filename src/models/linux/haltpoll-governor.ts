/**
 * The cpuidle governor of guests with cpuidle-haltpoll (drivers/cpuidle/governors/haltpoll.c, Linux 6.8): an idle vCPU polls
 * for a task in the guest, without an exit, before it halts; how long follows from how long it was halted the last times.
 */

import { PollWindow } from './poll-window.ts';

/** The governor's parameters, by their real names; times in ns. */
export interface HaltpollTunables {
  readonly guest_halt_poll_ns: number;
  readonly guest_halt_poll_grow: number;
  readonly guest_halt_poll_grow_start: number;
  /** 0 resets the limit. */
  readonly guest_halt_poll_shrink: number;
  readonly guest_halt_poll_allow_shrink: boolean;
}

const NS = 1000;

export class HaltpollGovernor {
  private readonly tunables: HaltpollTunables;
  private readonly polled: PollWindow;

  constructor(tunables: HaltpollTunables) {
    this.tunables = tunables;
    // Before 6.8 it shrank on below the least.
    this.polled = new PollWindow({
      grow: tunables.guest_halt_poll_grow,
      growStart: tunables.guest_halt_poll_grow_start,
      shrink: tunables.guest_halt_poll_shrink,
    });
  }

  /** How long an idle vCPU polls at present, ps (poll_limit_ns). */
  get limit(): number {
    return this.polled.length;
  }

  set limit(length: number) {
    this.polled.length = length;
  }

  /** adjust_poll_limit, after the vCPU was halted for `halted` ps. */
  adjust(halted: number): void {
    const { polled, tunables } = this;
    const most = tunables.guest_halt_poll_ns * NS;
    if (halted > most) {
      if (tunables.guest_halt_poll_allow_shrink) polled.shrink();
    } else if (halted > polled.length) polled.grow(most);
  }
}
