/** Delay variation between one delivered packet and the next, as networks are judged by it. */

/** RFC 3550 §6.4.1: each new difference moves the estimate by a sixteenth. */
const GAIN = 1 / 16;

/**
 * Streaming jitter of delays (ps) given in the order of delivery. RFC 3393's selection of pairs is here
 * "successive delivered packets", so a lost one is skipped. All results are in ps, 0 below two packets.
 */
export class Jitter {
  private previous = Number.NaN;
  private differences = 0;
  private absolutes = 0;
  private mean = 0;
  private squares = 0;
  private smoothed = 0;

  /** Throws RangeError on a delay that is not finite. */
  record(delay: number): void {
    if (!Number.isFinite(delay)) throw new RangeError(`a delay must be finite, not ${delay}`);
    const difference = delay - this.previous;
    this.previous = delay;
    if (Number.isNaN(difference)) return;
    this.differences++;
    this.absolutes += Math.abs(difference);
    const off = difference - this.mean;
    this.mean += off / this.differences;
    this.squares += off * (difference - this.mean);
    this.smoothed += (Math.abs(difference) - this.smoothed) * GAIN;
  }

  /** Mean |ipdv|, the size of the difference of successive delays (RFC 3393). */
  get meanAbsolute(): number {
    return this.differences === 0 ? 0 : this.absolutes / this.differences;
  }

  /** Sample standard deviation of ipdv; its mean only says by how much the first and last delay differ. */
  get stddev(): number {
    return this.differences < 2 ? 0 : Math.sqrt(this.squares / (this.differences - 1));
  }

  /** RFC 3550 interarrival jitter after the last packet: J += (|D| - J) / 16 from J = 0. */
  get rfc3550(): number {
    return this.smoothed;
  }

  reset(): void {
    this.previous = Number.NaN;
    this.differences = this.absolutes = this.mean = this.squares = this.smoothed = 0;
  }
}
