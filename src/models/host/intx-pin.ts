/**
 * The interrupt line of a virtio device without MSI-X: high while the ISR status is not zero (virtio 1.2 §4.1.5.3), so
 * one that comes while the guest has not read the last one costs and changes nothing. Behind an irqfd, as Firecracker has
 * it, each is an edge of its own.
 * Simplification: the ioctl that lowers the line is part of the price of the register access that makes it.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { Access } from '../hardware/register-port.ts';
import type { IsrStatus } from '../virtio/isr-status.ts';
import type { DeviceModel } from './emulated-registers.ts';
import type { Interrupt } from './interrupt-path.ts';
import type { MainLoop } from './main-loop.ts';

/** ISR status: a queue interrupts; the configuration changed as well (virtio_notify_config sets both). */
export const QUEUE_INTERRUPT = 1;
export const CONFIG_INTERRUPT = 3;

export class IntxPin {
  private readonly line: Interrupt;
  private readonly edge: boolean;
  private readonly registers: IsrStatus;

  /** @param line KVM_IRQ_LINE to the guest's IOAPIC, or an irqfd. @param trigger how the guest takes it. */
  constructor(line: Interrupt, registers: IsrStatus, trigger: 'level' | 'edge' = 'level') {
    this.line = line;
    this.edge = trigger === 'edge';
    this.registers = registers;
  }

  /** An interrupt of this kind, as QEMU raises it itself. */
  interrupt(bits: number): Interrupt {
    const { line, registers, edge } = this;
    return {
      charge: (cpu) => {
        if (edge || registers.isr === 0) line.charge(cpu);
      },
      raise: () => {
        const rises = edge || registers.isr === 0;
        registers.isr |= bits;
        if (rises) line.raise();
      },
    };
  }

  /** The line is up: at the end of interrupt a level-triggered one comes again. */
  get asserted(): boolean {
    return !this.edge && this.registers.isr !== 0;
  }

  /** Over MMIO: reading the status changes nothing, writing a register acknowledges it (virtio 1.2 §4.2.2). */
  get mmioModel(): DeviceModel {
    const { registers } = this;
    return {
      immediate: new Set(['InterruptStatus', 'InterruptACK']),
      *read(): Access<number> {
        yield RUN;
        return registers.isr;
      },
      *write(_cpu, _register, value): Access {
        yield RUN;
        registers.acknowledge(value);
      },
    };
  }

  /** What the guest's handler of INTx may read. */
  get model(): DeviceModel {
    const { registers } = this;
    return {
      immediate: new Set(['ISR']),
      *read(): Access<number> {
        yield RUN;
        return registers.takeIsr();
      },
      *write(): Access {},
    };
  }
}

/**
 * A backend that cannot reach the line signals an eventfd, and QEMU's main loop raises the line for it
 * (virtio_queue_guest_notifier_read): vhost has no irqfd without MSI-X.
 */
export class GuestNotifier implements Interrupt {
  private readonly loop: MainLoop;
  private readonly wake: Cost;
  private readonly source: ReturnType<MainLoop['source']>;

  constructor({ costs }: Accounting, loop: MainLoop, interrupt: Interrupt) {
    const eventfdRead = costs.cost('qemu.eventfdRead');
    this.loop = loop;
    this.wake = costs.cost('wake.waker');
    this.source = loop.source(function* (cpu) {
      cpu.charge(eventfdRead);
      yield RUN;
      interrupt.charge(cpu);
      yield RUN;
      interrupt.raise();
    });
  }

  charge(cpu: Context): void {
    if (this.loop.asleep) cpu.charge(this.wake);
  }

  raise(): void {
    this.source.raise();
  }
}
