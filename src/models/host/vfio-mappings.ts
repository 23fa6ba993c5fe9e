/** vfio behind a guest's own IOMMU: QEMU repeats each map and unmap of the guest in the real one, an ioctl each. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Context, Program } from '../hardware/context.ts';
import type { IommuDomain } from '../hardware/iommu-domain.ts';
import type { Invalidation } from '../linux/invalidation.ts';
import type { Notifier } from './guest-iommu.ts';

/**
 * VFIO_IOMMU_MAP_DMA pins the page and maps it; VFIO_IOMMU_UNMAP_DMA waits for the real IOMMU's invalidation, whatever
 * mode the host uses for its own devices. @param domain what the device may reach.
 */
export const vfioMappings = (
  { costs }: Accounting,
  domain: IommuDomain,
  invalidation: Invalidation,
): Notifier => {
  const map = costs.cost('vfio.map');
  const unmap = costs.cost('vfio.unmap');
  return function* (cpu: Context, page: number, present: boolean): Program {
    cpu.charge(present ? map : unmap);
    if (!present) yield* invalidation.page(cpu, domain, page);
  };
};
