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
    const { tunables, monitor = 'qemu' } = paramsOf(scenario, name, kind) as Params;
    if (tunables?.iommu_platform !== true) continue;
    if (monitor !== 'qemu')
      mistake(['vms', name, 'viommu'], `${monitor} has no ${viommu.device} here; drop iommu_platform`);
  }
  const platform = (kind: string): boolean =>
    kinds.has(kind) &&
    (paramsOf(scenario, name, kind) as { tunables: VirtioTunables }).tunables.iommu_platform;
  const polled = (kind: string): boolean => (paramsOf(scenario, name, kind) as Params).guestDriver === 'pmd';
  if (platform('vhost-user') && !polled('vhost-user')) {
    mistake(
      ['vms', name, 'viommu'],
      'vhost-user behind an IOMMU that the guest sees is modelled with guestDriver: pmd alone, whose memory is mapped once; ' +
        'without iommu_platform it passes the IOMMU by',
    );
  }
  // vhost_vdpa_listener_region_add: it must hear of what is mapped.
  if (platform('vdpa') && viommu.device === 'intel-iommu' && !viommu['caching-mode']) {
    mistake(['vms', name, 'viommu'], 'QEMU puts vdpa behind intel-iommu only with caching-mode: true');
  }
};
