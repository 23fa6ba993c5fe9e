/** The machine of a trial with everything resolved: what a profile says, and a scenario over it. */
import type { Price } from '../accounting/cost.ts';
import type { DiskSettings } from '../models/hardware/disk/disk-classes.ts';
import type { IdleState } from '../models/hardware/idle-states.ts';
import type { Moderation } from '../models/hardware/moderation.ts';
import type { NicSettings } from '../models/hardware/nic.ts';
import type { FairSchedulerSettings } from '../models/host/fair-scheduler.ts';
import type { HaltPollTunables } from '../models/host/halt-poll.ts';
import type { IommuMode } from '../models/linux/dma-mapping.ts';
import type { Hertz, Picoseconds } from '../units.ts';

export interface IotlbSettings {
  /** One lookup. */
  readonly lookup: Picoseconds;
  /** Translations that it holds. */
  readonly entries: number;
  /** One memory read of a page walk. */
  readonly walkRead: Picoseconds;
  /** Translations that a device holds itself, with ATS. */
  readonly deviceEntries: number;
}

/** A machine with everything resolved: prices in ps, defaults filled in. */
export interface Machine {
  readonly clock: Hertz;
  readonly cores: number;
  readonly prices: ReadonlyMap<string, Price>;
  readonly idleStates: readonly IdleState[];
  readonly nic: NicSettings;
  readonly disk: DiskSettings;
  readonly nicRings: { readonly tx: number; readonly rx: number };
  readonly moderation: Moderation;
  readonly iommu: IommuMode;
  readonly iotlb: IotlbSettings;
  /** Devices keep translations themselves (PCIe ATS). */
  readonly ats: boolean;
  readonly scheduler: FairSchedulerSettings;
  readonly haltPoll: HaltPollTunables;
  readonly haltPollGrid: Picoseconds;
  readonly apicv: boolean;
  readonly pvEoi: boolean;
  /** The IOMMU posts interrupts of assigned devices straight to vCPUs (VT-d PI). */
  readonly postedInterrupts: boolean;
  /** Kicks are recognised without decoding the instruction. */
  readonly fastMmio: boolean;
  /** The guest stops its tick in idle. */
  readonly tickStop: boolean;
  readonly exitOutShare: number;
  /** Core that takes the host NIC's interrupts. */
  readonly irqCore: number;
}
