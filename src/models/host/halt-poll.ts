/** KVM's adaptive halt polling (virt/kvm/kvm_main.c): how long a halted vCPU is polled before it is blocked. */

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
  /** The present window, ps. */
  window = 0;

  constructor(tunables: HaltPollTunables) {
    this.tunables = tunables;
  }

  get enabled(): boolean {
    return this.tunables.halt_poll_ns > 0;
  }

  /** Adapts the window after the vCPU was halted for `halted` ps; only a wake-up that brought work is valid. */
  adapt(halted: number, valid = true): void {
    const most = this.tunables.halt_poll_ns * NS;
    if (!valid) this.shrink();
    else if (halted <= this.window) return;
    else if (this.window > 0 && halted > most) this.shrink();
    else if (this.window < most && halted < most) this.grow(most);
  }

  private grow(most: number): void {
    const { halt_poll_ns_grow: factor, halt_poll_ns_grow_start: start } = this.tunables;
    if (factor === 0) return;
    this.window = Math.min(Math.max(this.window * factor, start * NS), most);
  }

  private shrink(): void {
    const { halt_poll_ns_shrink: divisor, halt_poll_ns_grow_start: start } = this.tunables;
    const shorter = divisor === 0 ? 0 : Math.floor(this.window / divisor);
    this.window = shorter < start * NS ? 0 : shorter;
  }
}
