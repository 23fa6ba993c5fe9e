/**
 * Full emulation: Linux's ata_piix driver on QEMU's piix3-ide, one disk alone on its channel.
 *
 *   guest vCPU                       │ the same thread, in the exit        │ core, device
 *   block layer ─► SCSI, libata      │                                     │
 *     18 port accesses ─────exit ×18─┼─► QEMU: block layer, io_submit ─────┼─► block layer, driver ─► disk
 *     8 port accesses ───────────────┼── one exit each                     │
 *   block layer ◄──────── line ◄──── QEMU main loop ◄─ completions ◄───────┼── interrupt ◄─ disk
 */
import { z } from 'zod';
import { IdeDriver } from '../../models/guest/ide.ts';
import { commandSlots } from '../../models/hardware/disk/command-slots.ts';
import { EmulatedRegisters } from '../../models/host/emulated-registers.ts';
import { AIO_ENGINES } from '../../models/host/host-block.ts';
import { Ide } from '../../models/host/ide.ts';
import { InterruptPath } from '../../models/host/interrupt-path.ts';
import { registersOfEach } from '../../models/host/per-vcpu.ts';
import { BlockQueue } from '../../models/linux/block/block-queue.ts';
import { defineDiskDatapath } from '../disk-datapath.ts';
import { diskCpus } from '../disk-queues.ts';
import { engineOf } from '../disk-server.ts';
import { buffersOf, guestDmaOf, qemuOf } from '../qemu.ts';

export const ide = defineDiskDatapath({
  kind: 'ide',
  summary: 'Full emulation: QEMU’s piix3-ide with bus-master DMA; 26 port accesses for each command.',
  params: z.strictObject({
    aio: z.enum(AIO_ENGINES).describe('QEMU: how it asks the host for I/O').default('native'),
    libataDelays: z
      .boolean()
      .describe('teaching: false leaves out that libata waits 10 us before it looks at the status')
      .default(true),
  }),

  build(world, vm, { aio, libataDelays }) {
    const { books, hostDisk: disk } = world;
    const cpus = diskCpus(world, vm, 1, ({ vcpus, lock }) => {
      const [vcpu] = vcpus;
      const loop = qemuOf(world, vm);
      const slots = commandSlots(1);
      const interrupt = new InterruptPath(books, vcpu, 'KVM_IRQ_LINE', 'ide', () => driver.line);
      const device = new Ide(books, { slots, loop, disk, engine: engineOf(world, vm, aio), interrupt });
      const driver: IdeDriver = new IdeDriver(vcpu, {
        slots,
        mappings: buffersOf(world, vm, guestDmaOf(world, vm, vcpu, loop)),
        registers: registersOfEach(vcpus, (each) => new EmulatedRegisters(books, each, device, loop.lock)),
        lock,
        name: 'ide',
        libataDelays,
        // IRQ 14 of the PC is edge-triggered.
        interrupt: (name, program) => vcpu.interrupt(name, program),
      });
      const queue = new BlockQueue(vcpu, driver, {
        name: 'ide',
        settings: vm.disk,
        shared: lock !== undefined,
      });
      return { queue };
    });
    return { cpus, capacity: disk.port.disk.capacity };
  },
});
