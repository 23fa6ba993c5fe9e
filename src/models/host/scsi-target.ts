/**
 * The device of LIO behind a vhost-scsi target, which all queues share: each command passes a short section under its lock, and only
 * so many are under way (TCM's 1,024).
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import type { Request } from '../../accounting/timeline.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';
import { type Context, RUN, WAIT } from '../hardware/context.ts';
import type { DiskStation } from '../hardware/disk/disk.ts';
import { Fifo } from '../hardware/fifo.ts';
import type { Access } from '../hardware/register-port.ts';
import { BigLock } from './big-lock.ts';

/** Commands under way at once. */
const IN_FLIGHT_MAX = 1024;

export class TargetDevice implements DiskStation {
  readonly name = 'SCSI target';
  private readonly sim: Simulation;
  private readonly lock: BigLock;
  private readonly locked: Cost;
  private readonly stage: Stage;
  private readonly wait: Stage;
  private readonly waiters = new Fifo<Context>();
  private inFlight = 0;
  private held = 0;
  private since = 0;

  constructor(sim: Simulation, books: Accounting, vm: string) {
    this.sim = sim;
    this.lock = new BigLock(books, vm, 'SCSI target');
    this.locked = books.costs.cost('vhostScsi.target');
    this.stage = books.timeline.working('vhost: target');
    this.wait = books.timeline.waiting('wait: SCSI target');
  }

  /** Waits for room, and passes the device's lock. */
  *enter(cpu: Context, request: Request): Access {
    while (this.inFlight >= IN_FLIGHT_MAX) {
      if (!this.waiters.includes(cpu)) this.waiters.push(cpu);
      yield WAIT;
    }
    this.inFlight++;
    yield* this.lock.acquire(cpu);
    this.since = this.sim.now;
    cpu.serve(request, this.stage, this.wait);
    cpu.charge(this.locked);
    yield RUN;
    cpu.serveNobody();
    this.held += this.sim.now - this.since;
    this.lock.release(cpu);
  }

  /** A command is done. */
  left(): void {
    this.inFlight--;
    this.waiters.shift()?.signal();
  }

  busyBy(now: Picoseconds): number {
    return this.held + (this.lock.holder === null ? 0 : now - this.since);
  }
}
