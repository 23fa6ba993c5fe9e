/** How a virtio disk in user space interrupts its guest: by a vector for each queue, or by the line of MMIO. */
import type { VirtioBlkParts } from '../models/guest/virtio-blk-parts.ts';
import type { EventLoop } from '../models/host/event-loop.ts';
import { type Interrupt, InterruptPath } from '../models/host/interrupt-path.ts';
import { GuestNotifier, QUEUE_INTERRUPT } from '../models/host/intx-pin.ts';
import { MainLoop } from '../models/host/main-loop.ts';
import { IsrStatus } from '../models/virtio/isr-status.ts';
import type { DiskMonitor } from './disk-monitor.ts';
import { qemuOf } from './qemu.ts';
import type { VirtioDisk } from './virtio-disk.ts';
import { virtioLine } from './virtio-line.ts';
import type { Vm, World } from './world.ts';

interface Server {
  readonly name: string;
  readonly monitor: DiskMonitor;
  /** It runs in an iothread of QEMU. */
  readonly iothread: boolean;
  readonly loop: EventLoop;
}

export interface DiskInterrupt {
  readonly interrupt: Interrupt;
  /** For the driver. */
  readonly lines?: VirtioBlkParts['lines'];
}

export const diskInterrupt = (
  world: World,
  vm: Vm,
  { vcpu, line }: VirtioDisk,
  { name, monitor, iothread, loop }: Server,
): DiskInterrupt => {
  const { books } = world;
  const how = iothread ? 'eventfd' : monitor.policy.injection;
  if (monitor.transport === 'pci') return { interrupt: new InterruptPath(books, vcpu, how, name, line) };
  // An iothread has no irqfd of MMIO's line: QEMU's main loop sets it.
  const owner = loop instanceof MainLoop ? loop : qemuOf(world, vm);
  const { pin, ...lines } = virtioLine(books, {
    vcpu,
    isr: new IsrStatus(),
    transport: 'mmio',
    how: iothread ? 'irqfd' : how,
    loop: owner,
    name: `${name} mmio`,
    line,
  });
  const queue = pin.interrupt(QUEUE_INTERRUPT);
  return { interrupt: iothread ? new GuestNotifier(books, owner, queue) : queue, lines };
};
