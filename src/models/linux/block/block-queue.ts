/**
 * A hardware queue of Linux's block layer (block/blk-mq.c) with the submitters that are mapped to it: tags, the list of what a
 * driver had no room for, and completion on the CPU that the interrupt comes to.
 *
 *   submitter ─► tag (or sleep) ─► driver ─► … device … ─► interrupt ─► driver ─► end_request ─► issuer
 *
 * Without a scheduler (`none`) requests go to the driver in the order in which they come, each with a tag of it. A scheduler has tags of
 * its own (`nr_requests`), and keeps what the driver has no tag for.
 *
 * Simplification: each queue has a scheduler of its own, where those of one disk share it and its lock.
 */
import type { Accounting } from '../../../accounting/accounting.ts';
import type { Cost } from '../../../accounting/cost.ts';
import type { Tally } from '../../../accounting/counters.ts';
import type { Stage } from '../../../accounting/stages.ts';
import { NO_REQUEST, type Timeline } from '../../../accounting/timeline.ts';
import type { Simulation } from '../../../kernel/simulation.ts';
import type { Picoseconds } from '../../../units.ts';
import { type Context, type Program, WAIT } from '../../hardware/context.ts';
import type { BlockIo } from '../../hardware/disk/block-io.ts';
import { Fifo } from '../../hardware/fifo.ts';
import type { Processor } from '../../hardware/processor.ts';
import type { BlockDriver, Completions } from './block-driver.ts';
import { type BlockStages, GUEST_BLOCK } from './block-stages.ts';
import { HybridPolling, type PollDelay } from './hybrid-polling.ts';
import { type DeadlineTunables, type IoScheduler, MqDeadline } from './mq-deadline.ts';

/** A plug is flushed when it holds so many requests, or after one of so many bytes (BLK_MAX_REQUEST_COUNT, BLK_PLUG_FLUSH_SIZE). */
const PLUG_REQUESTS = 32;
const PLUG_BYTES = 131_072;

/** What of /sys/block/…/queue changes the way of requests, by its names there. */
export interface BlockQueueSettings {
  readonly scheduler: 'none' | 'mq-deadline';
  /** Requests that the queue takes: where not given 2 × min(depth, 128) with a scheduler, and all that the driver has tags for without. */
  readonly nr_requests?: number | undefined;
  readonly iosched: DeadlineTunables;
  readonly io_poll_delay: PollDelay;
}

export interface BlockQueueParts {
  readonly name: string;
  readonly stages?: BlockStages;
  /** Linux's own without a scheduler where not given. */
  readonly settings?: BlockQueueSettings | undefined;
  /** Several CPUs submit to it: what each has plugged is its own. */
  readonly shared?: boolean;
}

/** A scheduler has two tags for each of the driver's, which count up to so many (BLKDEV_DEFAULT_RQ). */
const SCHEDULER_TAGS = 128;

const capacityOf = (depth: number, { scheduler, nr_requests }: BlockQueueSettings): number =>
  scheduler === 'none'
    ? Math.min(depth, nr_requests ?? depth)
    : (nr_requests ?? 2 * Math.min(depth, SCHEDULER_TAGS));

/** Tag of an I/O that has asked for one in vain. */
const REFUSED = -2;

export class BlockQueue implements Completions {
  readonly driver: BlockDriver;
  private readonly sim: Simulation;
  private readonly timeline: Timeline;
  private readonly submitCost: Cost;
  private readonly completeCost: Cost;
  private readonly stageSubmit: Stage;
  private readonly waitSubmit: Stage;
  private readonly waitTag: Stage;
  private readonly stageComplete: Stage;
  private readonly waitInterrupt: Stage;
  private readonly occupancy: Tally;
  /** Free tags of the driver, the one used last on top. */
  private readonly tags: number[];
  /** In order of arrival. */
  private readonly waiters = new Set<Context>();
  private readonly watchers: (() => void)[] = [];
  /** With tags, not yet with the driver (hctx->dispatch). */
  private readonly pending = new Fifo<BlockIo>();
  private readonly worker: Context;
  private readonly scheduler: IoScheduler | null;
  private readonly scheduleCost: Cost | null;
  private readonly waitScheduler: Stage | null;
  /** I/Os that this queue takes, and has. */
  private readonly capacity: number;
  private taken = 0;
  private readonly shared: boolean;
  private readonly sleeps: HybridPolling;

  constructor(
    cpu: Processor,
    driver: BlockDriver,
    { name, stages = GUEST_BLOCK, settings, shared = false }: BlockQueueParts,
  ) {
    const { costs, timeline, counters }: Accounting = cpu.books;
    this.sim = cpu.sim;
    this.timeline = timeline;
    this.driver = driver;
    this.shared = shared;
    this.submitCost = costs.cost('block.submit');
    this.completeCost = costs.cost('block.complete');
    this.stageSubmit = timeline.working(stages.submit);
    this.stageComplete = timeline.working(stages.complete);
    this.waitSubmit = timeline.waiting(stages.waitSubmit);
    this.waitTag = timeline.waiting('wait: tag');
    this.waitInterrupt = timeline.waiting(stages.waitInterrupt);
    this.occupancy = counters.tally('occupancy', `${name} tags`, cpu.vm);
    const scheduled = settings?.scheduler === 'mq-deadline';
    this.scheduler = scheduled ? new MqDeadline(settings.iosched) : null;
    this.scheduleCost = scheduled ? costs.cost('block.schedule') : null;
    this.waitScheduler = scheduled ? timeline.waiting('wait: block scheduler') : null;
    this.capacity = settings === undefined ? driver.depth : capacityOf(driver.depth, settings);
    this.sleeps = new HybridPolling(settings?.io_poll_delay ?? 'classic');
    this.tags = Array.from({ length: driver.depth }, (_, i) => driver.depth - 1 - i);
    this.worker = cpu.task(`${name} kblockd`, (context) => this.runAgain(context));
    driver.attach(this);
    driver.polled?.watch(() => {
      for (const look of this.watchers) look();
      const [first] = this.waiters;
      first?.signal();
    });
  }

  /** Of a poll queue: `look` is called when something was completed. */
  watch(look: () => void): void {
    this.watchers.push(look);
  }

  /** How long who polls for `io` sleeps first, ps. */
  sleepFor(io: BlockIo): Picoseconds {
    return this.sleeps.of(io);
  }

  /** I/Os that it has taken. */
  get inFlight(): number {
    return this.taken;
  }

  /** Charges the way of an I/O from the system call to the driver. */
  chargeSubmit(cpu: Context, io: BlockIo): void {
    cpu.serve(io.request, this.stageSubmit, this.waitSubmit);
    cpu.charge(this.submitCost);
    if (this.scheduleCost !== null) cpu.charge(this.scheduleCost);
  }

  /** Gives the driver these I/Os, whose costs are paid, in one batch; whoever must wait for a tag first hands on what it holds. */
  *issue(cpu: Context, ios: readonly BlockIo[]): Program {
    const { polled } = this.driver;
    const plug = this.shared ? new Fifo<BlockIo>() : this.pending;
    for (const io of ios) {
      while (!this.enter(cpu, io, plug)) {
        const held = this.flush(cpu, plug);
        if (held !== null) yield cpu.call(held);
        cpu.serveNobody();
        yield WAIT;
        // Nobody is interrupted for a poll queue: who waits for its tags takes what is completed.
        // Simplification: it sleeps until there is something, where io_uring would look again and again.
        if (polled?.ready) yield cpu.call(polled.take(cpu));
      }
      // Several may have become free before the first waiter ran.
      if (this.waiters.delete(cpu) && this.taken < this.capacity) this.wakeWaiter(cpu);
      if (this.queued(plug) < PLUG_REQUESTS && io.size < PLUG_BYTES) continue;
      const full = this.flush(cpu, plug);
      if (full !== null) yield cpu.call(full);
    }
    const work = this.flush(cpu, plug);
    if (work !== null) yield cpu.call(work);
    cpu.serveNobody();
  }

  /** Taken, not yet with the driver. */
  private queued(plug: Fifo<BlockIo>): number {
    return plug.length + (this.scheduler?.length ?? 0);
  }

  /** Into the plug, or the scheduler's. @returns false: there is no room, and `cpu` is signalled when there is. */
  private enter(cpu: Context, io: BlockIo, plug: Fifo<BlockIo>): boolean {
    const { scheduler, sim } = this;
    if (this.taken === this.capacity) {
      this.waiters.add(cpu);
      io.tag = REFUSED;
      return false;
    }
    if (io.tag === REFUSED && io.request !== NO_REQUEST) {
      this.timeline.mark(io.request, this.waitTag.id, sim.now);
    }
    this.taken++;
    this.occupancy.add(this.taken);
    if (scheduler === null) this.pass(io, plug);
    else scheduler.insert(io, sim.now);
    return true;
  }

  /** With a tag of the driver. */
  private pass(io: BlockIo, plug: Fifo<BlockIo>): void {
    io.tag = this.tags.pop() as number;
    this.sleeps.started(io, this.sim.now);
    plug.push(io);
  }

  /** Gives the driver what it has tags for (the end of a plug). Null: there is nothing, or the driver takes nothing. */
  private flush(cpu: Context, plug: Fifo<BlockIo>): Program | null {
    const { pending, driver, scheduler, tags, sim, waitScheduler } = this;
    if (driver.stopped) {
      this.leave(plug);
      return null;
    }
    while (scheduler !== null && tags.length > 0) {
      const io = scheduler.next(sim.now);
      if (io === null) break;
      if (io.request !== NO_REQUEST) this.timeline.mark(io.request, (waitScheduler as Stage).id, sim.now);
      this.pass(io, plug);
    }
    if (plug.length === 0) return null;
    return plug === pending ? driver.dispatch(cpu, pending) : this.dispatchOwn(cpu, plug);
  }

  private *dispatchOwn(cpu: Context, plug: Fifo<BlockIo>): Program {
    yield cpu.call(this.driver.dispatch(cpu, plug));
    this.leave(plug);
  }

  /** What the driver has no room for waits with the queue (hctx->dispatch). */
  private leave(plug: Fifo<BlockIo>): void {
    if (plug === this.pending || plug.length === 0) return;
    for (let io = plug.shift(); io !== null; io = plug.shift()) this.pending.push(io);
    // It may have got room since it refused them.
    if (!this.driver.stopped) this.worker.signal();
  }

  charge(cpu: Context, io: BlockIo): void {
    cpu.serve(io.request, this.stageComplete, this.waitInterrupt);
    cpu.charge(this.completeCost);
  }

  end(cpu: Context, io: BlockIo): void {
    this.sleeps.ended(io, this.sim.now);
    this.tags.push(io.tag);
    this.taken--;
    io.tag = -1;
    // blk_mq_sched_restart.
    if (this.scheduler !== null && this.scheduler.length > 0) this.worker.signal();
    this.wakeWaiter(cpu);
    io.issuer.done(io, cpu);
  }

  /** Simplification: the tag is not kept for it; whoever runs first gets it, and who does not waits on. */
  private wakeWaiter(by: Context): void {
    const [first] = this.waiters;
    first?.level.wakeTask(first, by);
  }

  restarted(): void {
    if (this.pending.length > 0) this.worker.signal();
  }

  /** blk_mq_start_stopped_hw_queues: a worker of the kernel runs the queue again. */
  private *runAgain(cpu: Context): Program {
    yield WAIT;
    for (;;) {
      const work = this.flush(cpu, this.pending);
      if (work !== null) yield cpu.call(work);
      cpu.serveNobody();
      yield WAIT;
    }
  }
}
