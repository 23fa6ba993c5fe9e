/**
 * A spin lock that is taken with interrupts off (spin_lock_irqsave), first come, first served (qspinlock).
 *
 * Simplification: waiters spin however long it takes; paravirtual spin locks, which halt after a while, are not modelled.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counter } from '../../accounting/counters.ts';
import { InvariantError } from '../../accounting/invariant.ts';
import { LONGEST_SPIN } from '../hardware/busy-poll.ts';
import { type Context, RUN } from '../hardware/context.ts';
import { Fifo } from '../hardware/fifo.ts';
import { IRQ_OFF, LOCK_SPIN } from '../hardware/mode.ts';
import type { Access } from '../hardware/register-port.ts';

export class SpinLock {
  private holder: Context | null = null;
  private readonly waiters = new Fifo<Context>();
  private readonly spin: Cost;
  private readonly handoff: Cost;
  private readonly contended: Counter;

  /** @param name what it is counted as. */
  constructor({ costs, counters }: Accounting, name: string, vm: string) {
    this.spin = costs.cost('lock.spin');
    this.handoff = costs.cost('lock.handoff');
    this.contended = counters.counter('locks.contended', name, vm);
  }

  /** With interrupts off. Who has to wait pays the hand-off, a cache line that changes its core. */
  *acquire(cpu: Context): Access {
    // What was charged before is not done under the lock, and an interrupt that cuts it may want the lock, too.
    if (!cpu.idle) yield RUN;
    if (this.holder === null) {
      this.holder = cpu;
      return;
    }
    this.contended.value++;
    this.waiters.push(cpu);
    while (this.holder !== cpu) {
      cpu.mode = LOCK_SPIN;
      cpu.spend(this.spin, LONGEST_SPIN, 1);
      cpu.mode = IRQ_OFF;
      yield RUN;
    }
    cpu.charge(this.handoff);
  }

  /** When all that it protects is done: after a commit. */
  release(cpu: Context): void {
    if (this.holder !== cpu)
      throw new InvariantError(`${cpu.name} releases a spin lock that it does not hold`);
    const next = this.waiters.shift();
    this.holder = next;
    next?.level.endSpin(next, 0);
  }
}
