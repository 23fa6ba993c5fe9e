/**
 * A thread that looks at its queues again and again, for ever or for a while: its core is busy all the time. The looks
 * that find nothing are one spin, which ends with the look after something has come.
 */
import type { Cost } from '../../accounting/cost.ts';
import { seconds } from '../../units.ts';
import type { Context } from './context.ts';
import { type BUSY_POLL, SPIN } from './mode.ts';
import type { HostCore } from './thread.ts';

/** A spin is begun anew after as long as this, ps. */
export const LONGEST_SPIN = seconds(1);

/** Where the thread is. */
export interface Placed {
  readonly core: HostCore | null;
}

export class BusyPoll {
  private readonly cpu: Context;
  private readonly thread: Placed;
  private readonly idle: Cost;
  /** Time of one look, ps. */
  private readonly period: () => number;

  /** @param idle the name under which the spin is booked; lasts as long as it lasts. @param period ps from look to look. */
  constructor(cpu: Context, thread: Placed, idle: Cost, period: () => number) {
    this.cpu = cpu;
    this.thread = thread;
    this.idle = idle;
    this.period = period;
  }

  /** Nothing was found: looks on until `notice`, or for `longest` ps. To be followed by `yield RUN`. */
  spin(how: typeof SPIN | typeof BUSY_POLL = SPIN, longest: number = LONGEST_SPIN): void {
    const { cpu } = this;
    const { mode } = cpu;
    cpu.mode = how;
    cpu.spend(this.idle, longest, 1);
    cpu.mode = mode;
  }

  /** Something has come that is looked at: the spin, if there is one, ends with the next look. */
  notice(): void {
    const { cpu, thread } = this;
    if (cpu.willSpin) thread.core?.endSpin(cpu, this.period());
  }
}
