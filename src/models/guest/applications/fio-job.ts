/**
 * One job of fio (its main loop, do_io): keeps up to `iodepth` I/Os going, submits them in batches, and takes what is completed when
 * its queue is full.
 *
 *   fill the queue, a system call each `iodepth_batch_submit` ─► full: take at least `iodepth_batch_complete_min` ─► again
 *
 * With a rate it starts I/Os at the times of a process, as far as its depth allows; it does not wait for those under way
 * before it sleeps (fio's `io_submit_mode=offload`).
 */
import type { Accounting } from '../../../accounting/accounting.ts';
import type { Cost } from '../../../accounting/cost.ts';
import { InvariantError } from '../../../accounting/invariant.ts';
import type { Stage } from '../../../accounting/stages.ts';
import type { WorkloadRecord } from '../../../accounting/workload-record.ts';
import type { Simulation } from '../../../kernel/simulation.ts';
import { type Picoseconds, us } from '../../../units.ts';
import { BusyPoll, type Placed } from '../../hardware/busy-poll.ts';
import { type Context, type Program, RUN, WAIT } from '../../hardware/context.ts';
import { BlockIo, type Issuer } from '../../hardware/disk/block-io.ts';
import { Fifo } from '../../hardware/fifo.ts';
import { SPIN } from '../../hardware/mode.ts';
import type { Processor, Timer } from '../../hardware/processor.ts';
import type { BlockQueue } from '../../linux/block/block-queue.ts';
import type { Arrivals } from '../arrivals.ts';
import type { IoSource } from './io-pattern.ts';

/** Others get their turn between two spins, ps. */
const LONGEST_SPIN = us(50);

export interface FioJobSettings {
  readonly iodepth: number;
  readonly iodepth_batch_submit: number;
  readonly iodepth_batch_complete_min: number;
  /** Looks for completions itself instead of sleeping (hipri), on a poll queue. */
  readonly hipri: boolean;
  /** Of ioprio's real-time class. */
  readonly interactive: boolean;
  /** psync: the system call that submits sleeps until the I/O is done. */
  readonly synchronous: boolean;
  /** Starts nothing from then on (`runtime`); Infinity: goes on for ever. */
  readonly until: number;
  /** Of `rate_iops`; null: as fast as the depth allows. */
  readonly arrivals: Arrivals | null;
}

export interface FioJobParts {
  readonly record: WorkloadRecord;
  readonly queue: BlockQueue;
  readonly source: IoSource;
  /** Where its CPU is. */
  readonly placed: Placed;
  /** Number of this job among all of the trial. */
  readonly producer: number;
}

export class FioJob implements Issuer {
  private readonly sim: Simulation;
  private readonly books: Accounting;
  private readonly parts: FioJobParts;
  private readonly settings: FioJobSettings;
  private readonly cpu: Context;
  private readonly timer: Timer;
  private readonly work: Cost;
  private readonly syscall: Cost;
  private readonly look: Cost;
  private readonly busy: BusyPoll;
  private readonly stageSubmit: Stage;
  private readonly stageReap: Stage;
  private readonly waitSubmit: Stage;
  private readonly waitReap: Stage;
  private readonly waitProcessor: Stage;
  /** Not in use. */
  private readonly rest: BlockIo[];
  /** Completed, not yet taken. */
  private readonly finished = new Fifo<BlockIo>();
  /** Of a job that polls: under way, and not yet slept for, the oldest first. */
  private readonly unslept = new Set<BlockIo>();
  private inFlight = 0;
  private writes = 0;
  /** Intended start of the next I/O of a job with a rate. */
  intended = 0 as Picoseconds;

  constructor(processor: Processor, parts: FioJobParts, settings: FioJobSettings) {
    const { costs, timeline } = processor.books;
    this.sim = processor.sim;
    this.books = processor.books;
    this.parts = parts;
    this.settings = settings;
    this.work = costs.cost('app.work');
    this.syscall = costs.cost('syscall');
    this.stageSubmit = timeline.working('application: submit');
    this.stageReap = timeline.working('application: reap');
    this.waitSubmit = timeline.waiting('wait: submitter');
    this.waitReap = timeline.waiting('wait: application');
    this.waitProcessor = timeline.waiting('wait: processor');
    this.rest = Array.from({ length: settings.iodepth }, () => this.fresh());
    this.cpu = processor.task(parts.record.name, (context) => this.program(context));
    this.timer = processor.timer(this.cpu);
    this.look = costs.cost('block.poll');
    this.busy = new BusyPoll(this.cpu, parts.placed, costs.cost('block.busyPoll'), () => this.look.price);
    if (settings.hipri) parts.queue.watch(() => this.busy.notice());
    this.cpu.signal();
  }

  private fresh(): BlockIo {
    const io = new BlockIo(this);
    io.producer = this.parts.producer;
    io.interactive = this.settings.interactive;
    return io;
  }

  done(io: BlockIo, by: Context): void {
    this.finished.push(io);
    this.unslept.delete(io);
    if (this.finished.length >= this.enough) this.cpu.level.wakeTask(this.cpu, by);
  }

  /** Completions that end the wait for some. */
  private get enough(): number {
    return Math.min(this.settings.iodepth_batch_complete_min, this.inFlight);
  }

  private get mayStart(): boolean {
    const { rest, settings, sim } = this;
    if (rest.length === 0) return false;
    return settings.arrivals === null
      ? sim.now < settings.until
      : this.intended <= sim.now && this.intended < settings.until;
  }

  private *program(cpu: Context): Program {
    yield WAIT;
    const { settings, finished, rest } = this;
    const { arrivals } = settings;
    if (arrivals !== null) this.intended = arrivals.next();
    for (;;) {
      while (this.mayStart) {
        yield cpu.call(this.submit(cpu));
      }
      if (finished.length > 0 && finished.length >= this.enough) {
        yield cpu.call(this.reap(cpu));
        continue;
      }
      if (settings.hipri && this.inFlight > 0) {
        yield cpu.call(this.poll(cpu));
        continue;
      }
      if (arrivals !== null && rest.length > 0 && this.intended < settings.until)
        this.timer.arm(this.intended);
      // io_getevents sleeps until there are enough.
      if (!settings.synchronous) cpu.charge(this.syscall);
      yield WAIT;
    }
  }

  /** One look at the queue, and if it finds nothing, more of them until something is completed or due. */
  private *poll(cpu: Context): Program {
    const { sim, settings, busy } = this;
    const { polled } = this.parts.queue.driver;
    if (polled === null) throw new InvariantError('a job polls a queue that interrupts');
    const [oldest] = this.unslept;
    if (oldest !== undefined) yield cpu.call(this.sleep(oldest));
    cpu.charge(this.look);
    yield RUN;
    if (polled.ready) {
      yield cpu.call(polled.take(cpu));
      return;
    }
    const due =
      settings.arrivals === null || this.rest.length === 0 ? Number.POSITIVE_INFINITY : this.intended;
    busy.spin(SPIN, Math.min(LONGEST_SPIN, Math.max(0, due - sim.now)));
    yield RUN;
  }

  /** Hybrid polling: once for each I/O, and nothing but the timer ends it. */
  private *sleep(io: BlockIo): Program {
    const { sim, timer, parts } = this;
    this.unslept.delete(io);
    const until = (sim.now + parts.queue.sleepFor(io)) as Picoseconds;
    while (sim.now < until) {
      timer.arm(until);
      yield WAIT;
    }
  }

  /** As many as are due, up to a batch, with one system call. */
  private *submit(cpu: Context): Program {
    const { parts, settings, rest } = this;
    const { queue } = parts;
    const batch: BlockIo[] = [];
    do {
      const io = rest.pop() as BlockIo;
      this.open(io);
      cpu.serve(io.request, this.stageSubmit, this.waitSubmit);
      cpu.charge(this.work);
      batch.push(io);
    } while (batch.length < settings.iodepth_batch_submit && this.mayStart);
    cpu.charge(this.syscall);
    for (const io of batch) queue.chargeSubmit(cpu, io);
    yield RUN;
    this.inFlight += batch.length;
    if (settings.hipri) for (const io of batch) this.unslept.add(io);
    yield cpu.call(queue.issue(cpu, batch));
  }

  private open(io: BlockIo): void {
    const { parts, settings, sim, books } = this;
    const { arrivals } = settings;
    const start = arrivals === null ? sim.now : this.intended;
    if (arrivals !== null) this.intended = arrivals.next();
    parts.source.next(io);
    if (io.operation === 'write') io.sequence = ++this.writes;
    io.request = books.timeline.open(parts.record, start, sim.now, io.size);
  }

  /** All that are there, from the ring that the kernel shares with the application: no system call. */
  private *reap(cpu: Context): Program {
    const { finished, rest, books, sim } = this;
    const batch: BlockIo[] = [];
    for (let io = finished.shift(); io !== null; io = finished.shift()) {
      cpu.serve(io.request, this.stageReap, this.waitReap);
      cpu.charge(this.work);
      batch.push(io);
    }
    cpu.serveNobody();
    yield RUN;
    for (const io of batch) {
      books.timeline.mark(io.request, this.waitProcessor.id, sim.now);
      books.timeline.close(io.request, sim.now);
      this.inFlight--;
      rest.push(io);
    }
  }
}
