/** Each request's life as contiguous working and waiting stages that telescope to its latency, to the picosecond. */
import type { Picoseconds } from '../units.ts';
import { InvariantError } from './invariant.ts';
import { type Stage, Stages } from './stages.ts';
import { WorkloadRecord } from './workload-record.ts';

/** Index of a pooled request; reused after the request is closed. */
export type Request = number;
/** Work that serves no request. */
export const NO_REQUEST = -1;

/** Requests open at once: beyond it the offered load has run away. */
const REQUESTS_MAX = 1 << 21;

// A request is a row of doubles: a header; bytes, the number of its pieces and then the stage of each; the length of each piece.
// All that most requests need lies in two or three cache lines, which matters more than the instructions spent on it.
const LAST = 0;
const STARTED = 1;
const OPENED = 2;
const SIZE = 3;
const OWNER = 4;
const HEADER = 5;
/** Doubles that hold the bytes at first, and when rows were made wider so often: the last have room for STAGES_MAX pieces. */
const BYTES = [3, 9, 25];
/** Doubles in a cache line. */
const CACHE_LINE = 8;

export class Timeline {
  readonly stages = new Stages();
  readonly workloads: WorkloadRecord[] = [];
  private capacity = 256;
  private readonly free: number[] = [];
  private used = 0;
  private widenings = 0;
  /** Most pieces in a row. */
  private room = 0;
  /** Where the pieces begin in a row. */
  private pieces = 0;
  private width = 0;
  private doubles = new Float64Array(0);
  private bytes = new Uint8Array(0);

  constructor() {
    this.allot();
  }

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
    const { doubles } = this;
    this.allot();
    this.doubles.set(doubles);
  }

  /** Makes rows, all empty, as many and as wide as they should now be. */
  private allot(): void {
    const bytes = BYTES[this.widenings];
    this.room = bytes * 8 - 1;
    this.pieces = HEADER + bytes;
    this.width = Math.ceil((this.pieces + this.room) / CACHE_LINE) * CACHE_LINE;
    this.doubles = new Float64Array(this.capacity * this.width);
    this.bytes = new Uint8Array(this.doubles.buffer);
  }

  private widen(): void {
    const { doubles, bytes, pieces, width } = this;
    this.widenings++;
    this.allot();
    for (let request = 0; request < this.used; request++) {
      const [from, to] = [request * width, request * this.width];
      const number = bytes[(from + HEADER) * 8];
      this.doubles.set(doubles.subarray(from, from + HEADER), to);
      const stages = bytes.subarray((from + HEADER) * 8, (from + HEADER) * 8 + 1 + number);
      this.bytes.set(stages, (to + HEADER) * 8);
      this.doubles.set(doubles.subarray(from + pieces, from + pieces + number), to + this.pieces);
    }
  }

  /** The time from the last mark up to `at` was spent in `stage`. */
  mark(request: Request, stage: number, at: number): void {
    const { doubles, bytes } = this;
    const row = request * this.width;
    const span = at - doubles[row + LAST];
    if (span === 0) return;
    if (span < 0) refuseSpan(request, span);
    const first = (row + HEADER) << 3;
    const number = bytes[first];
    if (number === this.room) {
      this.makeRoom(request);
      this.mark(request, stage, at);
      return;
    }
    doubles[row + LAST] = at;
    doubles[row + this.pieces + number] = span;
    bytes[first + number + 1] = stage;
    bytes[first] = number + 1;
  }

  /** A request that was in some stages again and again needs no more room than one piece for each. */
  private makeRoom(request: Request): void {
    this.fold(request);
    const crowded = 2 * this.bytes[(request * this.width + HEADER) * 8] > this.room;
    if (crowded && this.widenings + 1 < BYTES.length) this.widen();
  }

  /** Makes one piece of all that were spent in the same stage, in order of the first visit. */
  private fold(request: Request): void {
    const { doubles, bytes } = this;
    const first = (request * this.width + HEADER) * 8;
    const pieces = request * this.width + this.pieces;
    const number = bytes[first];
    let kept = 0;
    for (let i = 0; i < number; i++) {
      const stage = bytes[first + 1 + i];
      const span = doubles[pieces + i];
      let k = 0;
      while (k < kept && bytes[first + 1 + k] !== stage) k++;
      if (k < kept) doubles[pieces + k] += span;
      else {
        bytes[first + 1 + kept] = stage;
        doubles[pieces + kept++] = span;
      }
    }
    bytes[first] = kept;
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
    const sampled = measured && record.sampled();
    if (sampled) this.fold(request);
    const first = (row + HEADER) << 3;
    const number = bytes[first];
    const pieces = row + this.pieces;
    let sum = 0;
    for (let i = 0; i < number; i++) {
      const span = doubles[pieces + i];
      sum += span;
      if (measured) record.stageSums[bytes[first + 1 + i]] += span;
    }
    if (sum !== latency) refuseSum(sum, latency);
    if (sampled) {
      record.keep(bytes.subarray(first + 1, first + 1 + number), doubles.subarray(pieces, pieces + number));
    }
    bytes[first] = 0;
    this.free.push(request);
  }

  /** The request ends without completing; `place` says where and why. */
  drop(request: Request, now: Picoseconds, place: string): void {
    const row = request * this.width;
    this.workloadOf(request).drop(now, this.doubles[row + OPENED], place);
    this.bytes[(row + HEADER) * 8] = 0;
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

// Functions of their own: V8 would make the numbers into text before it knows whether they are needed.
function refuseSpan(request: Request, span: number): never {
  throw new InvariantError(`request ${request}: a stage ends before it begins (${span} ps)`);
}

function refuseSum(sum: number, latency: number): never {
  throw new InvariantError(`the stages of a request add up to ${sum} ps, its latency is ${latency} ps`);
}
