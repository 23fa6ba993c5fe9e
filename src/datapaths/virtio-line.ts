/** The one interrupt line of a virtio device without vectors: INTx, or that of the MMIO transport. */
import { type AddLine, isrStatus, mmioStatus, type Ours } from '../models/guest/virtio-status.ts';
import type { InterruptLine } from '../models/hardware/processor.ts';
import { EmulatedRegisters } from '../models/host/emulated-registers.ts';
import { type Injection, InterruptPath } from '../models/host/interrupt-path.ts';
import { IntxPin } from '../models/host/intx-pin.ts';
import type { MainLoop } from '../models/host/main-loop.ts';
import type { VCpu } from '../models/host/vcpu.ts';
import { heldLine } from '../models/host/virtual-line.ts';
import type { IsrStatus } from '../models/virtio/isr-status.ts';
import type { World } from './world.ts';

interface LineEnds {
  readonly vcpu: VCpu;
  readonly isr: IsrStatus;
  readonly transport: 'INTx' | 'mmio';
  /** How the backend reaches the guest: by `eventfd` straight, otherwise QEMU sets the line. */
  readonly how: Injection;
  /** The monitor's, which has the registers. */
  readonly loop: MainLoop;
  readonly name: string;
  /** The driver's; asked for at the first interrupt. */
  readonly line: () => InterruptLine;
}

export interface VirtioLine {
  readonly pin: IntxPin;
  readonly addLine: AddLine;
  readonly ours: Ours;
}

/** Of MMIO an irqfd makes edges (Firecracker), QEMU sets the level by ioctl (microvm). */
export const virtioLine = (books: World['books'], ends: LineEnds): VirtioLine => {
  const { vcpu, isr, how, loop, transport, name, line } = ends;
  const mmio = transport === 'mmio';
  const edge = mmio && how === 'eventfd';
  const path = new InterruptPath(books, vcpu, edge ? how : 'KVM_IRQ_LINE', name, line);
  const pin = new IntxPin(path, isr, edge ? 'edge' : 'level');
  const model = mmio ? pin.mmioModel : pin.model;
  const registers = new EmulatedRegisters(books, vcpu, model, loop.lock, loop.monitor.costs.registers);
  return {
    pin,
    ours: (mmio ? mmioStatus : isrStatus)(registers),
    addLine: (component, program) =>
      edge
        ? vcpu.interrupt(component, program)
        : vcpu.levelInterrupt(component, (at) => program(heldLine(at, () => pin.asserted))),
  };
};
