/** What the kernel's DMA API does and costs per buffer, by IOMMU mode (drivers/iommu/dma-iommu.c). */
import type { Cost } from '../../accounting/cost.ts';
import type { Handler, Simulation } from '../../kernel/simulation.ts';
import { ms } from '../../units.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { IommuDomain, Page } from '../hardware/iommu-domain.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { Invalidation } from './invalidation.ts';
import { PageAllocator } from './page-allocator.ts';

/** `passthrough`: no mapping; `lazy`: unmapped entries are flushed in bulk; `strict`: each unmap waits for its flush. */
export type IommuMode = 'passthrough' | 'lazy' | 'strict';

/** Entries of the per-CPU flush queue (IOVA_DEFAULT_FQ_SIZE). */
const FLUSH_QUEUE = 256;
/** After the first entry, whatever became of it, the queue is flushed (IOVA_DEFAULT_FQ_TIMEOUT). */
const FLUSH_TIMEOUT = ms(10);

export interface DmaSpace {
  readonly domain: IommuDomain;
  readonly invalidation: Invalidation;
}

/**
 * The pages of one device. An unmapped page can be handed out again only when no cache knows it any more, so that each
 * new mapping is missed once, whatever the size of the IOTLB.
 */
export class DmaMapping {
  private readonly mode: IommuMode;
  private readonly space: DmaSpace | null;
  private readonly domain: IommuDomain | null;
  private readonly sim: Simulation;
  private readonly mapCost: Cost;
  private readonly unmapCost: Cost;
  private readonly timedOut: Handler;
  private readonly timer: InterruptLine | null;
  private readonly pages = new PageAllocator();
  private timerOn = false;
  /** The flush queue: unmapped, and perhaps still in the IOTLB. */
  private readonly waiting = new Int32Array(FLUSH_QUEUE);
  private waitingCount = 0;

  /**
   * @param cpu whose timer flushes the queue: the one that unmaps.
   * @param space null in passthrough: pages are handed out, but nothing is mapped.
   */
  constructor(cpu: Processor, mode: IommuMode, space: DmaSpace | null) {
    const { costs } = cpu.books;
    this.mode = space === null ? 'passthrough' : mode;
    this.space = space;
    this.domain = space?.domain ?? null;
    this.sim = cpu.sim;
    this.mapCost = costs.cost('iommu.map');
    this.unmapCost = costs.cost(mode === 'strict' ? 'iommu.unmapStrict' : 'iommu.unmapLazy');
    this.timedOut = cpu.sim.handler(() => this.timer?.raise(), 'iommu flush timeout');
    this.timer =
      this.mode === 'lazy' ? cpu.localInterrupt('iommu flush timer', (line) => this.timeout(line)) : null;
  }

  /** New mappings are announced (VT-d caching mode, virtio-iommu), which takes the processor away for a while. */
  get announces(): boolean {
    return this.space?.invalidation.ofMappings ?? false;
  }

  /** Pages in a row that stay mapped: a ring (dma_alloc_coherent). @returns the first. */
  mapRing(count: number): Page {
    const first = this.pages.takeRow(count);
    for (let page = first; page < first + count; page++) this.domain?.map(page);
    return first;
  }

  /** Charges dma_map_single for so many pieces; what it does is `map`, after the commit. */
  charge(cpu: Context, pieces = 1): void {
    if (this.mode !== 'passthrough') cpu.charge(this.mapCost, pieces);
  }

  /** @returns a page for one buffer, which the device may use from now on. */
  map(): Page {
    const page = this.pages.take();
    this.domain?.map(page);
    return page;
  }

  /** The IOMMU is told of a mapping where it must be. @returns what the caller must do first, or null. */
  announce(cpu: Context, page: Page): Program | null {
    const { space } = this;
    return space?.invalidation.ofMappings ? space.invalidation.page(cpu, space.domain, page) : null;
  }

  /** Charges dma_unmap_single for so many buffers; in strict mode each pays when its turn comes. */
  chargeUnmaps(cpu: Context, buffers: number): void {
    if (this.mode === 'lazy') cpu.charge(this.unmapCost, buffers);
  }

  /** dma_unmap_single. @returns what the caller must do before it goes on, or null. */
  unmap(cpu: Context, page: Page): Program | null {
    const { space } = this;
    if (this.mode === 'passthrough' || space === null) {
      this.pages.give(page);
      return null;
    }
    space.domain.unmap(page);
    if (this.mode === 'strict') return this.invalidate(cpu, space, page);
    if (!this.timerOn) {
      this.timerOn = true;
      this.sim.after(FLUSH_TIMEOUT, this.timedOut);
    }
    this.waiting[this.waitingCount++] = page;
    const full = this.waitingCount === FLUSH_QUEUE;
    const now = space.invalidation.later(cpu, page);
    if (now === null) return full ? this.flush(cpu, space) : null;
    return full ? this.inTurn(now, this.flush(cpu, space)) : now;
  }

  private *inTurn(...programs: readonly Program[]): Program {
    for (const program of programs) yield* program;
  }

  private *invalidate(cpu: Context, { domain, invalidation }: DmaSpace, page: Page): Program {
    cpu.charge(this.unmapCost);
    yield* invalidation.page(cpu, domain, page);
    this.pages.give(page);
  }

  /** What waits now is handed out again when it is flushed; what comes meanwhile waits for the next flush. */
  private *flush(cpu: Context, { domain, invalidation }: DmaSpace): Program {
    const due = this.waiting.slice(0, this.waitingCount);
    this.waitingCount = 0;
    yield* invalidation.all(cpu, domain);
    for (const page of due) this.pages.give(page);
  }

  /** fq_flush_timeout. Simplification: Linux's timer waits for a tick, and runs in a softirq. */
  private *timeout({ context, enter, leave }: InterruptLine): Program {
    for (;;) {
      yield WAIT;
      enter();
      this.timerOn = false;
      yield* this.flush(context, this.space as DmaSpace);
      leave();
      yield RUN;
    }
  }
}
