/** What of a machine can be made cheaper or dearer: each named cost, and each time of its devices that is not a cost. */
import { POLL_PERIODS } from '../../accounting/poll-periods.ts';
import type { ScenarioPoint } from '../../scenario/load.ts';
import { type PriceEntry, rangeUnit } from '../../scenario/price.ts';
import { machineOf, type Profile } from '../../scenario/profile.ts';
import type { Hertz, Picoseconds } from '../../units.ts';

export interface Lever {
  /** A cost's name, or the device's time in words. */
  readonly name: string;
  /** The profile with it scaled; 1 changes nothing at all. */
  scale(profile: Profile, factor: number): Profile;
}

/** The same machine, rounded to picoseconds anew. */
export const withProfile = (point: ScenarioPoint, profile: Profile): ScenarioPoint => ({
  ...point,
  profile,
  machine: machineOf(profile, point.machine.irqCore),
});

/** A poll period is at least a cycle. */
const scaledPrice = (name: string, entry: PriceEntry, factor: number, clock: Hertz): PriceEntry => {
  const times = (figure: number | undefined): number | undefined =>
    figure === undefined ? undefined : figure * factor;
  const scaled = {
    ...entry,
    ...(entry.cycles !== undefined && { cycles: times(entry.cycles) }),
    ...(entry.ns !== undefined && { ns: times(entry.ns) }),
    ...(entry.stall && {
      stall: { ...entry.stall, time: Math.round(entry.stall.time * factor) as Picoseconds },
    }),
  };
  const taken = (scaled.cycles ?? 0) + ((scaled.ns ?? 0) * clock) / 1e9;
  return POLL_PERIODS.has(name) && taken < 1 ? { ...scaled, cycles: 1, ns: 0 } : scaled;
};

/** Several costs at once, each by a factor of its own. */
export const withPrices = (profile: Profile, factors: ReadonlyMap<string, number>): Profile => ({
  ...profile,
  costs: Object.fromEntries(
    Object.entries(profile.costs).map(([name, entry]) => {
      const factor = factors.get(name) ?? 1;
      return [name, factor === 1 ? entry : scaledPrice(name, entry, factor, profile.clock)];
    }),
  ),
});

/** Costs at figures in the unit of their ranges; a part in the other unit stays as it is. */
export const withFigures = (profile: Profile, figures: ReadonlyMap<string, number>): Profile => ({
  ...profile,
  costs: Object.fromEntries(
    Object.entries(profile.costs).map(([name, entry]) => {
      const figure = figures.get(name);
      // Scaled by one, a poll period that would be free takes its least time.
      return [
        name,
        figure === undefined
          ? entry
          : scaledPrice(name, { ...entry, [rangeUnit(entry)]: figure }, 1, profile.clock),
      ];
    }),
  ),
});

export const costLever = (name: string): Lever => ({
  name,
  scale: (profile, factor) => withPrices(profile, new Map([[name, factor]])),
});

/** All costs with work in cycles, whole: as if the cores were faster. Those that are times alone stay. */
export const CORES: Lever = {
  name: 'all work of the cores',
  scale: (profile, factor) => {
    const work = Object.entries(profile.costs).filter(([, { cycles: figure = 0 }]) => figure > 0);
    return withPrices(profile, new Map(work.map(([name]) => [name, factor])));
  },
};
