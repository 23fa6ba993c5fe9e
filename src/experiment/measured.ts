/** What a trial's measuring starts from, and what it yields. */
import type { Counter } from '../accounting/counters.ts';
import type { Spending } from '../accounting/ledger.ts';
import type { ScenarioPoint } from '../scenario/load.ts';
import type { Trial } from './build-trial.ts';

/** One figure of one replication. */
export interface Measured {
  readonly vm: string;
  readonly workload: string;
  readonly metric: string;
  readonly component: string;
  readonly statistic: string;
  readonly unit: string;
  readonly value: number;
}

export interface StationUse {
  readonly name: string;
  readonly share: number;
  /** What passed in the window; null of what does not serve one after the other. */
  readonly passed: Passed | null;
}

/** What a station served one after the other, in order of arrival. */
export interface Passed {
  readonly count: number;
  /** Of an occupation, ps. */
  readonly service: number;
  /** Squared coefficient of variation of the occupations. */
  readonly variation: number;
  /** Before an occupation, ps. */
  readonly wait: number;
}

/** How much a resource was used: a core, without its polling, or a shared device. */
export interface Load {
  /** `core3`, or the name of a wire, bus or part of a disk. */
  readonly resource: string;
  /** Who used a core most; '' of a device. */
  readonly user: string;
  /** Share of the window. */
  readonly busy: number;
}

/** What was busiest, and what share of the window it was. */
export interface Busiest {
  readonly station: string;
  readonly busy: number;
}

export interface Source {
  readonly trial: Trial;
  readonly point: ScenarioPoint;
  readonly spending: readonly Spending[];
  readonly counts: readonly { counter: Counter; value: number }[];
  readonly startDrops: readonly ReadonlyMap<string, number>[];
  /** Occurrences of any cost that stalled in the window. */
  readonly stalls: number;
  /** Share of the window in which wires, PCIe and IOMMU were taken. */
  readonly stations: readonly StationUse[];
  /** Core with its main payer, wire, bus or part of a disk. */
  readonly busiest: Busiest;
}
