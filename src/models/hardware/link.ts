/** A FIFO link or bus: one transfer at a time, later ones wait. Its whole schedule follows from when it is free. */
import type { Picoseconds } from '../../units.ts';

/** What passed over a link in a window; utilisation law: busy = transfers × mean occupation. */
export interface LinkUse {
  readonly name: string;
  readonly transfers: number;
  readonly busy: number;
  readonly waited: number;
}

export class Link {
  readonly name: string;
  private freeAt = 0;
  private transfers = 0;
  private busy = 0;
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
    this.waited += start - ready;
    return start as Picoseconds;
  }

  /** Time until a transfer that is ready at `now` could start, ps. */
  backlog(now: Picoseconds): number {
    return Math.max(0, this.freeAt - now);
  }

  use(): LinkUse {
    const { name, transfers, busy, waited } = this;
    return { name, transfers, busy, waited };
  }
}
