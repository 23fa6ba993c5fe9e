/**
 * The cpuidle governor of guests with cpuidle-haltpoll (drivers/cpuidle/governors/haltpoll.c, Linux 6.8): an idle vCPU polls
 * for a task in the guest, without an exit, before it halts; how long follows from how long it was halted the last times.
 */

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
  /** How long an idle vCPU polls at present, ps (poll_limit_ns); 0 at the start. */
  limit = 0;

  constructor(tunables: HaltpollTunables) {
    this.tunables = tunables;
  }

  /** adjust_poll_limit, after the vCPU was halted for `halted` ps. */
  adjust(halted: number): void {
    const { guest_halt_poll_ns, guest_halt_poll_allow_shrink } = this.tunables;
    const most = guest_halt_poll_ns * NS;
    if (halted > most) {
      if (guest_halt_poll_allow_shrink) this.shrink();
    } else if (halted > this.limit) this.grow(most);
  }

  private grow(most: number): void {
    const { guest_halt_poll_grow: factor, guest_halt_poll_grow_start: start } = this.tunables;
    this.limit = Math.min(Math.max(this.limit * factor, start * NS), most);
  }

  private shrink(): void {
    const { guest_halt_poll_shrink: divisor, guest_halt_poll_grow_start: start } = this.tunables;
    // Before 6.8 it shrank on below the least.
    const shorter = divisor === 0 ? 0 : Math.floor(this.limit / divisor);
    this.limit = shorter < start * NS ? 0 : shorter;
  }
}
