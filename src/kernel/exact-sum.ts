/** A sum of whole numbers that stays exact where a double would round: totals over all customers pass 2^53. */

const UNIT = 2 ** 52;
const HALF = 2 ** 26;

/** Counts in two parts, `high` x 2^52 + `low`, with 0 <= low < 2^52; exact while the sum is below 2^105. */
export class ExactSum {
  private high = 0;
  private low = 0;

  /** Adds a whole number from 0 to 2^53 - 1. */
  add(value: number): void {
    if (value >= UNIT) {
      this.high++;
      this.low += value - UNIT;
    } else this.low += value;
    if (this.low >= UNIT) {
      this.high++;
      this.low -= UNIT;
    }
  }

  /** Adds `count` times `value`, both whole; `count` below 2^26, `value` below 2^53. */
  addProduct(count: number, value: number): void {
    if (count * value <= UNIT) {
      this.add(count * value);
      return;
    }
    // In parts of 26 bits, so that no product passes 2^53.
    const upper = count * Math.floor(value / HALF);
    this.high += Math.floor(upper / HALF);
    this.add((upper % HALF) * HALF);
    this.add(count * (value % HALF));
  }

  equals(other: ExactSum): boolean {
    return this.high === other.high && this.low === other.low;
  }

  copy(): ExactSum {
    const sum = new ExactSum();
    sum.high = this.high;
    sum.low = this.low;
    return sum;
  }

  /** What was added since `earlier`, a copy of this sum: exact below 2^53, else the nearest double. */
  since(earlier: ExactSum): number {
    return (this.high - earlier.high) * UNIT + (this.low - earlier.low);
  }

  /** Exact below 2^53, else the nearest double. */
  get value(): number {
    return this.high * UNIT + this.low;
  }
}
