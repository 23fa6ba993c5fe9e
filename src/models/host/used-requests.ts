/** How a virtio disk in user space gives requests back: used entries, when they are public, and when it decides about an interrupt. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counter } from '../../accounting/counters.ts';
import type { Stage } from '../../accounting/stages.ts';
import { NO_REQUEST } from '../../accounting/timeline.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { BlockIo } from '../hardware/disk/block-io.ts';
import type { Access } from '../hardware/register-port.ts';
import { type RequestFormat, writtenOf } from '../virtio/blk-request.ts';
import type { DeviceQueue } from '../virtio/device-queue.ts';
import type { HostIo } from './host-block.ts';
import type { Interrupt } from './interrupt-path.ts';
import type { Monitor } from './monitor.ts';
import type { RingCosts } from './ring-costs.ts';

export interface UsedRequestsParts {
  readonly vm: string;
  readonly queue: DeviceQueue;
  readonly ring: RingCosts;
  readonly format: RequestFormat;
  readonly interrupt: Interrupt;
  readonly monitor: Monitor;
  /** For each request that is done, or once for those that came together. */
  readonly signal: Monitor['signal'];
  /** Names of its work and of the waiting before it in requests' time lines. */
  readonly stages: { readonly complete: string; readonly wait: string };
}

export class UsedRequests {
  private readonly sim: Simulation;
  private readonly books: Accounting;
  private readonly parts: UsedRequestsParts;
  private readonly virtqueue: Cost;
  private readonly stage: Stage;
  private readonly stageMerged: Stage;
  private readonly wait: Stage;
  private readonly flushes: Counter;
  /** Whose answer goes to which head of the ring. */
  private readonly heads = new Map<BlockIo, number>();
  /** Given back, not yet decided about. */
  private unsettled = 0;

  constructor(sim: Simulation, books: Accounting, parts: UsedRequestsParts) {
    const { timeline, costs, counters } = books;
    this.sim = sim;
    this.books = books;
    this.parts = parts;
    this.virtqueue = costs.cost(parts.monitor.costs.virtqueue);
    this.stage = timeline.working(parts.stages.complete);
    this.stageMerged = timeline.working('host: merged request');
    this.wait = timeline.waiting(parts.stages.wait);
    this.flushes = counters.counter('virtqueue', 'flush', parts.vm);
  }

  /** `io` was popped. */
  expect(io: BlockIo, head: number): void {
    this.heads.set(io, head);
  }

  /** Gives back the guest's requests that `ios` stand for; `settle` when no more come. */
  *give(cpu: Context, ios: readonly HostIo[]): Access {
    const { queue, monitor, signal, format } = this.parts;
    const each = signal === 'per-request';
    for (const { parts, request } of ios) {
      for (const io of parts) {
        // What a merged request went through is nobody's alone.
        if (request === NO_REQUEST) this.books.timeline.mark(io.request, this.stageMerged.id, this.sim.now);
        cpu.serve(io.request, this.stage, this.wait);
        cpu.charge(this.virtqueue);
        yield RUN;
        queue.push(this.heads.get(io) as number, writtenOf(io, format));
        this.heads.delete(io);
        this.unsettled++;
        if (each || monitor.publishesEach) this.publish();
        cpu.serveNobody();
        if (each) yield* this.settle(cpu);
      }
    }
  }

  private publish(): void {
    this.parts.queue.flush();
    this.flushes.value++;
  }

  /** Publishes what is not yet, and decides about an interrupt for all that was given back since the last time. */
  *settle(cpu: Context): Access {
    const { queue, interrupt, monitor, signal, ring } = this.parts;
    if (this.unsettled === 0) return;
    this.unsettled = 0;
    if (signal === 'per-batch' && !monitor.publishesEach) this.publish();
    if (!queue.shouldSignal()) return;
    ring.charge(cpu, queue);
    interrupt.charge(cpu);
    yield RUN;
    interrupt.raise();
  }
}
