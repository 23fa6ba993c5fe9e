/** A queue in order of arrival: taking the oldest moves nothing, and an empty queue keeps its memory (arrays do neither). */
export class Fifo<T> {
  length = 0;
  private head = 0;
  private slots: (T | null)[] = new Array(8).fill(null);

  push(item: T): void {
    if (this.length === this.slots.length) this.grow();
    this.slots[(this.head + this.length++) & (this.slots.length - 1)] = item;
  }

  /** Takes the oldest item; null: there is none. */
  shift(): T | null {
    if (this.length === 0) return null;
    const { head, slots } = this;
    const item = slots[head];
    slots[head] = null;
    this.head = (head + 1) & (slots.length - 1);
    this.length--;
    return item;
  }

  /** The oldest item, which stays; null: there is none. */
  peek(): T | null {
    return this.length === 0 ? null : this.slots[this.head];
  }

  includes(item: T): boolean {
    const { head, slots } = this;
    for (let i = 0; i < this.length; i++) if (slots[(head + i) & (slots.length - 1)] === item) return true;
    return false;
  }

  private grow(): void {
    const { head, slots } = this;
    this.slots = [...slots.slice(head), ...slots.slice(0, head), ...new Array(slots.length).fill(null)];
    this.head = 0;
  }
}
