/** How a virtio device's queues interrupt its guest: by a vector each, by one for both, or by a line. */
import { lineVectors, sharedVector } from '../models/guest/virtio-net-lines.ts';
import type { QueueVectors } from '../models/guest/virtio-net-vector.ts';
import type { InterruptLine } from '../models/hardware/processor.ts';
import { type Injection, type Interrupt, InterruptPath } from '../models/host/interrupt-path.ts';
import { CONFIG_INTERRUPT, GuestNotifier, QUEUE_INTERRUPT } from '../models/host/intx-pin.ts';
import type { MainLoop } from '../models/host/main-loop.ts';
import type { VCpu } from '../models/host/vcpu.ts';
import { virtioLine } from './virtio-line.ts';
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
  if (link.vectors === 'INTx' || link.vectors === 'mmio') return byLine(books, link, link.vectors, ends);
  const path = (name: string, line: () => InterruptLine): Interrupt =>
    new InterruptPath(books, vcpu, how, `virtio-net ${name}`, line);
  return {
    txInterrupt: path('tx', () => driver().txLine),
    rxInterrupt: path('rx', () => driver().rxLine),
    configInterrupt: link.version1 ? () => path('config', () => driver().configLine()) : null,
    vectors: link.vectors === 'shared' ? { vectors: sharedVector(vcpu) } : {},
  };
};

const byLine = (
  books: World['books'],
  link: VirtioLink,
  transport: 'INTx' | 'mmio',
  { vcpu, how, driver, loop: loopOf }: Ends,
): VirtioInterrupts => {
  const loop = loopOf();
  const name = `virtio-net ${transport}`;
  const line = () => driver().rxLine;
  const { pin, ours, addLine } = virtioLine(books, {
    vcpu,
    isr: link.registers,
    transport,
    how,
    loop,
    name,
    line,
  });
  const queue = (): Interrupt => {
    const interrupt = pin.interrupt(QUEUE_INTERRUPT);
    return how === 'irqfd' ? new GuestNotifier(books, loop, interrupt) : interrupt;
  };
  return {
    txInterrupt: queue(),
    rxInterrupt: queue(),
    configInterrupt: link.version1 ? () => pin.interrupt(CONFIG_INTERRUPT) : null,
    vectors: { vectors: lineVectors(vcpu, name, addLine, ours) },
  };
};
