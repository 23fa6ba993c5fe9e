/**
 * The guest's driver of virtio-iommu (drivers/iommu/virtio-iommu.c, Linux 6.8): a mapping and an unmapping are a request each. Whoever
 * must be sure kicks the device and spins, interrupts off, until all requests in the ring are answered; a request that may wait
 * goes with the next ones. Mapping must be sure (iotlb_sync_map), unmapping only in strict mode.
 *
 * Simplification: one CPU asks, so that nobody waits for the request lock.
 */
import type { Cost } from '../../accounting/cost.ts';
import { LONGEST_SPIN } from '../hardware/busy-poll.ts';
import { type Context, type Program, RUN } from '../hardware/context.ts';
import type { IommuDomain, Page } from '../hardware/iommu-domain.ts';
import { IRQ_OFF, inExit, LOCK_SPIN } from '../hardware/mode.ts';
import type { Processor } from '../hardware/processor.ts';
import type { Invalidation } from '../linux/invalidation.ts';
import type { Doorbell } from '../linux/net-device.ts';
import { type DriverQueue, NOTHING } from '../virtio/driver-queue.ts';
import type { GuestMemory } from '../virtio/guest-memory.ts';
import { type IommuRequest, type IommuRequests, piecesOfIommuRequest } from '../virtio/iommu-request.ts';
import type { Virtqueue } from '../virtio/virtqueue.ts';
import type { KernelRelease } from './kernel-release.ts';
import { reapChecked } from './virtio-net-vector.ts';

/** Since then unmappings may wait for one another (IOMMU_CAP_DEFERRED_FLUSH); before it each is waited for. */
export const DEFERS_SINCE: KernelRelease = '6.8';

/** From a request to its table of descriptors, bytes. */
const TABLE_OFFSET = 64;

export interface VirtioIommuParts {
  readonly virtqueue: Virtqueue;
  readonly memory: GuestMemory;
  /** What the device finds in memory. */
  readonly requests: IommuRequests;
  readonly kick: Doorbell;
}

export class VirtioIommuDriver implements Invalidation {
  readonly ofMappings = true;
  private readonly processor: Processor;
  private readonly parts: VirtioIommuParts;
  private readonly queue: DriverQueue;
  private readonly request: Cost;
  private readonly spin: Cost;
  private readonly ringLine: Cost;
  /** Addresses of requests that are not in the ring. */
  private readonly free: number[] = [];
  /** Waits for answers. */
  private spinning: Context | null = null;

  constructor(processor: Processor, parts: VirtioIommuParts) {
    const { costs } = processor.books;
    const { virtqueue, memory } = parts;
    this.processor = processor;
    this.parts = parts;
    this.request = costs.cost('virtioIommu.request');
    this.spin = costs.cost('virtioIommu.spin');
    this.ringLine = costs.cost('ring.line');
    this.queue = virtqueue.driver({ indirect: true, rearmsWhileReaping: false });
    // viommu_init_vqs: the request queue has no callback.
    this.queue.disableCallbacks();
    virtqueue.pollUsed(() => this.spinning?.level.endSpin(this.spinning, 0));
    for (let i = 0; i < virtqueue.size; i++) this.free.push(memory.allocate());
  }

  /** viommu_map_pages or viommu_unmap_pages, and what waits for it. */
  *page(cpu: Context, domain: IommuDomain, page: Page): Program {
    yield RUN;
    const outer = cpu.mode;
    if (!inExit(outer)) cpu.mode = IRQ_OFF;
    if (this.full) yield* this.sync(cpu);
    this.add(cpu, { page, maps: domain.maps(page) });
    yield* this.sync(cpu);
    cpu.mode = outer;
  }

  later(cpu: Context, page: Page): Program | null {
    if (this.full) return this.makeRoomFor(cpu, page);
    this.add(cpu, { page, maps: false });
    return null;
  }

  /** viommu_flush_iotlb_all. */
  *all(cpu: Context): Program {
    yield RUN;
    const outer = cpu.mode;
    if (!inExit(outer)) cpu.mode = IRQ_OFF;
    yield* this.sync(cpu);
    cpu.mode = outer;
  }

  private *makeRoomFor(cpu: Context, page: Page): Program {
    yield* this.all(cpu);
    this.add(cpu, { page, maps: false });
  }

  private get full(): boolean {
    return this.free.length === 0;
  }

  private add(cpu: Context, request: IommuRequest): void {
    const { requests } = this.parts;
    const address = this.free.pop() as number;
    cpu.charge(this.request);
    requests.set(address, request);
    this.queue.add(piecesOfIommuRequest(request, address), address, address + TABLE_OFFSET);
  }

  /** __viommu_sync_req. */
  private *sync(cpu: Context): Program {
    const { kick } = this.parts;
    const { queue } = this;
    yield RUN;
    if (queue.kickPrepare()) {
      kick.leave(cpu);
      yield RUN;
      const work = kick.act(cpu);
      if (work !== null) yield* work;
      kick.enter(cpu);
      yield RUN;
    }
    for (this.take(cpu); queue.outstanding > 0 && queue.fault === null; this.take(cpu)) {
      const { mode } = cpu;
      if (!inExit(mode)) cpu.mode = LOCK_SPIN;
      cpu.spend(this.spin, LONGEST_SPIN, 1);
      cpu.mode = mode;
      this.spinning = cpu;
      yield RUN;
      this.spinning = null;
    }
  }

  private take(cpu: Context): void {
    const { requests } = this.parts;
    const { queue, processor } = this;
    for (
      let address = reapChecked(queue, processor, 'virtio-iommu');
      address !== NOTHING;
      address = reapChecked(queue, processor, 'virtio-iommu')
    ) {
      requests.delete(address);
      this.free.push(address);
    }
    const lines = queue.takeLines();
    if (lines > 0) cpu.charge(this.ringLine, lines);
  }
}
