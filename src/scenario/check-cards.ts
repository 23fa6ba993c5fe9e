/** Whether QEMU would start with the properties of each VM's cards, and whether the machine prices what guests do. */
import { datapathOf } from '../datapaths/index.ts';
import type { Machine } from '../datapaths/world.ts';
import { missingCost } from './missing-cost.ts';
import type { Scenario } from './schema.ts';
import type { PathKey } from './text/mistake.ts';
import { bootOf, cardOf, kindOf, paramsOf } from './vm-cards.ts';

type Report = (path: readonly PathKey[], message: string) => void;

export const checkCards = (scenario: Scenario, mistake: Report): void => {
  for (const [name, { net }] of Object.entries(scenario.vms)) {
    for (const datapath of scenario.datapaths) {
      for (const kind of [kindOf(scenario, name, datapath), ...(net.devices ?? [])]) {
        try {
          cardOf(scenario, name, kind);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          const own = Object.keys(net.tunables).length > 0;
          mistake(own ? ['vms', name, 'net', 'tunables'] : ['parameters', kind, 'tunables'], error.message);
        }
      }
    }
  }
};

/** A cost that a VM with a guest of its own charges and the machine does not have, with the datapath that does. */
export const missingForGuests = (
  scenario: Scenario,
  machine: Machine,
): [cost: string, kind: string] | null => {
  for (const [name, { guest, net }] of Object.entries(scenario.vms)) {
    if (guest === undefined && net.devices === undefined && Object.keys(net.tunables).length === 0) continue;
    for (const datapath of scenario.datapaths) {
      const kind = kindOf(scenario, name, datapath);
      const used = datapathOf(kind).card === undefined ? kind : bootOf(scenario, name, kind)?.carrier?.kind;
      const missing =
        used === undefined ? null : missingCost(machine, used, paramsOf(scenario, name, used), guest);
      if (missing !== null && used !== undefined) return [missing, used];
    }
  }
  return null;
};
