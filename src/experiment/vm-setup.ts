/** Where a VM runs, and what it boots. */
import type { Vm } from '../datapaths/world.ts';
import type { ScenarioPoint } from '../scenario/load.ts';
import { guestIommu } from '../scenario/vm-schema.ts';

/** Where a VM goes that is not pinned: VM k on cores 2k (vCPU) and 2k + 1 (backend), as far as there are cores. */
export const placed = (point: ScenarioPoint, name: string, index: number): Vm => {
  const { cores } = point.profile;
  const settings = point.scenario.vms[name];
  const { pin, memory, guest } = settings;
  const list = (chosen: number | number[] | undefined, otherwise: number): number[] =>
    chosen === undefined ? [otherwise % cores] : typeof chosen === 'number' ? [chosen] : chosen;
  return {
    name,
    vcpus: [list(pin.vcpus?.[0], index * 2)],
    backend: list(pin.backend, index * 2 + 1),
    ...(guest && { guest }),
    pageSize: memory.pageSize,
    ...guestIommu(settings),
  };
};
