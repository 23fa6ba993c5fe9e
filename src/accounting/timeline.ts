/** Each request's life as contiguous working and waiting stages that telescope to its latency, to the picosecond. */
import type { Picoseconds } from '../units.ts';
import { InvariantError } from './invariant.ts';
import { STAGES_MAX, type Stage, Stages } from './stages.ts';
import { WorkloadRecord } from './workload-record.ts';

/** Index of a pooled request; reused after the request is closed. */
export type Request = number;
/** Work that serves no request. */
export const NO_REQUEST = -1;

/** Different stages one request may pass through; repeated visits share an entry. */
const MARKS_MAX = 48;
/** Requests open at once: beyond it the offered load has run away. */
const REQUESTS_MAX = 1 << 21;

export class Timeline {
  readonly stages = new Stages();
  readonly workloads: WorkloadRecord[] = [];
  private capacity = 256;
  private free: number[] = [];
  private used = 0;
  private owner = new Int32Array(this.capacity);
  private started = new Float64Array(this.capacity);
  private opened = new Float64Array(this.capacity);
  private last = new Float64Array(this.capacity);
  private size = new Float64Array(this.capacity);
  private marks = new Uint8Array(this.capacity);
  private stageOf = new Uint8Array(this.capacity * MARKS_MAX);
  private timeIn = new Float64Array(this.capacity * MARKS_MAX);

  workload(name: string): WorkloadRecord {
    const record = new WorkloadRecord(this.workloads.length, name);
    this.workloads.push(record);
    return record;
  }

  /**
   * Opens a request of `workload` whose latency counts from `intended` (its intended start, at or before `now`).
   * @param size payload, bytes; counted as throughput when the request completes.
   */
  open(workload: WorkloadRecord, intended: Picoseconds, now: Picoseconds, size: number): Request {
    const request = this.free.pop() ?? this.fresh();
    workload.submit(now);
    this.owner[request] = workload.id;
    this.started[request] = intended;
    this.opened[request] = now;
    this.last[request] = intended;
    this.size[request] = size;
    this.marks[request] = 0;
    return request;
  }

  private fresh(): Request {
    if (this.used === this.capacity) this.grow();
    return this.used++;
  }

  private grow(): void {
    if (this.capacity >= REQUESTS_MAX) {
      throw new InvariantError(`more than ${REQUESTS_MAX} requests in flight: a workload is not bounded`);
    }
    this.capacity *= 2;
    const wider = <A extends Int32Array | Float64Array | Uint8Array>(old: A, length: number): A => {
      const next = new (old.constructor as new (length: number) => A)(length);
      next.set(old as never);
      return next;
    };
    this.owner = wider(this.owner, this.capacity);
    this.started = wider(this.started, this.capacity);
    this.opened = wider(this.opened, this.capacity);
    this.last = wider(this.last, this.capacity);
    this.size = wider(this.size, this.capacity);
    this.marks = wider(this.marks, this.capacity);
    this.stageOf = wider(this.stageOf, this.capacity * MARKS_MAX);
    this.timeIn = wider(this.timeIn, this.capacity * MARKS_MAX);
  }

  /** The time from the last mark up to `at` was spent in `stage`. */
  mark(request: Request, stage: number, at: number): void {
    const span = at - this.last[request];
    if (span === 0) return;
    if (span < 0) throw new InvariantError(`request ${request}: a stage ends before it begins (${span} ps)`);
    this.last[request] = at;
    const base = request * MARKS_MAX;
    const end = base + this.marks[request];
    for (let i = end - 1; i >= base; i--) {
      if (this.stageOf[i] === stage) {
        this.timeIn[i] += span;
        return;
      }
    }
    if (end === base + MARKS_MAX) throw new InvariantError(`a request passes more than ${MARKS_MAX} stages`);
    this.stageOf[end] = stage;
    this.timeIn[end] = span;
    this.marks[request]++;
  }

  /** Someone worked for the request in `work` from `start` to `end`; before that it waited in `wait`. */
  worked(request: Request, wait: number, work: number, start: number, end: number): void {
    if (this.last[request] !== start) this.mark(request, wait, start);
    if (end !== start) this.mark(request, work, end);
  }

  /** When the request was meant to start, ps. */
  intended(request: Request): Picoseconds {
    return this.started[request] as Picoseconds;
  }

  workloadOf(request: Request): WorkloadRecord {
    return this.workloads[this.owner[request]];
  }

  /** Ends a request whose last stage was marked at `now`. @throws InvariantError when its stages do not telescope. */
  close(request: Request, now: Picoseconds): void {
    const latency = now - this.started[request];
    const base = request * MARKS_MAX;
    const end = base + this.marks[request];
    let sum = 0;
    for (let i = base; i < end; i++) sum += this.timeIn[i];
    if (sum !== latency) {
      throw new InvariantError(`the stages of a request add up to ${sum} ps, its latency is ${latency} ps`);
    }
    const record = this.workloads[this.owner[request]];
    if (record.complete(now, this.opened[request], latency as Picoseconds, this.size[request])) {
      const row = record.sampled() ? new Float64Array(STAGES_MAX) : null;
      for (let i = base; i < end; i++) {
        record.stageSums[this.stageOf[i]] += this.timeIn[i];
        if (row === null) continue;
        row[this.stageOf[i]] = this.timeIn[i];
        record.placeSums[this.stageOf[i]] += i - base;
        record.placeCounts[this.stageOf[i]]++;
      }
      if (row !== null) record.keep(row);
    }
    this.free.push(request);
  }

  /** The request ends without completing; `place` says where and why. */
  drop(request: Request, now: Picoseconds, place: string): void {
    this.workloads[this.owner[request]].drop(now, this.opened[request], place);
    this.free.push(request);
  }

  startMeasuring(now: Picoseconds): void {
    for (const record of this.workloads) record.startMeasuring(now);
  }

  working(name: string): Stage {
    return this.stages.working(name);
  }

  waiting(name: string): Stage {
    return this.stages.waiting(name);
  }
}
