/**
 * vfio, and vhost-vdpa, behind a guest's own IOMMU: QEMU repeats each map and unmap of the guest in the real one, an ioctl each, or a
 * message to vhost-vdpa, which is taken to cost the same.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Context, Program } from '../hardware/context.ts';
import type { IommuDomain, Page } from '../hardware/iommu-domain.ts';
import type { Invalidation } from '../linux/invalidation.ts';
import type { Notifier } from './guest-iommu.ts';

/**
 * VFIO_IOMMU_MAP_DMA pins the page and maps it; VFIO_IOMMU_UNMAP_DMA waits for the real IOMMU's invalidation, whatever
 * mode the host uses for its own devices.
 */
export class VfioMappings implements Notifier {
  private readonly domain: IommuDomain;
  private readonly invalidation: Invalidation;
  private readonly map: Cost;
  private readonly unmap: Cost;

  /** @param domain what the device may reach. */
  constructor({ costs }: Accounting, domain: IommuDomain, invalidation: Invalidation) {
    this.domain = domain;
    this.invalidation = invalidation;
    this.map = costs.cost('vfio.map');
    this.unmap = costs.cost('vfio.unmap');
  }

  *changed(cpu: Context, page: Page, present: boolean): Program {
    cpu.charge(present ? this.map : this.unmap);
    if (!present) yield* this.invalidation.page(cpu, this.domain, page);
  }

  /** In caching mode, without which there is no vfio, Linux flushes page by page. */
  flushed(cpu: Context): Program {
    return this.invalidation.all(cpu, this.domain);
  }
}
