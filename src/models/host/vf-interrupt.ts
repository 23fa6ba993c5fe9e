/** The MSI-X message of an assigned device on its way to a vCPU (VT-d posted interrupts, arch/x86/kvm/vmx/posted_intr.c). */
import type { Accounting } from '../../accounting/accounting.ts';
import { type Program, RUN, WAIT } from '../hardware/context.ts';
import type { Core } from '../hardware/core.ts';
import type { InterruptLine } from '../hardware/processor.ts';
import type { VCpu } from './vcpu.ts';

/**
 * Posted (VT-d PI): a running vCPU takes it without anybody's help; a blocked one is woken by the host's handler
 * of the wake-up vector. Not posted: vfio's handler on a host core signals an irqfd each time.
 * Simplification: the wake-up vector arrives at the core that takes the host NIC's interrupts, not at the core
 * the vCPU last ran on.
 */
export class VfInterrupt {
  private readonly vcpu: VCpu;
  private readonly line: InterruptLine;
  private readonly posted: boolean;
  private readonly host: InterruptLine;

  constructor(books: Accounting, vcpu: VCpu, core: Core, line: InterruptLine, posted: boolean) {
    const { costs } = books;
    this.vcpu = vcpu;
    this.line = line;
    this.posted = posted;
    const handler = costs.cost('vfio.wakeup');
    const irqfd = costs.cost('interrupt.irqfd');
    const wake = costs.cost('wake.waker');
    this.host = core.interrupt(`vfio ${vcpu.vm}`, function* (host): Program {
      yield WAIT;
      for (;;) {
        host.enter();
        host.context.charge(handler);
        if (!posted) host.context.charge(irqfd);
        if (vcpu.asleep) host.context.charge(wake);
        host.leave();
        yield RUN;
        line.raise();
        yield WAIT;
      }
    });
  }

  /** The device sends its message. */
  message(): void {
    if (this.posted && !this.vcpu.asleep) this.line.raise();
    else this.host.raise();
  }
}
