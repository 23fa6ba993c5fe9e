/** A FIFO link or bus: one transfer at a time, later ones wait. Its whole schedule follows from when it is free. */
import type { Picoseconds } from '../../units.ts';

/** What passed over a link in a window; utilisation law: busy = transfers × mean occupation. */
export interface LinkUse {
  readonly name: string;
  readonly transfers: number;
  readonly busy: number;
  /** Σ occupation², ps²: how much occupations differ. */
  readonly squares: number;
  readonly waited: number;
}

export class Link {
  readonly name: string;
  private freeAt = 0;
  private transfers = 0;
  private busy = 0;
  private squares = 0;
  private waited = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Takes the link for `span` from `ready` on, or from when it is free. @returns when the transfer starts. */
  reserve(ready: Picoseconds, span: Picoseconds): Picoseconds {
    const start = this.freeAt > ready ? this.freeAt : ready;
    this.freeAt = start + span;
    this.transfers++;
    this.busy += span;
    this.squares += span * span;
    this.waited += start - ready;
    return start as Picoseconds;
  }

  /** Time until a transfer that is ready at `now` could start, ps. */
  backlog(now: Picoseconds): number {
    return Math.max(0, this.freeAt - now);
  }

  /**
   * Time it was taken up to `now`, ps; the difference of two is the use between them. Transfers that are reserved but
   * not yet over count as one block up to `freeAt`, so gaps between them (some microseconds at most) are missed.
   */
  busyBy(now: Picoseconds): number {
    return this.busy - this.backlog(now);
  }

  use(): LinkUse {
    const { name, transfers, busy, squares, waited } = this;
    return { name, transfers, busy, squares, waited };
  }
}
