/** How fast trials end lately, and so how long the rest will take. Those that a journal answers at once are no measure. */

import { roughly } from './roughly.ts';

/** Trials that are looked back at. */
const WINDOW = 30;
/** Faster than this is no simulating, trials per ms. */
const FASTEST = 2;

export class Pace {
  private readonly times: number[];

  /** @param start ms. */
  constructor(start: number) {
    this.times = [start];
  }

  /** A trial ended. @param now ms. */
  done(now: number): void {
    this.times.push(now);
    if (this.times.length > WINDOW) this.times.shift();
  }

  /** Trials per second, or null while it cannot be said. */
  get rate(): number | null {
    const { times } = this;
    const span = times[times.length - 1] - times[0];
    const count = times.length - 1;
    return count < 2 || span <= 0 || count / span > FASTEST ? null : (count / span) * 1000;
  }

  /** `12 /s, 3 min left`; '' while it cannot be said. @param left trials to come. */
  text(left: number): string {
    const { rate } = this;
    if (rate === null) return '';
    return `${Number(rate.toPrecision(2))} /s, ${roughly(left / rate)} left`;
  }
}
