/** A machine profile from its file, and with what a scenario says over it. */
import { ms } from '../units.ts';
import { type Profile, profileSchema } from './profile.ts';
import type { Scenario } from './schema.ts';
import { type Mistake, sortMistakes } from './text/mistake.ts';
import { readText } from './text/read-file.ts';
import { parseYaml } from './text/read-yaml.ts';
import { validate } from './text/validate.ts';

/** Later keys win, maps are merged: what `host:` says over what the profile says. */
const merged = <T>(below: T, above: unknown): T => {
  const isMap = (x: unknown): x is Record<string, unknown> =>
    typeof x === 'object' && x !== null && !Array.isArray(x);
  if (!isMap(below) || !isMap(above)) return (above === undefined ? below : above) as T;
  const out: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) out[key] = merged(out[key], value);
  return out as T;
};

/** The profile, or its mistakes. */
export const loadProfile = (file: string): { profile: Profile } | { mistakes: readonly Mistake[] } => {
  const read = readText(file);
  if ('mistake' in read) return { mistakes: [read.mistake] };
  const { document, value, mistakes } = parseYaml(file, read.text);
  if (value === undefined) return { mistakes };
  const checked = validate(profileSchema, document, file);
  if (mistakes.length > 0 || !checked.valid)
    return { mistakes: sortMistakes([...mistakes, ...checked.mistakes]) };
  return { profile: checked.value };
};

/** Under CFS two threads share its latency of 24 ms (8 or more cores); EEVDF's slice of the profile is another thing. */
const CFS_SLICE = ms(12);

/** The profile with what the scenario says over it. */
export const overridden = (profile: Profile, scenario: Scenario): Profile => {
  const { irqCore: _, ...host } = scenario.host;
  // A scenario's price replaces the profile's figure but keeps its range, in the same unit, so that `check` can warn.
  const costs = Object.fromEntries(
    Object.entries(scenario.costs).map(([name, entry]) => {
      const { range, cycles } = profile.costs[name] ?? {};
      const sameUnit = (entry.cycles === undefined) === (cycles === undefined);
      return [name, { ...(range === undefined || !sameUnit ? {} : { range }), ...entry }];
    }),
  );
  const { policy, slice } = scenario.host.scheduler ?? {};
  const turnsToCfs = policy === 'cfs' && slice === undefined && profile.scheduler.policy !== 'cfs';
  const scheduler = turnsToCfs ? { ...host.scheduler, slice: CFS_SLICE } : host.scheduler;
  return { ...merged(profile, { ...host, scheduler }), costs: { ...profile.costs, ...costs } };
};
