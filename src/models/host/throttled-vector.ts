/**
 * An MSI-X vector of QEMU's 82574 with its throttle timer (e1000e_msix_notify_one, e1000e_eitr_should_postpone and
 * e1000e_intrmgr_on_msix_throttling_timer of hw/net/e1000e_core.c): the first message goes out at once and starts the
 * timer, those that come while it runs are one message at its end, which does not start it again.
 *
 * QEMU until 7.2 notes a postponed message in a flag that it never clears: from the first one on, the end of the timer
 * always sends a message, whether one was postponed or not; its handler finds nothing to do. QEMU 8.0 has no flag and
 * always sends.
 */
import type { Handler, Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';
import type { Context } from '../hardware/context.ts';
import type { Access } from '../hardware/register-port.ts';
import type { Source } from './event-loop.ts';
import type { InterruptPath } from './interrupt-path.ts';
import type { MainLoop } from './main-loop.ts';

/** One unit of EITR. */
const EITR_UNIT = 256_000;
/** Whatever the guest asks for, the timer is never shorter than this many units (E1000E_MIN_XITR): 128 us. */
const MIN_XITR = 500;

export class ThrottledVector {
  private readonly sim: Simulation;
  private readonly interrupt: InterruptPath;
  private readonly expired: Source;
  private readonly expiry: Handler;
  private running = false;
  private units = MIN_XITR;
  private flagged: boolean;

  /** @param flagged a message has been postponed before, some time since the VM was started. */
  constructor(sim: Simulation, loop: MainLoop, interrupt: InterruptPath, flagged: boolean) {
    this.sim = sim;
    this.interrupt = interrupt;
    this.flagged = flagged;
    this.expired = loop.source((cpu) => this.afterTimer(cpu));
    this.expiry = sim.handler(() => this.expired.raise(), 'e1000e throttle');
  }

  /** EITR, in units of 256 ns. */
  set interval(units: number) {
    this.units = Math.max(units, MIN_XITR);
  }

  *notify(cpu: Context): Access {
    if (this.running) {
      this.flagged = true;
      return;
    }
    this.running = true;
    this.sim.after((this.units * EITR_UNIT) as Picoseconds, this.expiry);
    yield* this.interrupt.signal(cpu);
  }

  private *afterTimer(cpu: Context): Access {
    this.running = false;
    if (this.flagged) yield* this.interrupt.signal(cpu);
  }
}
