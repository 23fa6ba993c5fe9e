/** VM exits of one vCPU: what leaves the guest, what it costs on the way out and on the way back in, and how often. */
import type { Cost } from '../../accounting/cost.ts';
import type { Counter, Counters } from '../../accounting/counters.ts';
import type { Context } from '../hardware/context.ts';
import { EXIT_KERNEL, type Mode } from '../hardware/mode.ts';

/** An exit under way in a context: what it interrupted and what is still to be paid. */
export interface Exit {
  readonly cost: Cost;
  readonly mode: Mode;
  readonly rest: number;
}

export class Exits {
  private readonly counters: Counters;
  private readonly vm: string;
  // Exits that are no access of a device are counted apart.
  readonly halt: Counter;
  readonly timer: Counter;
  readonly eoi: Counter;
  readonly externalInterrupt: Counter;
  /** Share of an exit that passes before the host acts on it (signals the backend, runs the device model). */
  private readonly outShare: number;

  constructor(counters: Counters, vm: string, outShare: number) {
    this.counters = counters;
    this.vm = vm;
    this.outShare = outShare;
    // Named at once, so that a count of zero is reported as zero.
    const other = (kind: string): Counter => counters.counter('exits.other', kind, vm);
    this.halt = other('halt');
    this.timer = other('timer');
    this.eoi = other('eoi');
    this.externalInterrupt = other('external-interrupt');
  }

  /** Charges the way out of the guest; what follows in `context` is host work until `enter`. */
  leave(context: Context, cost: Cost): Exit {
    const price = cost.draw === null ? cost.price : cost.draw();
    const out = Math.round(price * this.outShare);
    const exit = { cost, mode: context.mode, rest: price - out };
    context.mode = EXIT_KERNEL;
    context.spend(cost, out, 0);
    return exit;
  }

  /** Charges the way back; it rides with whatever the guest does next. */
  enter(context: Context, exit: Exit): void {
    context.mode = EXIT_KERNEL;
    context.spend(exit.cost, exit.rest, 1);
    context.mode = exit.mode;
  }

  /** An exit that KVM handles alone and at once; `counter` is one of those above. */
  handled(context: Context, cost: Cost, counter: Counter): void {
    const { mode } = context;
    context.mode = EXIT_KERNEL;
    context.charge(cost);
    context.mode = mode;
    counter.value++;
  }

  /** Counts accesses of a device: `name` is the register or queue, as the driver's documentation calls it. */
  accesses(name: string): Counter {
    return this.counters.counter('exits.device', name, this.vm);
  }
}
