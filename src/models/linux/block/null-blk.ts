/**
 * Linux's null_blk (drivers/block/null_blk), a queue of it for each core (`submit_queues`): what is done at once ends in the
 * submission (irqmode 0, and 1 where the core that completes is the one that submitted); with a time of its own (irqmode 2) a timer
 * of that core interrupts.
 */
import type { Cost } from '../../../accounting/cost.ts';
import type { Stage } from '../../../accounting/stages.ts';
import { type Context, type Program, RUN, WAIT } from '../../hardware/context.ts';
import type { BlockIo, CompletionQueue } from '../../hardware/disk/block-io.ts';
import type { DiskPort } from '../../hardware/disk/disk-port.ts';
import { Fifo } from '../../hardware/fifo.ts';
import type { InterruptLine, Processor } from '../../hardware/processor.ts';
import type { BlockDriver, Completions } from './block-driver.ts';

export interface NullBlkParts {
  readonly port: DiskPort;
  readonly depth: number;
  /** Of the time line: its work on submission. */
  readonly stage: string;
}

export class NullBlkDriver implements BlockDriver, CompletionQueue {
  readonly depth: number;
  readonly stopped = false;
  readonly polled = null;
  private readonly port: DiskPort;
  private readonly command: Cost;
  private readonly stage: Stage;
  private readonly wait: Stage;
  private readonly finished = new Fifo<BlockIo>();
  private readonly timer: InterruptLine;
  /** What comes back at once needs no interrupt. */
  private submitting = false;
  private completions!: Completions;

  constructor(cpu: Processor, { port, depth, stage }: NullBlkParts) {
    const { costs, timeline } = cpu.books;
    this.port = port;
    this.depth = depth;
    this.command = costs.cost('nullBlk.command');
    this.stage = timeline.working(stage);
    this.wait = timeline.waiting('wait: processor');
    this.timer = cpu.localInterrupt('null_blk timer', (line) => this.expired(line));
  }

  attach(completions: Completions): void {
    this.completions = completions;
  }

  *dispatch(cpu: Context, ios: Fifo<BlockIo>): Program {
    const batch: BlockIo[] = [];
    for (let io = ios.shift(); io !== null; io = ios.shift()) {
      cpu.serve(io.request, this.stage, this.wait);
      cpu.charge(this.command);
      batch.push(io);
    }
    yield RUN;
    cpu.serveNobody();
    this.submitting = true;
    for (const io of batch) this.port.submit(io, this);
    this.submitting = false;
    yield cpu.call(this.end(cpu));
  }

  completed(io: BlockIo): void {
    this.finished.push(io);
    if (!this.submitting) this.timer.raise();
  }

  private *expired(line: InterruptLine): Program {
    yield WAIT;
    for (;;) {
      line.enter();
      const { context } = line;
      yield context.call(this.end(context));
      line.leave();
      yield RUN;
      yield WAIT;
    }
  }

  private *end(cpu: Context): Program {
    const { completions, finished } = this;
    for (let io = finished.shift(); io !== null; io = finished.shift()) {
      completions.charge(cpu, io);
      yield RUN;
      cpu.serveNobody();
      completions.end(cpu, io);
    }
  }
}
