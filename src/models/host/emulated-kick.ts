/**
 * A virtqueue's notify address without an ioeventfd (`ioeventfd=off`): the write is an ordinary access of an emulated
 * register, and QEMU runs the device's handler in the vCPU thread, under the BQL.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counter } from '../../accounting/counters.ts';
import { type Context, type Program, RUN } from '../hardware/context.ts';
import { EXIT_USER } from '../hardware/mode.ts';
import type { Doorbell } from '../linux/net-device.ts';
import type { Lock } from './big-lock.ts';
import type { Exit } from './exits.ts';
import type { HandlesOutput } from './userspace-virtio-parts.ts';
import type { VCpu } from './vcpu.ts';

export class EmulatedKick implements Doorbell {
  private readonly vcpu: VCpu;
  private readonly device: HandlesOutput;
  private readonly lock: Lock;
  private readonly heavy: Cost;
  private readonly dispatch: Cost;
  private readonly kicks: Counter;
  private readonly accesses: Counter;
  private exit: Exit | null = null;

  constructor(books: Accounting, vcpu: VCpu, queue: string, device: HandlesOutput, lock: Lock) {
    this.vcpu = vcpu;
    this.device = device;
    this.lock = lock;
    this.heavy = books.costs.cost('exit.heavy');
    this.dispatch = books.costs.cost('qemu.mmio');
    this.kicks = books.counters.counter('kicks', queue, vcpu.vm);
    this.accesses = vcpu.exits.accesses(`notify ${queue}`);
  }

  leave(cpu: Context): void {
    this.kicks.value++;
    this.accesses.value++;
    // The packet is public before the way out of the guest: the main loop may take it from another thread.
    cpu.serveNobody();
    this.exit = this.vcpu.exits.leave(cpu, this.heavy);
  }

  *act(cpu: Context): Program {
    cpu.mode = EXIT_USER;
    if (!this.lock.take(cpu)) yield* this.lock.acquire(cpu);
    cpu.charge(this.dispatch);
    yield RUN;
    yield* this.device.handleOutput(cpu);
    this.lock.release(cpu);
  }

  enter(cpu: Context): void {
    this.vcpu.exits.enter(cpu, this.exit as Exit);
  }
}
