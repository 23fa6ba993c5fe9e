/**
 * The device of LIO behind a vhost-scsi target, which all queues share: each command passes a short section under its spin lock, and
 * only so many are under way (TCM's 1,024).
 *
 * Simplification: who waits for the lock is served in order of arrival, as with queued spin locks, and how long is known at once.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import type { Request } from '../../accounting/timeline.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';
import { type Context, RUN, WAIT } from '../hardware/context.ts';
import type { DiskStation } from '../hardware/disk/disk.ts';
import { Link } from '../hardware/link.ts';
import { IRQ_OFF } from '../hardware/mode.ts';
import type { Access } from '../hardware/register-port.ts';

/** Commands under way at once. */
const IN_FLIGHT_MAX = 1024;

export class TargetDevice implements DiskStation {
  readonly name: string;
  private readonly sim: Simulation;
  private readonly lock: Link;
  private readonly locked: Cost;
  private readonly spin: Cost;
  private readonly stage: Stage;
  private readonly stageSpin: Stage;
  private readonly wait: Stage;
  private readonly waiters = new Set<Context>();
  private inFlight = 0;

  constructor(sim: Simulation, { costs, timeline }: Accounting, vm: string) {
    this.sim = sim;
    this.name = `SCSI target ${vm}`;
    this.lock = new Link(this.name);
    this.locked = costs.cost('vhostScsi.target');
    this.spin = costs.cost('lock.spin');
    this.stage = timeline.working('vhost: target');
    this.stageSpin = timeline.waiting('wait: lock of the SCSI target');
    this.wait = timeline.waiting('wait: room at the SCSI target');
  }

  /** Waits for room, and passes the device's lock. */
  *enter(cpu: Context, request: Request): Access {
    while (this.inFlight >= IN_FLIGHT_MAX) {
      this.waiters.add(cpu);
      yield WAIT;
    }
    this.waiters.delete(cpu);
    this.inFlight++;
    const { sim, lock, locked } = this;
    const outer = cpu.mode;
    cpu.mode = IRQ_OFF;
    const waits = lock.reserve(sim.now, locked.price) - sim.now;
    if (waits > 0) {
      cpu.serve(request, this.stageSpin, this.wait);
      cpu.spend(this.spin, waits, 1);
    }
    cpu.serve(request, this.stage, this.wait);
    cpu.charge(locked);
    yield RUN;
    cpu.serveNobody();
    cpu.mode = outer;
  }

  /** A command is done. */
  left(): void {
    this.inFlight--;
    const [next] = this.waiters;
    next?.signal();
  }

  busyBy(now: Picoseconds): number {
    return this.lock.busyBy(now);
  }
}
