/** An IOMMU that QEMU shows its guest: in front of the devices that it emulates, and known to whoever has a copy of the guest's mappings. */
import type { Context, Program } from '../hardware/context.ts';
import type { IommuDomain, Page } from '../hardware/iommu-domain.ts';

/** Somebody with a copy of the guest's page table, or of parts of it; told when the guest has told QEMU. */
export interface Notifier {
  /** @param present the page is mapped now. */
  changed(cpu: Context, page: Page, present: boolean): Program;
  /** All pages may have changed. */
  flushed(cpu: Context): Program;
}

export abstract class GuestIommu {
  /** What the guest's driver has mapped. */
  readonly domain: IommuDomain;
  protected readonly notifiers: Notifier[] = [];

  constructor(domain: IommuDomain) {
    this.domain = domain;
  }

  notify(notifier: Notifier): void {
    this.notifiers.push(notifier);
  }

  /** Charges an emulated device for the translation of a page that it reads or writes. */
  abstract translate(cpu: Context, page: Page): void;
}
