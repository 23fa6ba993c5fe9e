/** Whether QEMU would start with the properties of each VM's cards, and whether the machine prices what guests do. */
import type { Machine } from '../datapaths/machine.ts';
import { missingCost } from './missing-cost.ts';
import type { Scenario } from './schema.ts';
import type { PathKey } from './text/mistake.ts';
import { bootOf, cardOf, hasCard, kindOf, paramsOf } from './vm-cards.ts';
import { guestIommu } from './vm-schema.ts';

type Report = (path: readonly PathKey[], message: string) => void;

const refusalOf = (scenario: Scenario, vm: string, kind: string): string | null => {
  try {
    cardOf(scenario, vm, kind);
    return null;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
};

/** Said once for each place, however many VMs and datapaths share it. */
export const checkCards = (scenario: Scenario, mistake: Report): void => {
  const told = new Set<string>();
  for (const [name, { net }] of Object.entries(scenario.vms)) {
    const own = Object.keys(net.tunables).length > 0;
    const kinds = scenario.datapaths.map((datapath) => kindOf(scenario, name, datapath));
    for (const kind of new Set([...kinds, ...(net.devices ?? [])])) {
      const refusal = refusalOf(scenario, name, kind);
      if (refusal === null) continue;
      const path = own ? ['vms', name, 'net', 'tunables'] : ['parameters', kind, 'tunables'];
      const said = [...path, refusal].join('.');
      if (!told.has(said)) mistake(path, refusal);
      told.add(said);
    }
  }
};

/** A cost that a VM with a guest of its own charges and the machine does not have, with the datapath that does. */
export const missingForGuests = (
  scenario: Scenario,
  machine: Machine,
): [cost: string, kind: string] | null => {
  for (const [name, vm] of Object.entries(scenario.vms)) {
    const { guest, net } = vm;
    if (guest === undefined && net.devices === undefined && Object.keys(net.tunables).length === 0) continue;
    const boots = { ...(guest && { guest }), ...guestIommu(vm) };
    for (const datapath of scenario.datapaths) {
      const kind = kindOf(scenario, name, datapath);
      const used = !hasCard(kind) ? kind : bootOf(scenario, name, kind)?.carrier?.kind;
      const missing =
        used === undefined ? null : missingCost(machine, used, paramsOf(scenario, name, used), boots);
      if (missing !== null && used !== undefined) return [missing, used];
    }
  }
  return null;
};
