/** What the kernel's DMA API costs per buffer, by IOMMU mode (drivers/iommu/dma-iommu.c). */
import type { Cost } from '../../accounting/cost.ts';
import type { Handler, Simulation } from '../../kernel/simulation.ts';
import { ms } from '../../units.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';

/** `passthrough`: no mapping; `lazy`: unmapped entries are flushed in bulk; `strict`: each unmap waits for its flush. */
export type IommuMode = 'passthrough' | 'lazy' | 'strict';

/** Entries of the per-CPU flush queue (IOVA_DEFAULT_FQ_SIZE). */
const FLUSH_QUEUE = 256;
/** After the first entry, whatever became of it, the queue is flushed (IOVA_DEFAULT_FQ_TIMEOUT). */
const FLUSH_TIMEOUT = ms(10);

/** Simplification: invalidations of several cores do not queue behind each other. */
export class DmaMapping {
  private readonly mode: IommuMode;
  private readonly sim: Simulation;
  private readonly mapCost: Cost;
  private readonly unmapCost: Cost;
  private readonly flushCost: Cost;
  private readonly timedOut: Handler;
  private readonly timer: InterruptLine | null;
  private timerOn = false;
  private waiting = 0;

  /** @param cpu whose timer flushes the queue: the one that unmaps. */
  constructor(cpu: Processor, mode: IommuMode) {
    const { costs } = cpu.books;
    this.mode = mode;
    this.sim = cpu.sim;
    this.mapCost = costs.cost('iommu.map');
    this.unmapCost = costs.cost(mode === 'strict' ? 'iommu.unmapStrict' : 'iommu.unmapLazy');
    this.flushCost = costs.cost('iommu.flush');
    this.timedOut = cpu.sim.handler(() => this.timer?.raise(), 'iommu flush timeout');
    this.timer = mode === 'lazy' ? cpu.interrupt('iommu flush timer', (line) => this.flush(line)) : null;
  }

  map(cpu: Context, buffers = 1): void {
    if (this.mode !== 'passthrough') cpu.charge(this.mapCost, buffers);
  }

  unmap(cpu: Context, buffers = 1): void {
    if (this.mode === 'passthrough' || buffers === 0) return;
    cpu.charge(this.unmapCost, buffers);
    if (this.mode === 'strict') return;
    if (!this.timerOn) {
      this.timerOn = true;
      this.sim.after(FLUSH_TIMEOUT, this.timedOut);
    }
    this.waiting += buffers;
    if (this.waiting < FLUSH_QUEUE) return;
    this.waiting = 0;
    cpu.charge(this.flushCost);
  }

  /** fq_flush_timeout. Simplification: Linux's timer waits for a tick, and runs in a softirq. */
  private *flush({ context, enter, leave }: InterruptLine): Program {
    for (;;) {
      yield WAIT;
      enter();
      context.charge(this.flushCost);
      leave();
      yield RUN;
      this.timerOn = false;
      this.waiting = 0;
    }
  }
}
