/** How a backend in the host interrupts a vCPU: irqfd for vhost, a write to it for DPDK, the KVM_SIGNAL_MSI ioctl for QEMU. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counter } from '../../accounting/counters.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { InterruptLine } from '../hardware/processor.ts';
import type { Access } from '../hardware/register-port.ts';
import type { VCpu } from './vcpu.ts';

/** `eventfd`: a thread in user space writes the eventfd of an irqfd. */
export type Injection = 'irqfd' | 'eventfd' | 'KVM_SIGNAL_MSI' | 'KVM_IRQ_LINE';

const COST: Readonly<Record<Injection, string>> = {
  irqfd: 'interrupt.irqfd',
  eventfd: 'interrupt.eventfd',
  KVM_SIGNAL_MSI: 'interrupt.ioctl',
  KVM_IRQ_LINE: 'interrupt.ioctl',
};

/** A backend's way to interrupt its guest: charge, commit, raise. */
export interface Interrupt {
  charge(cpu: Context): void;
  raise(): void;
}

export class InterruptPath implements Interrupt {
  private readonly vcpu: VCpu;
  private readonly line: () => InterruptLine;
  private readonly cost: Cost;
  private readonly post: Cost;
  private readonly wake: Cost;
  private readonly raised: Counter;

  /** @param line asked for at the first interrupt, since the guest's driver is built after its device. */
  constructor(books: Accounting, vcpu: VCpu, how: Injection, name: string, line: () => InterruptLine) {
    this.vcpu = vcpu;
    this.line = line;
    this.cost = books.costs.cost(COST[how]);
    this.post = books.costs.cost('interrupt.post');
    this.wake = books.costs.cost('wake.waker');
    this.raised = books.counters.counter('interrupts.raised', name, vcpu.vm);
  }

  /**
   * Charges the signaller; commit, then `raise`. A vCPU in guest mode gets an IPI, one that is blocked is woken; one
   * that is in an exit, polls or has lost its core finds the bit that was set for it, which costs nothing to speak of.
   */
  charge(cpu: Context): void {
    const { vcpu } = this;
    cpu.charge(this.cost);
    if (vcpu.asleep) cpu.charge(this.wake);
    else if (vcpu.inGuestMode) cpu.charge(this.post);
  }

  raise(): void {
    this.raised.value++;
    this.line().raise();
  }

  /** Both, for a signaller with nothing else to do. */
  *signal(cpu: Context): Access {
    this.charge(cpu);
    yield RUN;
    this.raise();
  }
}
