/** How long a packet may be, where what it takes to send or receive more than a frame is modelled. */
import { FRAME_MAX } from '../models/hardware/frame.ts';
import { PACKET_MAX } from '../models/hardware/segmentation.ts';
import type { Scenario } from './schema.ts';
import { kindOf, paramsOf } from './vm-cards.ts';
import type { NetworkWorkload } from './workload-schema.ts';

/** @returns why the workload cannot have packets of `size` bytes, or null. */
export const sizeRefused = (scenario: Scenario, workload: NetworkWorkload, size: number): string | null => {
  if (size <= FRAME_MAX) return null;
  if (size > PACKET_MAX) return `is more than one packet may have: ${PACKET_MAX} B (GSO_MAX_SIZE)`;
  const vm = Object.hasOwn(scenario.vms, workload.vm) ? scenario.vms[workload.vm] : undefined;
  if (vm === undefined) return null;
  if (vm.viommu.device !== 'none') {
    return `is more than one frame (${FRAME_MAX} B); such packets behind an IOMMU that the guest sees are not modelled`;
  }
  const polls = scenario.datapaths.some((datapath) => {
    const kind = kindOf(scenario, workload.vm, datapath);
    return (paramsOf(scenario, workload.vm, kind) as { guestDriver?: string }).guestDriver === 'pmd';
  });
  return polls
    ? `is more than one frame (${FRAME_MAX} B), and a polling guest (pmd) takes nothing else`
    : null;
};
