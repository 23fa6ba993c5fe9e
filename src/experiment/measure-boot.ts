/** What a guest made of its cards, for VMs that say what their guest is or have more than one card. */
import type { Boot } from '../datapaths/guest-bus.ts';
import { hasFeature, namesOf } from '../models/virtio/features.ts';
import type { Scenario } from '../scenario/schema.ts';
import type { Measured } from './measured.ts';

/** Drivers bound by card, features agreed on by those that the device offers, accesses made in set-up by kind. */
export const ofBoot = (vm: string, { vms }: Scenario, boot: Boot | undefined): Measured[] => {
  const { guest, net } = vms[vm];
  if (boot === undefined || (guest === undefined && net.devices === undefined)) return [];
  const row = (metric: string, component: string, unit: string, value: number): Measured => ({
    ...{ vm, workload: '', metric, component, statistic: 'count', unit, value },
  });
  const virtio = boot.carrier?.virtio ?? null;
  const accesses = Object.entries(boot.accesses);
  return [
    ...boot.cards.map(({ place, id, driver }) =>
      row('binding', `${place} ${id}`, 'drivers', driver === null ? 0 : 1),
    ),
    row('binding', '', 'drivers', boot.cards.filter(({ driver }) => driver !== null).length),
    ...(virtio === null
      ? []
      : namesOf(virtio.offered).map((name) =>
          row('features', name, 'features', hasFeature(virtio.negotiated, name) ? 1 : 0),
        )),
    ...accesses.map(([kind, count]) => row('setup', kind, 'accesses', count)),
    row(
      'setup',
      '',
      'accesses',
      accesses.reduce((sum, [, count]) => sum + count, 0),
    ),
  ];
};
