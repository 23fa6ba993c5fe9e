/** Machines for tests: a shipped profile, with what a test wants different. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../datapaths/machine.ts';
import type { Picoseconds } from '../units.ts';
import { machineOf, type Profile, profileSchema } from './profile.ts';
import { formatMistake } from './text/mistake.ts';
import { parseYaml } from './text/read-yaml.ts';
import { validate } from './text/validate.ts';

export type ProfileName = 'server-3ghz' | 'server-amd' | 'textbook';

const profiles = new Map<ProfileName, Profile>();

const profileOf = (name: ProfileName): Profile => {
  const known = profiles.get(name);
  if (known !== undefined) return known;
  const file = fileURLToPath(new URL(`../../scenarios/profiles/${name}.yaml`, import.meta.url));
  const { document } = parseYaml(file, readFileSync(file, 'utf8'));
  const checked = validate(profileSchema, document, file);
  if (!checked.valid) throw new Error(checked.mistakes.map(formatMistake).join('\n'));
  profiles.set(name, checked.value);
  return checked.value;
};

/** What a test changes; `costs` are prices in ps, by name. */
export type Changes = Partial<Machine> & { readonly costs?: Readonly<Record<string, number>> };

/** The machine of a profile; the last core takes the host NIC's interrupts. */
export const machine = (name: ProfileName, { costs = {}, ...changes }: Changes = {}): Machine => {
  const profile = profileOf(name);
  const base = machineOf(profile, profile.cores - 1);
  const prices = new Map(base.prices);
  for (const [cost, price] of Object.entries(costs)) {
    if (!prices.has(cost)) throw new RangeError(`no cost named "${cost}" in ${name}`);
    prices.set(cost, { fixed: price as Picoseconds });
  }
  return { ...base, prices, ...changes };
};

/** The textbook machine at the given prices, everything else free and immediate. */
export const priced = (costs: Readonly<Record<string, number>>, changes: Partial<Machine> = {}): Machine =>
  machine('textbook', { ...changes, costs });
