/** KVM's adaptive halt polling (virt/kvm/kvm_main.c): how long a halted vCPU is polled before it is blocked. */

import { PollWindow } from '../linux/poll-window.ts';

/** The module parameters of kvm, by their real names; times in ns. */
export interface HaltPollTunables {
  readonly halt_poll_ns: number;
  readonly halt_poll_ns_grow: number;
  readonly halt_poll_ns_grow_start: number;
  /** 0 resets the window (Linux ≤ 6.11), 2 halves it (≥ 6.12). */
  readonly halt_poll_ns_shrink: number;
}

const NS = 1000;

export class HaltPoll {
  private readonly tunables: HaltPollTunables;
  private readonly polled: PollWindow;

  constructor(tunables: HaltPollTunables) {
    this.tunables = tunables;
    this.polled = new PollWindow({
      grow: tunables.halt_poll_ns_grow,
      growStart: tunables.halt_poll_ns_grow_start,
      shrink: tunables.halt_poll_ns_shrink,
    });
  }

  get enabled(): boolean {
    return this.tunables.halt_poll_ns > 0;
  }

  /** The present window, ps. */
  get window(): number {
    return this.polled.length;
  }

  set window(length: number) {
    this.polled.length = length;
  }

  /** Adapts the window after the vCPU was halted for `halted` ps; only a wake-up that brought work is valid. */
  adapt(halted: number, valid = true): void {
    const { polled, tunables } = this;
    const most = tunables.halt_poll_ns * NS;
    if (!valid) polled.shrink();
    else if (halted <= polled.length) return;
    else if (polled.length > 0 && halted > most) polled.shrink();
    else if (polled.length < most && halted < most && tunables.halt_poll_ns_grow > 0) polled.grow(most);
  }
}
