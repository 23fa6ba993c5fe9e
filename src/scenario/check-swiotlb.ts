/** Which VMs may have bounce buffers, and whether theirs hold all that their jobs have under way. */
import { SLOT_SIZE, slotsOf } from '../models/linux/block/bounce-buffers.ts';
import { longestIo } from './longest-io.ts';
import type { Scenario } from './schema.ts';
import type { PathKey } from './text/mistake.ts';
import { kindOf, paramsOf } from './vm-cards.ts';

type Report = (path: readonly PathKey[], message: string) => void;

const KIB = 1024;
/** IO_TLB_SEGSIZE slots: SCSI, ATA and NVMe take no longer requests with bounce buffers (dma_max_mapping_size). */
const LONGEST = 256 * KIB;
/** Header, status and table of a virtio request. */
const OTHERS = 3;

/** Disks whose driver maps nothing, or whose backend reads the guest's memory itself. */
const WITHOUT = ['vhost-scsi', 'vhost-user-blk'];
const VIRTIO = ['virtio-blk', 'virtio-scsi'];

const whyNot = (scenario: Scenario, vm: string, kind: string): string | null => {
  if (WITHOUT.includes(kind)) return `${kind} with bounce buffers is not modelled`;
  const { tunables } = paramsOf(scenario, vm, kind) as { tunables?: { iommu_platform?: boolean } };
  return VIRTIO.includes(kind) && tunables?.iommu_platform !== true
    ? `${kind} passes them by without iommu_platform: set parameters.${kind}.tunables.iommu_platform: true`
    : null;
};

export const checkSwiotlb = (scenario: Scenario, vm: string, mistake: Report): void => {
  const { swiotlb, viommu } = scenario.vms[vm];
  if (swiotlb === undefined) return;
  const at = ['vms', vm, 'swiotlb'];
  if (viommu.device !== 'none')
    mistake(at, 'bounce buffers behind an IOMMU that the guest sees are not modelled');
  const kinds = new Set(scenario.datapaths.map((datapath) => kindOf(scenario, vm, datapath)));
  for (const kind of kinds) {
    const why = whyNot(scenario, vm, kind);
    if (why !== null) mistake(at, why);
  }
  let slots = 0;
  for (const [name, workload] of Object.entries(scenario.workloads)) {
    if (workload.vm !== vm) continue;
    if (workload.kind !== 'fio') {
      mistake(at, `bounce buffers are modelled for disks alone, and ${name} uses the network`);
      continue;
    }
    const longest = longestIo(workload);
    slots += workload.iodepth * workload.numjobs * slotsOf(longest, OTHERS);
    if (longest > LONGEST && [...kinds].some((kind) => kind !== 'virtio-blk' && kind !== 'native')) {
      const key = workload.read_iolog === undefined ? 'bs' : 'read_iolog';
      mistake(['workloads', name, key], `Linux would cut I/Os of more than 256 KiB with bounce buffers`);
    }
  }
  if (slots * SLOT_SIZE <= swiotlb.size) return;
  const needed = Math.ceil((slots * SLOT_SIZE) / (KIB * KIB));
  mistake(
    [...at, 'size'],
    `its jobs may have I/Os of ${needed} MiB under way, more than the bounce buffers hold: what Linux does then is not modelled`,
  );
};
