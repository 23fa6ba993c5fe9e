/** QEMU's big lock: held by the main loop except in ppoll, and by a vCPU thread during each emulated access. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counter } from '../../accounting/counters.ts';
import { InvariantError } from '../../accounting/invariant.ts';
import { type Context, WAIT } from '../hardware/context.ts';
import type { Access } from '../hardware/register-port.ts';

export class BigLock {
  holder: Context | null = null;
  readonly waiters: Context[] = [];
  /** Waiters that were signalled by others than the lock: they are to find that signal again. */
  private readonly signalled = new Set<Context>();
  private readonly handoff: Cost;
  private readonly contended: Counter;

  /** @param name what it is counted as. */
  constructor(books: Accounting, vm: string, name = 'BQL') {
    this.handoff = books.costs.cost('bql.handoff');
    this.contended = books.counters.counter('locks.contended', name, vm);
  }

  /** @returns false where somebody else holds it. */
  take(cpu: Context): boolean {
    if (this.holder !== null) return false;
    this.holder = cpu;
    return true;
  }

  /** First come, first served; a waiter sleeps, and pays the hand-off when its turn comes. */
  *acquire(cpu: Context): Access {
    if (this.take(cpu)) return;
    this.contended.value++;
    this.waiters.push(cpu);
    for (yield WAIT; this.holder !== cpu; yield WAIT) this.signalled.add(cpu);
    cpu.charge(this.handoff);
    if (this.signalled.delete(cpu)) cpu.signal();
  }

  release(cpu: Context): void {
    if (this.holder !== cpu) throw new InvariantError('the BQL is released by somebody who does not hold it');
    const next = this.waiters.shift() ?? null;
    this.holder = next;
    if (next?.pending) this.signalled.add(next);
    next?.signal();
  }
}

export type Lock = Pick<BigLock, 'take' | 'acquire' | 'release'> & { readonly holder: Context | null };

/** Of monitors without a lock around everything: nobody waits. */
export const NO_LOCK: Lock = {
  holder: null,
  take: () => true,
  *acquire(): Access {},
  release: () => {},
};
