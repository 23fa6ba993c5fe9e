/** What a VM is given: its cores, and the parameters of its datapath. */
import type { Vm } from '../datapaths/world.ts';
import type { ScenarioPoint } from '../scenario/load.ts';
import type { Scenario } from '../scenario/schema.ts';
import { guestIommu } from '../scenario/vm-schema.ts';

/** Where a VM goes that is not pinned: VM k on cores 2k (vCPU) and 2k + 1 (backend), as far as there are cores. */
export const placed = (point: ScenarioPoint, name: string, index: number): Vm => {
  const { cores } = point.profile;
  const settings = point.scenario.vms[name];
  const { pin, memory } = settings;
  const list = (chosen: number | number[] | undefined, otherwise: number): number[] =>
    chosen === undefined ? [otherwise % cores] : typeof chosen === 'number' ? [chosen] : chosen;
  return {
    name,
    vcpus: [list(pin.vcpus?.[0], index * 2)],
    backend: list(pin.backend, index * 2 + 1),
    pageSize: memory.pageSize,
    ...guestIommu(settings),
  };
};

/** The parameters of `kind` with the tunables that the VM overrides, as far as the datapath has them. */
export const paramsOf = ({ parameters, vms }: Scenario, vm: string, kind: string): unknown => {
  const params = parameters[kind] as { readonly tunables?: Record<string, unknown> };
  if (params.tunables === undefined) return params;
  const known = Object.entries(vms[vm].net.tunables).filter(([key]) => key in (params.tunables ?? {}));
  return { ...params, tunables: { ...params.tunables, ...Object.fromEntries(known) } };
};
