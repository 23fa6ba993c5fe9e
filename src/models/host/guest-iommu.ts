/**
 * QEMU's intel-iommu (hw/i386/intel_iommu.c): the guest writes the tail of its invalidation queue, and inside that exit,
 * under the BQL, QEMU works the queue off. It keeps translations for the devices that it emulates, and tells whoever
 * else has a copy of the guest's page table: vfio, which maps or unmaps the page in the real IOMMU.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { type Context, type Program, RUN } from '../hardware/context.ts';
import type { IommuDomain, Page } from '../hardware/iommu-domain.ts';
import type { Access } from '../hardware/register-port.ts';
import { TranslationCache } from '../hardware/translation-cache.ts';
import type { DeviceModel } from './emulated-registers.ts';

/** Translations that QEMU keeps (VTD_IOTLB_MAX_SIZE). */
const IOTLB_ENTRIES = 1024;

/** Somebody with a copy of the guest's page table, or of parts of it; told in the exit. */
export interface Notifier {
  /** @param present the page is mapped now. */
  changed(cpu: Context, page: Page, present: boolean): Program;
  /** All pages may have changed. */
  flushed(cpu: Context): Program;
}

export class GuestIommu implements DeviceModel {
  /** No write is coalesced. */
  readonly immediate = { has: (): boolean => true };
  /** The invalidation queue in the guest's memory: pages, or a negative number for all. */
  readonly queue: Page[] = [];
  /** What the guest's driver has mapped. */
  readonly domain: IommuDomain;
  private readonly iotlb = new TranslationCache(IOTLB_ENTRIES);
  private readonly cached = this.iotlb.domain();
  private readonly descriptor: Cost;
  private readonly miss: Cost;
  private readonly notifiers: Notifier[] = [];

  constructor({ costs }: Accounting, domain: IommuDomain) {
    this.domain = domain;
    this.descriptor = costs.cost('qemu.iommuInvalidate');
    this.miss = costs.cost('qemu.iotlbMiss');
  }

  notify(notifier: Notifier): void {
    this.notifiers.push(notifier);
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

  /** Charges an emulated device for the translation of a page that it reads or writes: nothing where QEMU has it. */
  translate(cpu: Context, page: Page): void {
    if (this.iotlb.has(this.cached, page)) return;
    cpu.charge(this.miss);
    this.iotlb.add(this.cached, page);
  }
}
