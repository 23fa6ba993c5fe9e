/**
 * A scheduler between a device, with all its queues, and the host's disk: it hands on so many requests at a time, and chooses which.
 * Whoever runs hands on, whosever request it is; it comes back to the queue that it came from.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Stage } from '../../accounting/stages.ts';
import { NO_REQUEST, type Timeline } from '../../accounting/timeline.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import type { Context } from '../hardware/context.ts';
import type { Access } from '../hardware/register-port.ts';
import { type QueueingSettings, queueingOf } from './fair-queueing.ts';
import type { HostBlock, HostIo } from './host-block.ts';

export interface BlockSchedulerSettings extends QueueingSettings {
  /** Requests at the disk at once: what is there is out of the scheduler's hands. */
  readonly depth: number;
  /** Requests say their class; false: all are bulk. */
  readonly hint: boolean;
}

export class BlockScheduler {
  private readonly sim: Simulation;
  private readonly depth: number;
  private readonly hint: boolean;
  private readonly queueing: ReturnType<typeof queueingOf>;
  private readonly timeline: Timeline;
  private readonly wait: Stage;
  private atDisk = 0;

  constructor(sim: Simulation, { timeline }: Accounting, settings: BlockSchedulerSettings) {
    this.sim = sim;
    this.timeline = timeline;
    this.wait = timeline.waiting('wait: host scheduler');
    this.depth = settings.depth;
    this.hint = settings.hint;
    this.queueing = queueingOf(settings);
  }

  *submit(cpu: Context, ios: readonly HostIo[]): Access {
    for (const io of ios) {
      if (!this.hint) io.interactive = false;
      this.queueing.push(io, this.sim.now);
    }
    yield* this.handOn(cpu);
  }

  /** So many came back: others may follow. */
  *completed(cpu: Context, count: number): Access {
    this.atDisk -= count;
    yield* this.handOn(cpu);
  }

  private *handOn(cpu: Context): Access {
    const batches = new Map<HostBlock, HostIo[]>();
    while (this.atDisk < this.depth) {
      const io = this.queueing.next(this.sim.now);
      if (io === null) break;
      this.atDisk++;
      if (io.request !== NO_REQUEST) this.timeline.mark(io.request, this.wait.id, this.sim.now);
      const own = batches.get(io.block) ?? [];
      batches.set(io.block, [...own, io]);
    }
    for (const [block, batch] of batches) yield* block.submit(cpu, batch);
  }
}
