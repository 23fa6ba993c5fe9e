/** NAPI of a guest driver: napi_schedule, the poll, and napi_complete_done (net/core/dev.c). */
import type { Cost } from '../../accounting/cost.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { Processor } from '../hardware/processor.ts';
import type { Access } from '../hardware/register-port.ts';
import { NAPI_POLL_WEIGHT } from '../linux/napi.ts';

interface Parts {
  /** The driver's poll. @returns how many packets it took, of NAPI_POLL_WEIGHT at the most. */
  readonly poll: (cpu: Context) => Access<number>;
  /** Found fewer: interrupts are to be unmasked. */
  readonly completed: (cpu: Context) => Access;
}

export class Napi {
  private readonly parts: Parts;
  private readonly context: Context;
  private readonly scheduleCost: Cost;
  private readonly completeCost: Cost;
  private scheduled = false;
  private missed = false;

  constructor(cpu: Processor, name: string, parts: Parts) {
    const { costs } = cpu.books;
    this.parts = parts;
    this.scheduleCost = costs.cost('napi.schedule');
    this.completeCost = costs.cost('napi.complete');
    this.context = cpu.softirq(name, (context) => this.program(context));
  }

  /** Charges an interrupt handler; commit, then `schedule`. */
  chargeSchedule(cpu: Context): void {
    cpu.charge(this.scheduleCost);
  }

  /** napi_schedule_prep and __napi_schedule. @returns false where NAPI is scheduled already: it will poll once more. */
  schedule(): boolean {
    if (this.scheduled) {
      this.missed = true;
      return false;
    }
    this.scheduled = true;
    this.context.signal();
    return true;
  }

  private *program(cpu: Context): Program {
    yield WAIT;
    for (;;) {
      // The full weight: there may be more, and interrupts stay masked.
      if ((yield* this.parts.poll(cpu)) === NAPI_POLL_WEIGHT) cpu.signal();
      else {
        cpu.charge(this.completeCost);
        yield RUN;
        yield* this.complete(cpu);
      }
      yield WAIT;
    }
  }

  /** napi_complete_done: an interrupt that came meanwhile (NAPIF_STATE_MISSED) asks for one more poll. */
  private *complete(cpu: Context): Access {
    if (this.missed) {
      this.missed = false;
      cpu.signal();
      return;
    }
    this.scheduled = false;
    yield* this.parts.completed(cpu);
  }
}
