/** What vCPUs that share a queue have each for itself: the way out of the guest. */
import type { Context, Level, Program } from '../hardware/context.ts';
import type { Access, RegisterPort } from '../hardware/register-port.ts';
import type { Doorbell } from '../linux/net-device.ts';
import type { VCpu } from './vcpu.ts';

class PerVCpu<T> {
  private readonly each: ReadonlyMap<Level, T>;

  constructor(vcpus: readonly VCpu[], make: (vcpu: VCpu) => T) {
    this.each = new Map(vcpus.map((vcpu) => [vcpu, make(vcpu)]));
  }

  /** Of the vCPU that `cpu` is a program of. */
  of(cpu: Context): T {
    return this.each.get(cpu.level) as T;
  }
}

/** A doorbell that is rung from several vCPUs. */
class DoorbellOfEach implements Doorbell {
  private readonly each: PerVCpu<Doorbell>;

  constructor(each: PerVCpu<Doorbell>) {
    this.each = each;
  }

  leave(cpu: Context): void {
    this.each.of(cpu).leave(cpu);
  }

  act(cpu: Context): Program | null {
    return this.each.of(cpu).act(cpu);
  }

  enter(cpu: Context): void {
    this.each.of(cpu).enter(cpu);
  }
}

/** Registers that are accessed from several vCPUs. */
class RegistersOfEach implements RegisterPort {
  private readonly each: PerVCpu<RegisterPort>;

  constructor(each: PerVCpu<RegisterPort>) {
    this.each = each;
  }

  read(cpu: Context, register: string): Access<number> {
    return this.each.of(cpu).read(cpu, register);
  }

  write(cpu: Context, register: string, value: number): Access {
    return this.each.of(cpu).write(cpu, register, value);
  }
}

/** One for each vCPU, or the only one itself. */
export const doorbellOfEach = (vcpus: readonly VCpu[], make: (vcpu: VCpu) => Doorbell): Doorbell =>
  vcpus.length === 1 ? make(vcpus[0]) : new DoorbellOfEach(new PerVCpu(vcpus, make));

/** One for each vCPU, or the only one itself. */
export const registersOfEach = (vcpus: readonly VCpu[], make: (vcpu: VCpu) => RegisterPort): RegisterPort =>
  vcpus.length === 1 ? make(vcpus[0]) : new RegistersOfEach(new PerVCpu(vcpus, make));
