/** A condition for which several threads can wait, such as the end of warm-up or room in a ring that they share. */

/** Whoever sleeps on a signal. */
export interface Sleeper {
  wake(): void;
}

/** `yield signal` sleeps until the next `raise()`. Unlike `Thread.signal()` it is not remembered: look first, then wait. */
export class Signal {
  private sleepers: Sleeper[] = [];
  private woken: Sleeper[] = [];

  /** Wakes everyone who waits now, in the order in which they came. */
  raise(): void {
    const woken = this.sleepers;
    this.sleepers = this.woken;
    this.woken = woken;
    for (const sleeper of woken) sleeper.wake();
    woken.length = 0;
  }

  /** Called by the thread that yields this signal. */
  add(sleeper: Sleeper): void {
    this.sleepers.push(sleeper);
  }
}
