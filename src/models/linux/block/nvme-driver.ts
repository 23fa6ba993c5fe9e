/**
 * Linux's NVMe driver (drivers/nvme/host/pci.c), one queue pair: entries, the submission doorbell once a batch, and in the interrupt
 * handler all completions that are there, then the completion doorbell once.
 */
import type { Cost } from '../../../accounting/cost.ts';
import type { Stage } from '../../../accounting/stages.ts';
import { type Context, type Program, RUN, WAIT } from '../../hardware/context.ts';
import type { BlockIo } from '../../hardware/disk/block-io.ts';
import type { NvmeQueue } from '../../hardware/disk/nvme-queue.ts';
import type { Fifo } from '../../hardware/fifo.ts';
import type { InterruptLine, Processor } from '../../hardware/processor.ts';
import type { Doorbell } from '../net-device.ts';
import type { BlockDriver, Completions, PolledCompletions } from './block-driver.ts';
import type { BufferMappings } from './buffer-mappings.ts';

export interface NvmeDriverParts {
  readonly queue: NvmeQueue;
  readonly submission: Doorbell;
  readonly completion: Doorbell;
  /** Behind an IOMMU; undefined: addresses are the memory's own. */
  readonly mappings?: BufferMappings | undefined;
  /** A poll queue: nobody is interrupted. */
  readonly polls?: boolean | undefined;
  /** Names the interrupt and its stages. */
  readonly name: string;
  /** Of the time line: the driver's work on submission. */
  readonly stage: string;
}

export class NvmeDriver implements BlockDriver {
  readonly depth: number;
  readonly stopped = false;
  readonly polled: PolledCompletions | null;
  readonly line: InterruptLine;
  private readonly parts: NvmeDriverParts;
  private readonly submitCost: Cost;
  private readonly completeCost: Cost;
  private readonly stage: Stage;
  private readonly wait: Stage;
  private completions!: Completions;

  constructor(cpu: Processor, parts: NvmeDriverParts) {
    const { costs, timeline } = cpu.books;
    this.parts = parts;
    // One entry stays empty, so that a full ring does not look like an empty one.
    this.depth = parts.queue.size - 1;
    this.submitCost = costs.cost('nvme.submit');
    this.completeCost = costs.cost('nvme.complete');
    this.stage = timeline.working(parts.stage);
    this.wait = timeline.waiting('wait: processor');
    const { queue } = parts;
    this.polled = parts.polls
      ? {
          get ready() {
            return queue.completed.length > 0;
          },
          take: (context) => this.takeCompleted(context),
          watch: (look) => {
            queue.onPosted = look;
          },
        }
      : null;
    this.line = cpu.interrupt(parts.name, (line) => this.interrupted(line));
  }

  attach(completions: Completions): void {
    this.completions = completions;
  }

  *dispatch(cpu: Context, ios: Fifo<BlockIo>): Program {
    const { queue, submission, mappings } = this.parts;
    const batch: BlockIo[] = [];
    for (let io = ios.shift(); io !== null; io = ios.shift()) {
      cpu.serve(io.request, this.stage, this.wait);
      cpu.charge(this.submitCost);
      mappings?.charge(cpu, io);
      batch.push(io);
    }
    if (!queue.shadowed) submission.leave(cpu);
    yield RUN;
    // From here on the device works: what is left of the doorbell holds up nobody.
    cpu.serveNobody();
    for (const io of batch) {
      mappings?.map(io);
      const exits = mappings?.announce(cpu, io) ?? null;
      if (exits !== null) yield* exits;
      queue.submit(io);
    }
    if (queue.shadowed) {
      if (!queue.submissionDoorbell) return;
      submission.leave(cpu);
      yield RUN;
    }
    const work = submission.act(cpu);
    if (work !== null) yield cpu.call(work);
    submission.enter(cpu);
  }

  private *interrupted(line: InterruptLine): Program {
    yield WAIT;
    for (;;) {
      line.enter();
      const { context } = line;
      yield context.call(this.takeCompleted(context));
      line.leave();
      yield RUN;
      yield WAIT;
    }
  }

  /** nvme_poll_cq: until there is none, then the doorbell. */
  private *takeCompleted(cpu: Context): Program {
    const { completions } = this;
    const { queue, completion, mappings } = this.parts;
    let found = 0;
    while (queue.completed.length > 0) {
      const io = queue.take() as BlockIo;
      completions.charge(cpu, io);
      if (mappings !== undefined) yield* mappings.unmap(cpu, io);
      cpu.charge(this.completeCost);
      yield RUN;
      completions.end(cpu, io);
      found++;
    }
    cpu.serveNobody();
    if (found === 0 || !queue.completionDoorbell) return;
    completion.leave(cpu);
    yield RUN;
    const work = completion.act(cpu);
    if (work !== null) yield cpu.call(work);
    completion.enter(cpu);
  }
}
