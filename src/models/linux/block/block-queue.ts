/**
 * A hardware queue of Linux's block layer (block/blk-mq.c) with the submitters that are mapped to it: tags, the list of what a
 * driver had no room for, and completion on the CPU that the interrupt comes to.
 *
 *   submitter ─► tag (or sleep) ─► driver ─► … device … ─► interrupt ─► driver ─► end_request ─► issuer
 *
 * Scheduler `none`: requests go to the driver in the order in which they come.
 */
import type { Accounting } from '../../../accounting/accounting.ts';
import type { Cost } from '../../../accounting/cost.ts';
import type { Tally } from '../../../accounting/counters.ts';
import type { Stage } from '../../../accounting/stages.ts';
import { NO_REQUEST, type Timeline } from '../../../accounting/timeline.ts';
import type { Simulation } from '../../../kernel/simulation.ts';
import { type Context, type Program, WAIT } from '../../hardware/context.ts';
import type { BlockIo } from '../../hardware/disk/block-io.ts';
import { Fifo } from '../../hardware/fifo.ts';
import type { Processor } from '../../hardware/processor.ts';
import type { BlockDriver, Completions } from './block-driver.ts';

/** Names of its stages in requests' time lines: of a guest's (or bare metal's) block layer, or of the host's below a backend. */
export interface BlockStages {
  readonly submit: string;
  /** For its turn in the system call that submits several. */
  readonly waitSubmit: string;
  readonly complete: string;
  readonly waitInterrupt: string;
}

export const GUEST_BLOCK: BlockStages = {
  submit: 'block: submit',
  waitSubmit: 'wait: submitter',
  complete: 'block: complete',
  waitInterrupt: 'wait: disk interrupt',
};
export const HOST_BLOCK: BlockStages = {
  submit: 'host block: submit',
  waitSubmit: 'wait: io_submit',
  complete: 'host block: complete',
  waitInterrupt: 'wait: host disk interrupt',
};

/** A plug is flushed when it holds so many requests, or after one of so many bytes (BLK_MAX_REQUEST_COUNT, BLK_PLUG_FLUSH_SIZE). */
const PLUG_REQUESTS = 32;
const PLUG_BYTES = 131_072;

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
  /** Free tags, the one used last on top. */
  private readonly tags: number[];
  /** In order of arrival. */
  private readonly waiters = new Set<Context>();
  private readonly watchers: (() => void)[] = [];
  /** With tags, not yet with the driver (hctx->dispatch). */
  private readonly pending = new Fifo<BlockIo>();
  private readonly worker: Context;

  constructor(cpu: Processor, driver: BlockDriver, name: string, stages: BlockStages = GUEST_BLOCK) {
    const { costs, timeline, counters }: Accounting = cpu.books;
    this.sim = cpu.sim;
    this.timeline = timeline;
    this.driver = driver;
    this.submitCost = costs.cost('block.submit');
    this.completeCost = costs.cost('block.complete');
    this.stageSubmit = timeline.working(stages.submit);
    this.stageComplete = timeline.working(stages.complete);
    this.waitSubmit = timeline.waiting(stages.waitSubmit);
    this.waitTag = timeline.waiting('wait: tag');
    this.waitInterrupt = timeline.waiting(stages.waitInterrupt);
    this.occupancy = counters.tally('occupancy', `${name} tags`, cpu.vm);
    this.tags = Array.from({ length: driver.depth }, (_, i) => driver.depth - 1 - i);
    this.worker = cpu.task(`${name} kblockd`, (context) => this.runAgain(context));
    driver.attach(this);
    driver.polled?.watch(() => {
      for (const look of this.watchers) look();
      this.wakeWaiter();
    });
  }

  /** Of a poll queue: `look` is called when something was completed. */
  watch(look: () => void): void {
    this.watchers.push(look);
  }

  /** I/Os with a tag. */
  get inFlight(): number {
    return this.driver.depth - this.tags.length;
  }

  /** Charges the way of an I/O from the system call to the driver. */
  chargeSubmit(cpu: Context, io: BlockIo): void {
    cpu.serve(io.request, this.stageSubmit, this.waitSubmit);
    cpu.charge(this.submitCost);
  }

  /** Gives the driver these I/Os, whose costs are paid, in one batch; whoever must wait for a tag first hands on what it holds. */
  *issue(cpu: Context, ios: readonly BlockIo[]): Program {
    const { polled } = this.driver;
    for (const io of ios) {
      while (!this.enter(cpu, io)) {
        const held = this.flush(cpu);
        if (held !== null) yield cpu.call(held);
        cpu.serveNobody();
        yield WAIT;
        // Nobody is interrupted for a poll queue: who waits for its tags takes what is completed.
        // Simplification: it sleeps until there is something, where io_uring would look again and again.
        if (polled?.ready) yield cpu.call(polled.take(cpu));
      }
      // Several may have become free before the first waiter ran.
      if (this.waiters.delete(cpu) && this.tags.length > 0) this.wakeWaiter();
      if (this.pending.length < PLUG_REQUESTS && io.size < PLUG_BYTES) continue;
      const full = this.flush(cpu);
      if (full !== null) yield cpu.call(full);
    }
    const work = this.flush(cpu);
    if (work !== null) yield cpu.call(work);
    cpu.serveNobody();
  }

  /** Into the driver's list. @returns false: no tag is free, and `cpu` is signalled when one is. */
  private enter(cpu: Context, io: BlockIo): boolean {
    const tag = this.tags.pop();
    if (tag === undefined) {
      this.waiters.add(cpu);
      io.tag = REFUSED;
      return false;
    }
    if (io.tag === REFUSED && io.request !== NO_REQUEST) {
      this.timeline.mark(io.request, this.waitTag.id, this.sim.now);
    }
    this.occupancy.add(this.inFlight);
    io.tag = tag;
    this.pending.push(io);
    return true;
  }

  /** Gives the driver what was entered (the end of a plug). Null: there is nothing, or the driver takes nothing. */
  private flush(cpu: Context): Program | null {
    const { pending, driver } = this;
    return pending.length === 0 || driver.stopped ? null : driver.dispatch(cpu, pending);
  }

  charge(cpu: Context, io: BlockIo): void {
    cpu.serve(io.request, this.stageComplete, this.waitInterrupt);
    cpu.charge(this.completeCost);
  }

  end(cpu: Context, io: BlockIo): void {
    this.tags.push(io.tag);
    io.tag = -1;
    this.wakeWaiter();
    io.issuer.done(io, cpu);
  }

  /** Simplification: the tag is not kept for it; whoever runs first gets it, and who does not waits on. */
  private wakeWaiter(): void {
    const [first] = this.waiters;
    first?.signal();
  }

  restarted(): void {
    if (this.pending.length > 0) this.worker.signal();
  }

  /** blk_mq_start_stopped_hw_queues: a worker of the kernel runs the queue again. */
  private *runAgain(cpu: Context): Program {
    yield WAIT;
    for (;;) {
      const work = this.flush(cpu);
      if (work !== null) yield cpu.call(work);
      cpu.serveNobody();
      yield WAIT;
    }
  }
}
