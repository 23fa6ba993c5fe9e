/** What a VM's guest finds on its bus: the card of its datapath, further ones, and what it makes of them. */
import type { z } from 'zod';
import type { Datapath } from '../datapaths/datapath.ts';
import { type Boot, bootWith, type Card, CURRENT_LINUX } from '../datapaths/guest-bus.ts';
import { datapaths, kinds } from '../datapaths/index.ts';
import type { Scenario } from './schema.ts';

/** Tunables that a datapath has, by name; those without a default are unsaid in its parameters. */
const tunablesOf = (kind: string): ReadonlySet<string> => {
  const known = kinds.find((each) => each.kind === kind) as (typeof kinds)[number];
  const { tunables } = (known.params as z.ZodObject).shape as { tunables?: z.ZodPrefault<z.ZodObject> };
  return new Set(tunables === undefined ? [] : Object.keys(tunables.unwrap().shape));
};

/** The parameters of `kind` with the tunables that the VM overrides, as far as the datapath has them. */
export const paramsOf = ({ parameters, vms }: Scenario, vm: string, kind: string): unknown => {
  const params = parameters[kind] as { readonly tunables?: Record<string, unknown> };
  if (params.tunables === undefined) return params;
  const names = tunablesOf(kind);
  const known = Object.entries(vms[vm].net.tunables).filter(([key]) => names.has(key));
  return { ...params, tunables: { ...params.tunables, ...Object.fromEntries(known) } };
};

/** The network's datapath of this kind; a disk's has no card that a guest could be without a driver for. */
const datapathOf = (kind: string): Datapath | undefined => datapaths.find((each) => each.kind === kind);

/** Whether a VM on this datapath has a network card. */
export const hasCard = (kind: string): boolean => datapathOf(kind)?.card !== undefined;

/** @throws RangeError with the reason why the card cannot be made. */
export const cardOf = (scenario: Scenario, vm: string, kind: string): Card | null =>
  datapathOf(kind)?.card?.(paramsOf(scenario, vm, kind) as never) ?? null;

/** What the guest of `vm` makes of its cards, that of datapath `kind` first; null on bare metal, which has no guest. */
export const bootOf = (scenario: Scenario, vm: string, kind: string): Boot | null => {
  const { guest = CURRENT_LINUX, net } = scenario.vms[vm];
  if (!hasCard(kind)) return null;
  const { guestDriver } = paramsOf(scenario, vm, kind) as { readonly guestDriver?: string };
  const booted = guestDriver === 'pmd' ? { ...guest, polls: true } : guest;
  const kinds = [kind, ...(net.devices ?? [])];
  const cards = kinds.map((each) => ({ kind: each, ...(cardOf(scenario, vm, each) as Card) }));
  return bootWith(booted, cards);
};

/** The datapath of `vm` where the others are compared on `datapath`. */
export const kindOf = (scenario: Scenario, vm: string, datapath: string): string =>
  scenario.vms[vm].datapath ?? datapath;

/** Why none of a guest's cards works; null where one does. */
export const whyUnbound = ({ carrier, cards }: Boot): string | null =>
  carrier === null ? cards.map(({ reason }) => reason).join('; ') : null;
