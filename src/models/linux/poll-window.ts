/** How long an idle processor is polled, adapted to how long it was idle: what KVM's and the guest's rules have in common. */

const NS = 1000;

export interface PollWindowTunables {
  /** Factor by which the window grows. */
  readonly grow: number;
  /** Least window, ns. */
  readonly growStart: number;
  /** Divisor by which it shrinks; 0: to nothing. */
  readonly shrink: number;
}

export class PollWindow {
  private readonly tunables: PollWindowTunables;
  /** ps; 0 at the start. */
  length = 0;

  constructor(tunables: PollWindowTunables) {
    this.tunables = tunables;
  }

  /** @param most ps */
  grow(most: number): void {
    const { grow, growStart } = this.tunables;
    this.length = Math.min(Math.max(this.length * grow, growStart * NS), most);
  }

  shrink(): void {
    const { shrink, growStart } = this.tunables;
    const shorter = shrink === 0 ? 0 : Math.floor(this.length / shrink);
    this.length = shorter < growStart * NS ? 0 : shorter;
  }
}
