/** Whose turn it is within one instant: cores react to each other's steps one after the other, never inside one. */

interface Reacting {
  reconsider(): void;
}

export class Turn {
  taken = false;
  private readonly queue: Reacting[] = [];

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
    while (this.queue.length > 0) (this.queue.shift() as Reacting).reconsider();
  }
}
