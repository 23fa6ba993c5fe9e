/** How a virtio device's queues interrupt its guest: by a vector each, by one for both, or by a line. */
import { type AddLine, intxLine, mmioLine, sharedVector } from '../models/guest/virtio-net-lines.ts';
import type { QueueVectors } from '../models/guest/virtio-net-vector.ts';
import type { InterruptLine } from '../models/hardware/processor.ts';
import { EmulatedRegisters } from '../models/host/emulated-registers.ts';
import { type Injection, type Interrupt, InterruptPath } from '../models/host/interrupt-path.ts';
import { CONFIG_INTERRUPT, GuestNotifier, IntxPin, QUEUE_INTERRUPT } from '../models/host/intx-pin.ts';
import type { MainLoop } from '../models/host/main-loop.ts';
import type { VCpu } from '../models/host/vcpu.ts';
import { heldLine } from '../models/host/virtual-line.ts';
import type { VirtioLink } from './virtio-link.ts';
import type { World } from './world.ts';

/** The driver's lines; asked for at the first interrupt, since the driver is built after its device. */
interface Lines {
  readonly txLine: InterruptLine;
  readonly rxLine: InterruptLine;
  configLine(): InterruptLine;
}

export interface VirtioInterrupts {
  readonly txInterrupt: Interrupt;
  readonly rxInterrupt: Interrupt;
  /** Null where the device cannot say that it needs a reset. */
  readonly configInterrupt: (() => Interrupt) | null;
  /** For the driver. */
  readonly vectors: { readonly vectors?: QueueVectors };
}

interface Ends {
  readonly vcpu: VCpu;
  /** How the backend reaches an MSI-X vector. */
  readonly how: Injection;
  /** QEMU's main loop; asked for with a line alone. */
  readonly loop: () => MainLoop;
  readonly driver: () => Lines;
}

export const virtioInterrupts = ({ books }: World, link: VirtioLink, ends: Ends): VirtioInterrupts => {
  const { vcpu, how, driver } = ends;
  if (link.vectors === 'INTx' || link.vectors === 'mmio') return byLine(books, link, ends);
  const path = (name: string, line: () => InterruptLine): Interrupt =>
    new InterruptPath(books, vcpu, how, `virtio-net ${name}`, line);
  return {
    txInterrupt: path('tx', () => driver().txLine),
    rxInterrupt: path('rx', () => driver().rxLine),
    configInterrupt: link.version1 ? () => path('config', () => driver().configLine()) : null,
    vectors: link.vectors === 'shared' ? { vectors: sharedVector(vcpu) } : {},
  };
};

/** INTx, or the line of MMIO; of the latter an irqfd makes edges (Firecracker), QEMU sets the level by ioctl (microvm). */
const byLine = (books: World['books'], link: VirtioLink, ends: Ends): VirtioInterrupts => {
  const { vcpu, how, driver } = ends;
  const loop = ends.loop();
  const mmio = link.vectors === 'mmio';
  const edge = mmio && how === 'eventfd';
  const name = `virtio-net ${link.vectors}`;
  const line = new InterruptPath(books, vcpu, edge ? how : 'KVM_IRQ_LINE', name, () => driver().rxLine);
  const pin = new IntxPin(line, link.registers, edge ? 'edge' : 'level');
  const queue = (): Interrupt => {
    const interrupt = pin.interrupt(QUEUE_INTERRUPT);
    return how === 'irqfd' ? new GuestNotifier(books, loop, interrupt) : interrupt;
  };
  const registers = new EmulatedRegisters(
    books,
    vcpu,
    mmio ? pin.mmioModel : pin.model,
    loop.lock,
    loop.monitor.costs.registers,
  );
  const addLine: AddLine = (component, program) =>
    edge
      ? vcpu.interrupt(component, program)
      : vcpu.levelInterrupt(component, (at) => program(heldLine(at, () => pin.asserted)));
  return {
    txInterrupt: queue(),
    rxInterrupt: queue(),
    configInterrupt: link.version1 ? () => pin.interrupt(CONFIG_INTERRUPT) : null,
    vectors: { vectors: (mmio ? mmioLine : intxLine)(vcpu, addLine, registers) },
  };
};
