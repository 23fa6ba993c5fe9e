/** Holds a device to the least time between two of its interrupts. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';

export class EdgeGap {
  private readonly sim: Simulation;
  private last = Number.NEGATIVE_INFINITY;
  private shortest = Number.POSITIVE_INFINITY;

  /** @param least ps between two edges. */
  constructor(sim: Simulation, { invariants }: Accounting, name: string, least: Picoseconds) {
    this.sim = sim;
    invariants.add(name, () =>
      this.shortest < least ? `two interrupts ${this.shortest} ps apart, where ${least} is the least` : null,
    );
  }

  edge(): void {
    const { now } = this.sim;
    this.shortest = Math.min(this.shortest, now - this.last);
    this.last = now;
  }
}
