/**
 * QEMU's intel-iommu (hw/i386/intel_iommu.c): the guest writes the tail of its invalidation queue, and inside that exit,
 * under the BQL, QEMU works the queue off. It keeps translations for the devices that it emulates, and tells whoever
 * else has a copy of the guest's page table: vfio, which maps or unmaps the page in the real IOMMU.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { IommuDomain, Page } from '../hardware/iommu-domain.ts';
import type { Access } from '../hardware/register-port.ts';
import { TranslationCache } from '../hardware/translation-cache.ts';
import type { DeviceModel } from './emulated-registers.ts';
import { GuestIommu } from './guest-iommu.ts';

/** Translations that QEMU keeps (VTD_IOTLB_MAX_SIZE). */
const IOTLB_ENTRIES = 1024;

export class IntelIommu extends GuestIommu implements DeviceModel {
  /** No write is coalesced. */
  readonly immediate = { has: (): boolean => true };
  /** The invalidation queue in the guest's memory: pages, or a negative number for all. */
  readonly queue: Page[] = [];
  private readonly iotlb = new TranslationCache(IOTLB_ENTRIES);
  private readonly cached = this.iotlb.domain();
  private readonly descriptor: Cost;
  private readonly miss: Cost;

  constructor({ costs }: Accounting, domain: IommuDomain) {
    super(domain);
    this.descriptor = costs.cost('qemu.iommuInvalidate');
    this.miss = costs.cost('qemu.iotlbMiss');
  }

  *read(): Access<number> {
    yield RUN;
    return 0;
  }

  *write(cpu: Context): Access {
    yield RUN;
    for (const page of this.queue.splice(0)) {
      cpu.charge(this.descriptor);
      yield RUN;
      if (page < 0) {
        this.iotlb.flush(this.cached);
        for (const notifier of this.notifiers) yield* notifier.flushed(cpu);
        continue;
      }
      this.iotlb.drop(this.cached, page);
      for (const notifier of this.notifiers) yield* notifier.changed(cpu, page, this.domain.maps(page));
    }
  }

  /** Nothing where QEMU has it. */
  translate(cpu: Context, page: Page): void {
    if (this.iotlb.has(this.cached, page)) return;
    cpu.charge(this.miss);
    this.iotlb.add(this.cached, page);
  }
}
