/**
 * Registers of a device that QEMU emulates: each access is an exit to QEMU in the vCPU thread under the BQL,
 * except coalesced writes, which KVM queues and QEMU sees at the next exit that it handles.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counter } from '../../accounting/counters.ts';
import { type Context, RUN } from '../hardware/context.ts';
import { EXIT_USER } from '../hardware/mode.ts';
import type { Access, RegisterPort } from '../hardware/register-port.ts';
import type { Lock } from './big-lock.ts';
import type { VCpu } from './vcpu.ts';

/** A device model inside QEMU; its work is charged to whoever runs it. */
export interface DeviceModel {
  /** Writes to these registers exit to QEMU; all others are coalesced. */
  readonly immediate: Pick<ReadonlySet<string>, 'has'>;
  read(cpu: Context, register: string): Access<number>;
  write(cpu: Context, register: string, value: number): Access;
}

/** What a device says that has no coalesced registers. */
export const NOTHING_COALESCED: DeviceModel['immediate'] = { has: () => true };

/** Usable slots of the VM-wide coalesced-MMIO ring: (4096 − 8) / 24, less one. */
const COALESCED_MAX = 169;

export class EmulatedRegisters implements RegisterPort {
  private readonly vcpu: VCpu;
  private readonly device: DeviceModel;
  private readonly lock: Lock;
  private readonly heavy: Cost;
  private readonly light: Cost;
  private readonly dispatch: Cost;
  /** By register. */
  private readonly reads = new Map<string, Counter>();
  private readonly writes = new Map<string, Counter>();
  private readonly queued: { readonly register: string; readonly value: number }[] = [];

  /** @param dispatch what the monitor takes to find the register. */
  constructor(books: Accounting, vcpu: VCpu, device: DeviceModel, lock: Lock, dispatch = 'qemu.mmio') {
    this.vcpu = vcpu;
    this.device = device;
    this.lock = lock;
    this.heavy = books.costs.cost('exit.heavy');
    this.light = books.costs.cost('exit.coalesced');
    this.dispatch = books.costs.cost(dispatch);
  }

  *read(cpu: Context, register: string): Access<number> {
    this.count(this.reads, 'read', register);
    const exit = this.vcpu.exits.leave(cpu, this.heavy);
    yield* this.inQemu(cpu);
    const value = yield* this.device.read(cpu, register);
    this.lock.release(cpu);
    cpu.serveNobody();
    this.vcpu.exits.enter(cpu, exit);
    yield RUN;
    return value;
  }

  *write(cpu: Context, register: string, value: number): Access {
    this.count(this.writes, 'write', register);
    if (!this.device.immediate.has(register) && this.queued.length < COALESCED_MAX) {
      const light = this.vcpu.exits.leave(cpu, this.light);
      this.queued.push({ register, value });
      this.vcpu.exits.enter(cpu, light);
      return;
    }
    const exit = this.vcpu.exits.leave(cpu, this.heavy);
    yield* this.inQemu(cpu);
    yield cpu.call(this.device.write(cpu, register, value));
    this.lock.release(cpu);
    cpu.serveNobody();
    this.vcpu.exits.enter(cpu, exit);
  }

  private count(accesses: Map<string, Counter>, access: 'read' | 'write', register: string): void {
    let counter = accesses.get(register);
    if (counter === undefined) {
      counter = this.vcpu.exits.accesses(`${access} ${register}`);
      accesses.set(register, counter);
    }
    counter.value++;
  }

  /** From the exit into QEMU's dispatch: take the lock, then first what was coalesced. */
  private *inQemu(cpu: Context): Access {
    cpu.mode = EXIT_USER;
    yield RUN;
    if (!this.lock.take(cpu)) yield* this.lock.acquire(cpu);
    cpu.charge(this.dispatch);
    yield RUN;
    if (this.queued.length === 0) return;
    for (const { register, value } of this.queued.splice(0)) {
      yield* this.device.write(cpu, register, value);
    }
  }
}
