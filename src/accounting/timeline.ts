/** Each request's life as contiguous working and waiting stages that telescope to its latency, to the picosecond. */
import type { Picoseconds } from '../units.ts';
import { InvariantError } from './invariant.ts';
import { STAGES_MAX, type Stage, Stages } from './stages.ts';
import { WorkloadRecord } from './workload-record.ts';

/** Index of a pooled request; reused after the request is closed. */
export type Request = number;
/** Work that serves no request. */
export const NO_REQUEST = -1;

/** Requests open at once: beyond it the offered load has run away. */
const REQUESTS_MAX = 1 << 21;

// A request is a row of doubles (its last mark, ..., then by stage the time it spent there, 0: none) and a row of bytes (how
// many stages it was in, then which, in order of the first visit). Both rows are equally wide.
const LAST = 0;
const STARTED = 1;
const OPENED = 2;
const SIZE = 3;
const OWNER = 4;
const TIMES = 5;

export class Timeline {
  readonly stages = new Stages();
  readonly workloads: WorkloadRecord[] = [];
  private capacity = 256;
  private width = 64;
  private readonly free: number[] = [];
  private used = 0;
  private doubles = new Float64Array(this.capacity * this.width);
  private bytes = new Uint8Array(this.capacity * this.width);

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
    const row = request * this.width;
    doubles[row + LAST] = intended;
    doubles[row + STARTED] = intended;
    doubles[row + OPENED] = now;
    doubles[row + SIZE] = size;
    doubles[row + OWNER] = workload.id;
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
    this.doubles = new Float64Array(this.capacity * this.width);
    this.doubles.set(doubles);
    this.bytes = new Uint8Array(this.capacity * this.width);
    this.bytes.set(bytes);
  }

  /** The time from the last mark up to `at` was spent in `stage`. */
  mark(request: Request, stage: number, at: number): void {
    const { doubles } = this;
    const row = request * this.width;
    const span = at - doubles[row + LAST];
    if (span === 0) return;
    if (span < 0) refuseSpan(request, span);
    doubles[row + LAST] = at;
    const time = row + TIMES + stage;
    if (doubles[time] === 0) this.enter(row, stage);
    doubles[time] += span;
  }

  private enter(row: number, stage: number): void {
    const { bytes } = this;
    const visited = bytes[row] + 1;
    bytes[row] = visited;
    bytes[row + visited] = stage;
  }

  /** The next `span` ps were spent in `stage`. */
  add(request: Request, stage: number, span: number): void {
    this.mark(request, stage, this.doubles[request * this.width + LAST] + span);
  }

  /** Someone worked for the request in `work` from `start` to `end`; before that it waited in `wait`. */
  worked(request: Request, wait: number, work: number, start: number, end: number): void {
    if (this.doubles[request * this.width + LAST] !== start) this.mark(request, wait, start);
    if (end !== start) this.mark(request, work, end);
  }

  /** When the request was meant to start, ps. */
  intended(request: Request): Picoseconds {
    return this.doubles[request * this.width + STARTED] as Picoseconds;
  }

  workloadOf(request: Request): WorkloadRecord {
    return this.workloads[this.doubles[request * this.width + OWNER]];
  }

  /** Ends a request whose last stage was marked at `now`. @throws InvariantError when its stages do not telescope. */
  close(request: Request, now: Picoseconds): void {
    const { doubles, bytes } = this;
    const row = request * this.width;
    const latency = (now - doubles[row + STARTED]) as Picoseconds;
    const record = this.workloads[doubles[row + OWNER]];
    const measured = record.complete(now, doubles[row + OPENED], latency, doubles[row + SIZE]);
    const sampled = measured && record.sampled() ? new Float64Array(STAGES_MAX) : null;
    const visited = bytes[row];
    let sum = 0;
    for (let i = 1; i <= visited; i++) {
      const stage = bytes[row + i];
      const time = doubles[row + TIMES + stage];
      doubles[row + TIMES + stage] = 0;
      sum += time;
      if (measured) record.stageSums[stage] += time;
      if (sampled === null) continue;
      sampled[stage] = time;
      record.placeSums[stage] += i - 1;
      record.placeCounts[stage]++;
    }
    bytes[row] = 0;
    if (sum !== latency) refuseSum(sum, latency);
    if (sampled !== null) record.keep(sampled);
    this.free.push(request);
  }

  /** The request ends without completing; `place` says where and why. */
  drop(request: Request, now: Picoseconds, place: string): void {
    const row = request * this.width;
    this.workloadOf(request).drop(now, this.doubles[row + OPENED], place);
    this.doubles.fill(0, row + TIMES, row + this.width);
    this.bytes[row] = 0;
    this.free.push(request);
  }

  startMeasuring(now: Picoseconds): void {
    for (const record of this.workloads) record.startMeasuring(now);
  }

  working(name: string): Stage {
    return this.withRoom(this.stages.working(name));
  }

  waiting(name: string): Stage {
    return this.withRoom(this.stages.waiting(name));
  }

  /** Rows are made wider for a stage that does not fit; no request may be open then. */
  private withRoom(stage: Stage): Stage {
    if (TIMES + stage.id < this.width) return stage;
    if (this.used > this.free.length)
      throw new InvariantError(`stage "${stage.name}" comes after the first request`);
    this.width *= 2;
    this.doubles = new Float64Array(this.capacity * this.width);
    this.bytes = new Uint8Array(this.capacity * this.width);
    return stage;
  }
}

// Functions of their own: V8 would make the numbers into text before it knows whether they are needed.
function refuseSpan(request: Request, span: number): never {
  throw new InvariantError(`request ${request}: a stage ends before it begins (${span} ps)`);
}

function refuseSum(sum: number, latency: number): never {
  throw new InvariantError(`the stages of a request add up to ${sum} ps, its latency is ${latency} ps`);
}
