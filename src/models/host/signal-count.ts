/** Holds a vhost handler to its batches: it decides about an interrupt once a batch, and once more a run. */
import type { Accounting } from '../../accounting/accounting.ts';

export class SignalCount {
  /** Runs, and batches that something else than their end cut short. */
  private runs = 0;
  private packets = 0;
  private decisions = 0;

  /** @param batch packets that are published together. */
  constructor({ invariants }: Accounting, name: string, batch: number) {
    invariants.add(name, () => {
      const most = Math.ceil(this.packets / batch) + this.runs;
      return this.decisions <= most
        ? null
        : `${this.decisions} decisions about an interrupt for ${this.packets} packets in ${this.runs} runs`;
    });
  }

  run(): void {
    this.runs++;
  }

  /** The batch at hand was published early: for a packet that is part of none, or before a busy loop. */
  early(): void {
    this.runs++;
  }

  decision(packets: number): void {
    this.packets += packets;
    this.decisions++;
  }
}
