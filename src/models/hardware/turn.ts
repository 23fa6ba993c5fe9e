/** Whose turn it is within one instant: cores react to each other's steps one after the other, never inside one. */

import { Fifo } from './fifo.ts';

interface Reacting {
  reconsider(): void;
}

export class Turn {
  taken = false;
  private readonly queue = new Fifo<Reacting>();

  /** @returns whether the caller is the outermost and must `give` the turn back. */
  take(): boolean {
    if (this.taken) return false;
    this.taken = true;
    return true;
  }

  /** `core` will reconsider when the step in progress is over. */
  later(core: Reacting): void {
    if (!this.queue.includes(core)) this.queue.push(core);
  }

  give(): void {
    this.taken = false;
    for (let next = this.queue.shift(); next !== null; next = this.queue.shift()) next.reconsider();
  }
}
