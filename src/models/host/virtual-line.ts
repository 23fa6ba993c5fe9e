/** An interrupt line of a vCPU: what its delivery and its end cost depends on where the guest was, and on APICv. */
import type { Counter } from '../../accounting/counters.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { InterruptLine } from '../hardware/processor.ts';
import type { Exits } from './exits.ts';
import type { VCpuCosts, VCpuFeatures } from './vcpu-parts.ts';

interface LineParts {
  readonly costs: VCpuCosts;
  readonly features: VCpuFeatures;
  readonly exits: Exits;
  /** Level-triggered: its EOI exits even with APICv, since the IOAPIC must hear of it. */
  readonly level: boolean;
  readonly taken: Counter;
  /** The vCPU executes guest code at this instant. */
  readonly inGuest: () => boolean;
}

export const virtualLine = (context: Context, parts: LineParts): InterruptLine => {
  const { costs, features, exits, level, taken, inGuest } = parts;
  let hitGuest = false;
  return {
    context,
    raise: () => {
      if (context.pending) return;
      hitGuest = inGuest();
      context.signal();
    },
    enter: () => {
      taken.value++;
      if (hitGuest && features.apicv) context.charge(costs.postedDelivery);
      else if (hitGuest) exits.handled(context, costs.injection, exits.externalInterrupt);
      hitGuest = false;
      context.charge(costs.irqEntry);
    },
    leave: () => {
      if (level || !(features.apicv || features.pvEoi)) exits.handled(context, costs.exitEoi, exits.eoi);
    },
  };
};

/** A level-triggered line whose device may hold it beyond the handler: at the end of interrupt KVM delivers it again. */
export const heldLine = (line: InterruptLine, asserted: () => boolean): InterruptLine => ({
  ...line,
  leave: () => {
    line.leave();
    if (asserted()) line.context.signal();
  },
});

/** The handler of the guest's local timer: it signals `context`. */
export const timerInterrupt = (context: Context) =>
  function* ({ enter, leave }: InterruptLine): Program {
    for (;;) {
      yield WAIT;
      enter();
      leave();
      yield RUN;
      context.signal();
    }
  };
