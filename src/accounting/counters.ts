/** Exact counts of things that happened (exits, kicks, interrupts, wake-ups, drops), by metric and component. */

/** One count; hot code keeps the object and adds to `value`. */
export class Counter {
  readonly metric: string;
  readonly component: string;
  /** VM it belongs to, or '' for the host's. */
  readonly vm: string;
  value = 0;

  constructor(metric: string, component: string, vm: string) {
    this.metric = metric;
    this.component = component;
    this.vm = vm;
  }
}

/** A distribution of small whole numbers (batch sizes, ring occupancy): sum, count and maximum. */
export class Tally {
  readonly metric: string;
  readonly component: string;
  readonly vm: string;
  count = 0;
  sum = 0;
  max = 0;

  constructor(metric: string, component: string, vm: string) {
    this.metric = metric;
    this.component = component;
    this.vm = vm;
  }

  add(value: number): void {
    this.count++;
    this.sum += value;
    if (value > this.max) this.max = value;
  }

  reset(): void {
    this.count = 0;
    this.sum = 0;
    this.max = 0;
  }
}

/** All counters of one trial, in the order in which they were first named. */
export class Counters {
  private readonly byKey = new Map<string, Counter>();
  private readonly tallies = new Map<string, Tally>();

  counter(metric: string, component: string, vm = ''): Counter {
    const key = `${metric}\u0000${component}\u0000${vm}`;
    let counter = this.byKey.get(key);
    if (counter === undefined) {
      counter = new Counter(metric, component, vm);
      this.byKey.set(key, counter);
    }
    return counter;
  }

  tally(metric: string, component: string, vm = ''): Tally {
    const key = `${metric}\u0000${component}\u0000${vm}`;
    let tally = this.tallies.get(key);
    if (tally === undefined) {
      tally = new Tally(metric, component, vm);
      this.tallies.set(key, tally);
    }
    return tally;
  }

  /** Values now; subtract an earlier snapshot to get a window's counts. */
  snapshot(): number[] {
    return [...this.byKey.values()].map(({ value }) => value);
  }

  /** Counts since `before`; counters named later started at zero. */
  since(before: readonly number[]): { counter: Counter; value: number }[] {
    return [...this.byKey.values()].map((counter, i) => ({
      counter,
      value: counter.value - (before[i] ?? 0),
    }));
  }

  allTallies(): readonly Tally[] {
    return [...this.tallies.values()];
  }

  resetTallies(): void {
    for (const tally of this.tallies.values()) tally.reset();
  }
}
