/** The pilot's completions, kept as means of equal batches in bounded memory however long it runs. */

/** MSER-5's batch. */
const FIRST_SIZE = 5;
/** Batches that are kept; even. */
const CAPACITY = 4096;

export interface Batch {
  readonly mean: number;
  /** When the batch's last observation was made. */
  readonly endTime: number;
}

/**
 * Batches of (time, value) observations. When 4,096 are full, neighbours merge and the batch size doubles,
 * so there are always between 2,048 and 4,096 of them once the series is long. Observations of an unfinished
 * batch are left out. Times and values are in any unit, times never falling.
 */
export class BoundedSeries {
  private readonly sums = new Float64Array(CAPACITY);
  private readonly ends = new Float64Array(CAPACITY);
  private full = 0;
  private size = FIRST_SIZE;
  private sum = 0;
  private pending = 0;
  private now = Number.NEGATIVE_INFINITY;

  /** Throws RangeError on a time before the last one, or a value that is not finite. */
  record(time: number, value: number): void {
    if (!(time >= this.now)) throw new RangeError(`observation at ${time} comes after one at ${this.now}`);
    if (!Number.isFinite(value)) throw new RangeError(`observation at ${time} is not finite: ${value}`);
    this.now = time;
    this.sum += value;
    if (++this.pending < this.size) return;
    this.sums[this.full] = this.sum;
    this.ends[this.full] = time;
    this.full++;
    this.sum = this.pending = 0;
    if (this.full === CAPACITY) this.halve();
  }

  /** Observations per batch: 5, 10, 20, … */
  get batchSize(): number {
    return this.size;
  }

  get batches(): Batch[] {
    return this.means.map((mean, i) => ({ mean, endTime: this.ends[i]! }));
  }

  get means(): number[] {
    return Array.from(this.sums.subarray(0, this.full), (sum) => sum / this.size);
  }

  /** When the batch before `index` ended: the time to truncate at so that `index` batches are discarded. */
  startTime(index: number): number {
    if (!(index >= 0 && index <= this.full)) throw new RangeError(`no batch ${index} among ${this.full}`);
    return index === 0 ? 0 : this.ends[index - 1]!;
  }

  private halve(): void {
    this.full = CAPACITY / 2;
    for (let i = 0; i < this.full; i++) {
      this.sums[i] = this.sums[2 * i]! + this.sums[2 * i + 1]!;
      this.ends[i] = this.ends[2 * i + 1]!;
    }
    this.size *= 2;
  }
}
