/**
 * Bounce buffers of a guest whose memory its devices cannot reach (kernel/dma/swiotlb.c): what is written is copied into memory that
 * they can, what is read is copied out of it. Mapping copies in always, of a read, too, so that no old content gets out.
 *
 * Simplifications: the pool has an area for each vCPU, so that nobody waits for its lock, and no holes: a mapping fits where there are
 * as many free slots. Each page of the data is mapped by itself.
 */
import type { Accounting } from '../../../accounting/accounting.ts';
import type { Cost } from '../../../accounting/cost.ts';
import type { Tally } from '../../../accounting/counters.ts';
import { InvariantError } from '../../../accounting/invariant.ts';
import { type Context, RUN } from '../../hardware/context.ts';
import type { BlockIo } from '../../hardware/disk/block-io.ts';
import type { Access } from '../../hardware/register-port.ts';
import type { BufferMappings } from './buffer-mappings.ts';

const PAGE_SIZE = 4096;
/** IO_TLB_SIZE. */
export const SLOT_SIZE = 2048;

const pagesOf = (size: number): number => Math.ceil(size / PAGE_SIZE);

/** Slots that the buffers of an I/O take: data in pages, and so many small ones. */
export const slotsOf = (size: number, others: number): number =>
  pagesOf(size) * (PAGE_SIZE / SLOT_SIZE) + others;

/** The slots of one guest. */
export class BouncePool {
  private free: number;
  private readonly slots: number;
  private readonly used: Tally;

  /** @param slots of 2 KiB. */
  constructor({ counters }: Accounting, vm: string, slots: number) {
    this.slots = slots;
    this.free = slots;
    this.used = counters.tally('occupancy', 'bounce buffers', vm);
  }

  /** @throws InvariantError when there are not so many: scenarios that could ask for more are refused. */
  take(slots: number): void {
    if (slots > this.free) throw new InvariantError('the bounce buffers are full');
    this.free -= slots;
    this.used.add(this.slots - this.free);
  }

  give(slots: number): void {
    this.free += slots;
  }
}

export class BounceBuffers implements BufferMappings {
  private readonly pool: BouncePool;
  private readonly mapCost: Cost;
  private readonly unmapCost: Cost;
  private readonly copyCost: Cost;
  /** By tag: small buffers that were mapped with the data. */
  private readonly others: number[] = [];

  constructor({ costs }: Accounting, pool: BouncePool) {
    this.pool = pool;
    this.mapCost = costs.cost('swiotlb.map');
    this.unmapCost = costs.cost('swiotlb.unmap');
    this.copyCost = costs.cost('swiotlb.perByte');
  }

  charge(cpu: Context, { size }: BlockIo, others = 0): void {
    cpu.charge(this.mapCost, pagesOf(size) + others);
    if (size > 0) cpu.charge(this.copyCost, size);
  }

  map({ tag, size }: BlockIo, others = 0): void {
    this.pool.take(slotsOf(size, others));
    this.others[tag] = others;
  }

  announce(): null {
    return null;
  }

  *unmap(cpu: Context, { tag, size, operation }: BlockIo): Access {
    const others = this.others[tag];
    cpu.charge(this.unmapCost, pagesOf(size) + others);
    if (operation === 'read' && size > 0) cpu.charge(this.copyCost, size);
    yield RUN;
    this.pool.give(slotsOf(size, others));
  }
}
