/** What of a machine was busiest: a core, a wire, PCIe, the IOMMU or a part of the disk. */
import { mean } from 'simple-statistics';
import { IDLE_POLLING } from '../accounting/idle-polling.ts';
import type { Spending } from '../accounting/ledger.ts';
import { BACKGROUND_WORK } from '../accounting/unpriced.ts';
import type { LinkUse } from '../models/hardware/link.ts';
import type { Trial } from './build-trial.ts';
import type { Busiest, Load, Passed, StationUse } from './measured.ts';

/** How long each shared device has been taken so far, ps, and what has passed over it. */
export const stationsBusy = ({ world }: Trial): { name: string; busy: number; use: LinkUse | null }[] =>
  world.stations.map((station) => ({
    name: station.name,
    busy: station.busyBy(world.sim.now),
    use: station.use?.() ?? null,
  }));

/** What passed between two looks. */
const passed = (before: LinkUse | null, after: LinkUse | null): Passed | null => {
  if (before === null || after === null || after.transfers === before.transfers) return null;
  const count = after.transfers - before.transfers;
  const service = (after.busy - before.busy) / count;
  const square = (after.squares - before.squares) / count;
  return {
    count,
    service,
    variation: service === 0 ? 0 : Math.max(0, square / (service * service) - 1),
    wait: (after.waited - before.waited) / count,
  };
};

/** Use of each station in a window of `window` ps that began with `before`. */
export const stationsUse = (
  trial: Trial,
  before: ReturnType<typeof stationsBusy>,
  window: number,
): StationUse[] =>
  stationsBusy(trial).map(({ name, busy, use }, i) => ({
    name,
    share: (busy - before[i].busy) / window,
    passed: passed(before[i].use, use),
  }));

/** Polling burns a core without being load. */
const NO_LOAD = new Set(['halt.poll', ...IDLE_POLLING, BACKGROUND_WORK]);

/** How busy each core and shared device was in the window of `window` ps. */
export const loadsOf = (
  { world }: Trial,
  spending: readonly Spending[],
  stations: readonly StationUse[],
  window: number,
): Load[] => {
  const cores = world.cores.map(({ name }) => {
    const lines = spending.filter((line) => line.core === name && !NO_LOAD.has(line.cost));
    const busy = lines.reduce((sum, line) => sum + line.busy, 0) / window;
    const payers = new Map<string, number>();
    for (const line of lines) payers.set(line.payer, (payers.get(line.payer) ?? 0) + line.busy);
    const [user] = [...payers].sort((a, b) => b[1] - a[1])[0] ?? ['nothing'];
    return { resource: name, user, busy };
  });
  return [...cores, ...stations.map(({ name, share }) => ({ resource: name, user: '', busy: share }))];
};

/** A core is named with who used it most. */
export const loadName = ({ resource, user }: Load): string =>
  user === '' ? resource : `${resource}: ${user}`;

/** The highest of the loads. */
export const busiestOf = (loads: readonly Load[]): Busiest => {
  const most = loads.reduce((a, b) => (b.busy > a.busy ? b : a));
  return { station: loadName(most), busy: most.busy };
};

/** Over replications, by resource; a core's user is that of the first. */
export const meanLoads = (trials: readonly { readonly loads: readonly Load[] }[]): Load[] =>
  trials[0].loads.map(({ resource, user }, i) => ({
    resource,
    user,
    busy: mean(trials.map(({ loads }) => loads[i].busy)),
  }));
