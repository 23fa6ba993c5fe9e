/**
 * Teaching: a lock that all queues of a device take for each request, as a disk that is one object for all iothreads would have.
 * First come, first served; whoever waits sleeps.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { DiskStation } from '../hardware/disk/disk.ts';
import type { Access } from '../hardware/register-port.ts';
import { BigLock } from './big-lock.ts';

export class SharedLock implements DiskStation {
  readonly name: string;
  private readonly sim: Simulation;
  private readonly lock: BigLock;
  private readonly work: Cost;
  private held = 0;
  private since = 0;

  constructor(sim: Simulation, books: Accounting, vm: string) {
    this.sim = sim;
    this.name = `shared lock ${vm}`;
    this.lock = new BigLock(books, vm, 'shared lock');
    this.work = books.costs.cost('qemu.locked');
  }

  /** The work that needs the lock. */
  *pass(cpu: Context): Access {
    yield* this.lock.acquire(cpu);
    this.since = this.sim.now;
    cpu.charge(this.work);
    yield RUN;
    this.held += this.sim.now - this.since;
    this.lock.release(cpu);
  }

  busyBy(now: Picoseconds): number {
    return this.held + (this.lock.holder === null ? 0 : now - this.since);
  }
}
