/** Delay variation of a stream of completed requests, in the order of completion. */
import type { Picoseconds } from '../units.ts';

/** RFC 3550 §6.4.1: the estimator moves by one sixteenth of each new difference. */
const RFC3550_GAIN = 16;

/** RFC 3393 (IP delay variation: difference of consecutive delays) and RFC 3550 (smoothed) jitter. */
export class JitterMeter {
  private previous = -1;
  private differences = 0;
  private sumAbsolute = 0;
  private sumSquares = 0;
  private smoothed = 0;

  record(latency: Picoseconds): void {
    if (this.previous >= 0) {
      const difference = Math.abs(latency - this.previous);
      this.differences++;
      this.sumAbsolute += difference;
      this.sumSquares += difference * difference;
      this.smoothed += (difference - this.smoothed) / RFC3550_GAIN;
    }
    this.previous = latency;
  }

  /** Mean of |D|, ps. */
  get ipdvMean(): number {
    return this.differences === 0 ? 0 : this.sumAbsolute / this.differences;
  }

  /** Standard deviation of D (whose mean telescopes to nearly zero), ps. */
  get ipdvDeviation(): number {
    return this.differences === 0 ? 0 : Math.sqrt(this.sumSquares / this.differences);
  }

  /** RFC 3550 interarrival jitter at the end of the stream, ps. */
  get rfc3550(): number {
    return this.smoothed;
  }
}
