/** Where a VM runs, and what it boots. */
import type { Vm } from '../datapaths/world.ts';
import { blockQueueSettings } from '../scenario/block-queue-schema.ts';
import type { ScenarioPoint } from '../scenario/load.ts';
import { bounceSlots, guestIommu } from '../scenario/vm-schema.ts';

/** Where a VM goes that is not pinned: each vCPU on a core of its own, and its backend on the next, as far as there are cores. */
export const placed = (point: ScenarioPoint, name: string, index: number): Vm => {
  const { cores } = point.profile;
  const vms = Object.values(point.scenario.vms);
  const settings = point.scenario.vms[name];
  const { pin, memory, guest, vcpus, disk } = settings;
  const first = vms.slice(0, index).reduce((sum, before) => sum + before.vcpus + 1, 0);
  const list = (chosen: number | number[] | undefined, otherwise: number): number[] =>
    chosen === undefined ? [otherwise % cores] : typeof chosen === 'number' ? [chosen] : chosen;
  return {
    name,
    vcpus: Array.from({ length: vcpus }, (_, i) => list(pin.vcpus?.[i], first + i)),
    backend: list(pin.backend, first + vcpus),
    ...(guest && { guest }),
    ...(disk && { disk: blockQueueSettings(disk) }),
    pageSize: memory.pageSize,
    ...guestIommu(settings),
    ...bounceSlots(settings),
  };
};
