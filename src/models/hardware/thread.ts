/** Something a core's scheduler runs: a plain program, or a vCPU with contexts of its own. */
import type { Account } from '../../accounting/ledger.ts';
import type { Context } from './context.ts';
import type { Core } from './core.ts';

/** Real-time threads preempt fair ones; fair ones share by weight. */
export type SchedulingClass = 'fair' | 'fifo';

export interface Placement {
  /** Cores the thread may run on; at least one. */
  readonly affinity: readonly number[];
  readonly weight?: number;
  readonly policy?: SchedulingClass;
}

export abstract class Thread {
  readonly name: string;
  readonly affinity: readonly number[];
  readonly weight: number;
  readonly policy: SchedulingClass;
  /** Where it runs, is queued, or ran last. */
  core: Core | null = null;
  /** Not blocked: it runs or waits for its core. */
  runnable = false;
  /** Weighted time it has run, ps: the fair scheduler's order. */
  virtualRuntime = 0;
  /** When it was last switched in, ps. */
  switchedInAt = 0;
  migrations = 0;

  constructor(name: string, placement: Placement) {
    this.name = name;
    this.affinity = placement.affinity;
    this.weight = placement.weight ?? 1024;
    this.policy = placement.policy ?? 'fair';
  }

  /** The context that should run now, or null when the thread blocks. */
  abstract leaf(): Context | null;

  /** Called when the thread gets a core: the first context it runs pays for the switch. */
  abstract switchedIn(core: Core, account: (payer: string, guest: boolean) => Account): void;
}

/** A thread that is one program. */
export class TaskThread extends Thread {
  context!: Context;

  leaf(): Context | null {
    return this.context.runnable ? this.context : null;
  }

  switchedIn(_core: Core, account: (payer: string, guest: boolean) => Account): void {
    this.context.account = account(this.context.payer, this.context.guest);
  }
}
