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

// A request is a record of doubles (its last mark, ..., then the time in each of its stages) and one of bytes (how many
// stages, then which): what is touched together lies together.
const LAST = 0;
const STARTED = 1;
const OPENED = 2;
const SIZE = 3;
const OWNER = 4;
const TIMES = 5;
const DOUBLES = 56;
const BYTES = 64;

export class Timeline {
  readonly stages = new Stages();
  readonly workloads: WorkloadRecord[] = [];
  private capacity = 256;
  private readonly free: number[] = [];
  private used = 0;
  private doubles = new Float64Array(this.capacity * DOUBLES);
  private bytes = new Uint8Array(this.capacity * BYTES);

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
    const { doubles } = this;
    const base = request * DOUBLES;
    doubles[base + LAST] = intended;
    doubles[base + STARTED] = intended;
    doubles[base + OPENED] = now;
    doubles[base + SIZE] = size;
    doubles[base + OWNER] = workload.id;
    this.bytes[request * BYTES] = 0;
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
    const { doubles, bytes } = this;
    this.doubles = new Float64Array(this.capacity * DOUBLES);
    this.doubles.set(doubles);
    this.bytes = new Uint8Array(this.capacity * BYTES);
    this.bytes.set(bytes);
  }

  /** The time from the last mark up to `at` was spent in `stage`. */
  mark(request: Request, stage: number, at: number): void {
    const { doubles, bytes } = this;
    const base = request * DOUBLES;
    const span = at - doubles[base + LAST];
    if (span === 0) return;
    if (span < 0) throw new InvariantError(`request ${request}: a stage ends before it begins (${span} ps)`);
    doubles[base + LAST] = at;
    const list = request * BYTES;
    const marks = bytes[list];
    for (let i = marks; i > 0; i--) {
      if (bytes[list + i] === stage) {
        doubles[base + TIMES - 1 + i] += span;
        return;
      }
    }
    if (marks === MARKS_MAX) throw new InvariantError(`a request passes more than ${MARKS_MAX} stages`);
    bytes[list] = marks + 1;
    bytes[list + marks + 1] = stage;
    doubles[base + TIMES + marks] = span;
  }

  /** The next `span` ps were spent in `stage`. */
  add(request: Request, stage: number, span: number): void {
    this.mark(request, stage, this.doubles[request * DOUBLES + LAST] + span);
  }

  /** Someone worked for the request in `work` from `start` to `end`; before that it waited in `wait`. */
  worked(request: Request, wait: number, work: number, start: number, end: number): void {
    if (this.doubles[request * DOUBLES + LAST] !== start) this.mark(request, wait, start);
    if (end !== start) this.mark(request, work, end);
  }

  /** When the request was meant to start, ps. */
  intended(request: Request): Picoseconds {
    return this.doubles[request * DOUBLES + STARTED] as Picoseconds;
  }

  workloadOf(request: Request): WorkloadRecord {
    return this.workloads[this.doubles[request * DOUBLES + OWNER]];
  }

  /** Ends a request whose last stage was marked at `now`. @throws InvariantError when its stages do not telescope. */
  close(request: Request, now: Picoseconds): void {
    const { doubles, bytes } = this;
    const base = request * DOUBLES;
    const latency = now - doubles[base + STARTED];
    const list = request * BYTES + 1;
    const marks = bytes[list - 1];
    const times = base + TIMES;
    let sum = 0;
    for (let i = 0; i < marks; i++) sum += doubles[times + i];
    if (sum !== latency) {
      throw new InvariantError(`the stages of a request add up to ${sum} ps, its latency is ${latency} ps`);
    }
    const record = this.workloads[doubles[base + OWNER]];
    if (record.complete(now, doubles[base + OPENED], latency as Picoseconds, doubles[base + SIZE])) {
      const row = record.sampled() ? new Float64Array(STAGES_MAX) : null;
      for (let i = 0; i < marks; i++) {
        const stage = bytes[list + i];
        record.stageSums[stage] += doubles[times + i];
        if (row === null) continue;
        row[stage] = doubles[times + i];
        record.placeSums[stage] += i;
        record.placeCounts[stage]++;
      }
      if (row !== null) record.keep(row);
    }
    this.free.push(request);
  }

  /** The request ends without completing; `place` says where and why. */
  drop(request: Request, now: Picoseconds, place: string): void {
    this.workloadOf(request).drop(now, this.doubles[request * DOUBLES + OPENED], place);
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
