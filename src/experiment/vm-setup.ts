/** Where a VM runs, and what it boots. */
import type { Vm } from '../datapaths/world.ts';
import type { ScenarioPoint } from '../scenario/load.ts';

/** Where a VM goes that is not pinned: VM k on cores 2k (vCPU) and 2k + 1 (backend), as far as there are cores. */
export const placed = (point: ScenarioPoint, name: string, index: number): Vm => {
  const { cores } = point.profile;
  const { pin, guest } = point.scenario.vms[name];
  const list = (chosen: number | number[] | undefined, otherwise: number): number[] =>
    chosen === undefined ? [otherwise % cores] : typeof chosen === 'number' ? [chosen] : chosen;
  const vcpus = [list(pin.vcpus?.[0], index * 2)];
  return { name, vcpus, backend: list(pin.backend, index * 2 + 1), ...(guest && { guest }) };
};
