/** What a vCPU pays, and what the hardware and KVM below it offer. */
import type { Cost } from '../../accounting/cost.ts';
import type { Picoseconds } from '../../units.ts';
import type { HaltpollTunables } from '../linux/haltpoll-governor.ts';
import type { HaltPollTunables } from './halt-poll.ts';

export interface VCpuCosts {
  /** A plain exit: HLT, external interrupt. */
  readonly exitLight: Cost;
  /** MSR fast path: TSC_DEADLINE, x2APIC ICR. */
  readonly exitMsr: Cost;
  readonly exitEoi: Cost;
  /** Delivery of a posted interrupt to a vCPU in guest mode. */
  readonly postedDelivery: Cost;
  /** Without posted interrupts: IPI, exit and injection. */
  readonly injection: Cost;
  /** Cache and TLB refill after the core was taken away. */
  readonly pollution: Cost;
  readonly irqEntry: Cost;
  readonly taskSwitch: Cost;
  readonly idleEnter: Cost;
  /** Of waking a thread that sleeps. */
  readonly wakeWaker: Cost;
  readonly haltPoll: Cost;
  readonly idlePoll: Cost;
}

/** What the hardware and KVM offer this vCPU. */
export interface VCpuFeatures {
  /** APICv with posted interrupts: delivery and EOI without exits. */
  readonly apicv: boolean;
  /** KVM_FEATURE_PV_EOI: without APICv an edge-triggered EOI needs no exit. */
  readonly pvEoi: boolean;
  /** Guest stops its tick when idle: a TSC_DEADLINE write on the way into idle and one on the way out. */
  readonly tickStop: boolean;
  readonly exitOutShare: number;
  /** How long a guest task runs while others wait. */
  readonly taskSlice: Picoseconds;
  readonly haltPoll: HaltPollTunables;
  /** The guest polls in its idle loop; not so where not given. */
  readonly haltpoll?: HaltpollTunables | undefined;
  /** Gap between two looks of the halt-polling loop, ps. */
  readonly haltPollGrid: Picoseconds;
}
