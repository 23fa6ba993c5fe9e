/** Which devices a VM may have behind an IOMMU that its guest sees. */
import type { VirtioTunables } from '../datapaths/virtio-params.ts';
import type { Scenario } from './schema.ts';
import type { PathKey } from './text/mistake.ts';
import { kindOf, paramsOf } from './vm-cards.ts';

interface Params {
  readonly tunables?: Partial<VirtioTunables>;
  readonly guestDriver?: string;
  readonly monitor?: string;
}

type Report = (path: readonly PathKey[], message: string) => void;

const ASSIGNED = ['sriov', 'nvme-passthrough'];
/** Backends that would have to learn of the guest's pages from QEMU, which is not modelled. */
const UNINFORMED: readonly string[] = ['vhost-user', 'vdpa'];

export const checkViommu = (scenario: Scenario, name: string, mistake: Report): void => {
  const { viommu, net } = scenario.vms[name];
  if (viommu.device === 'none') return;
  if (viommu.device === 'virtio-iommu' && viommu['caching-mode']) {
    mistake(
      ['vms', name, 'viommu', 'caching-mode'],
      'is a property of intel-iommu; a virtio-iommu is asked for each mapping anyway: leave it out',
    );
  }
  const own = scenario.datapaths.map((datapath) => kindOf(scenario, name, datapath));
  const kinds = new Set([...own, ...(net.devices ?? [])]);
  // vtd_iommu_notify_flag_changed: QEMU refuses to start.
  const assigned = ASSIGNED.find((kind) => kinds.has(kind));
  if (assigned !== undefined && viommu.device === 'intel-iommu' && !viommu['caching-mode']) {
    mistake(
      ['vms', name, 'viommu'],
      `QEMU puts an assigned device (${assigned}) behind intel-iommu only with caching-mode: true`,
    );
  }
  for (const kind of kinds) {
    const { tunables, guestDriver, monitor = 'qemu' } = paramsOf(scenario, name, kind) as Params;
    if (tunables?.iommu_platform !== true) continue;
    if (guestDriver === 'pmd') {
      mistake(
        ['vms', name, 'viommu'],
        'a polling guest (guestDriver: pmd) behind an IOMMU that it sees is not modelled; drop iommu_platform',
      );
    }
    if (monitor !== 'qemu')
      mistake(['vms', name, 'viommu'], `${monitor} has no ${viommu.device} here; drop iommu_platform`);
  }
  for (const kind of UNINFORMED.filter((each) => kinds.has(each))) {
    const { tunables } = paramsOf(scenario, name, kind) as { tunables: VirtioTunables };
    if (!tunables.iommu_platform) continue;
    mistake(
      ['vms', name, 'viommu'],
      `${kind} behind an IOMMU that the guest sees is not modelled; without iommu_platform it passes the IOMMU by`,
    );
  }
};
