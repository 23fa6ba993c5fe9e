/** What one workload's requests did: how many, how long, where dropped, and in which stages they spent their time. */
import type { Picoseconds } from '../units.ts';
import { LatencyHistogram } from './histogram.ts';
import { JitterMeter } from './jitter-meter.ts';
import { STAGES_MAX } from './stages.ts';

/** Requests whose stages are kept one by one, for percentiles: a systematic sample, thinned as it fills. */
const SAMPLE_MAX = 2048;

export class WorkloadRecord {
  readonly id: number;
  readonly name: string;
  /** Whole trial, warm-up included: submitted = completed + dropped + in flight. */
  submitted = 0;
  completed = 0;
  dropped = 0;
  /** Whole trial, by `place: reason`. */
  readonly drops = new Map<string, number>();

  /** From here on: the measured window only. */
  readonly latency = new LatencyHistogram();
  readonly jitter = new JitterMeter();
  readonly stageSums = new Float64Array(STAGES_MAX);
  /** Sum and count over the sample of a stage's place in a request's life; for the order of the stages. */
  readonly placeSums = new Float64Array(STAGES_MAX);
  readonly placeCounts = new Float64Array(STAGES_MAX);
  /** Sampled requests: one row of stage times each, ps. */
  sample: Float64Array[] = [];
  private sampleStride = 1;
  private sampleSeen = 0;
  /** Sum over the window of (requests in flight × time), ps; for Little's law. */
  inFlightArea = 0;
  private areaSince: Picoseconds = 0 as Picoseconds;
  bytesCompleted = 0;
  /** Whole trial, for Little's law: requests in flight × time; time in flight of those that ended; starts of the rest. */
  private wholeArea = 0;
  private wholeSince = 0;
  private endedResidence = 0;
  private startsOfRest = 0;
  private measuring = false;
  /** Hook for the pilot's warm-up series: called for each completion of the whole trial. */
  onCompleted: ((at: Picoseconds, latency: Picoseconds) => void) | null = null;

  constructor(id: number, name: string) {
    this.id = id;
    this.name = name;
  }

  get inFlight(): number {
    return this.submitted - this.completed - this.dropped;
  }

  /** Starts the measured window: everything below the counters begins at zero. */
  startMeasuring(now: Picoseconds): void {
    this.measuring = true;
    this.inFlightArea = 0;
    this.areaSince = now;
  }

  /** Brings the in-flight area up to `now`; call before a change and at the end of the window. */
  accumulate(now: Picoseconds): void {
    this.inFlightArea += this.inFlight * (now - this.areaSince);
    this.areaSince = now;
    this.wholeArea += this.inFlight * (now - this.wholeSince);
    this.wholeSince = now;
  }

  submit(now: Picoseconds): void {
    this.accumulate(now);
    this.submitted++;
    this.startsOfRest += now;
  }

  /** A request that was submitted at `opened` ends, completed or dropped; call before the counters change. */
  private end(now: Picoseconds, opened: number): void {
    this.accumulate(now);
    this.endedResidence += now - opened;
    this.startsOfRest -= opened;
  }

  /**
   * Little's law as an identity over the whole trial: the integral of the number in flight equals the sum of the
   * times in flight. @returns the relative gap; rounding alone leaves less than 1e-9.
   */
  littleGap(now: Picoseconds): number {
    this.accumulate(now);
    const residence = this.endedResidence + this.inFlight * now - this.startsOfRest;
    return Math.abs(this.wholeArea - residence) / Math.max(residence, 1);
  }

  /** @param opened when it was submitted. @returns whether it counts as measured. */
  complete(now: Picoseconds, opened: number, latency: Picoseconds, size: number): boolean {
    this.end(now, opened);
    this.completed++;
    if (this.onCompleted !== null) this.onCompleted(now, latency);
    if (!this.measuring) return false;
    this.latency.record(latency);
    this.jitter.record(latency);
    this.bytesCompleted += size;
    return true;
  }

  drop(now: Picoseconds, opened: number, place: string): void {
    this.end(now, opened);
    this.dropped++;
    this.drops.set(place, (this.drops.get(place) ?? 0) + 1);
  }

  /** Whether the next measured request belongs to the sample. */
  sampled(): boolean {
    return this.sampleSeen++ % this.sampleStride === 0;
  }

  /** Keeps one sampled request: its stages in order of the first visit, and the time in each. When full, every second one goes and the stride doubles. */
  keep(stages: Uint8Array, times: Float64Array): void {
    const row = new Float64Array(STAGES_MAX);
    stages.forEach((stage, place) => {
      row[stage] = times[place];
      this.placeSums[stage] += place;
      this.placeCounts[stage]++;
    });
    this.sample.push(row);
    if (this.sample.length < SAMPLE_MAX) return;
    this.sample = this.sample.filter((_, i) => i % 2 === 0);
    this.sampleStride *= 2;
  }
}
