/**
 * Full emulation: Linux's ahci driver on QEMU's ich9-ahci.
 *
 *   guest vCPU                       │ the same thread, in the exit        │ core, device
 *   block layer ─► SCSI, libata      │                                     │
 *     PxSACT, PxCI ──────────exit ×2─┼─► QEMU: block layer, io_submit ─────┼─► block layer, driver ─► disk
 *     HOST_IS, PxIS ×2, PxSACT ──────┼── one exit each                     │
 *   block layer ◄─ HOST_IS ◄─MSI─ QEMU main loop ◄─ completions ◄──────────┼── interrupt ◄─ disk
 */
import { z } from 'zod';
import { AhciDriver } from '../../models/guest/ahci.ts';
import { AHCI_SLOTS, commandSlots } from '../../models/hardware/disk/command-slots.ts';
import { Ahci } from '../../models/host/ahci.ts';
import { EmulatedRegisters } from '../../models/host/emulated-registers.ts';
import { AIO_ENGINES } from '../../models/host/host-block.ts';
import { InterruptPath } from '../../models/host/interrupt-path.ts';
import { registersOfEach } from '../../models/host/per-vcpu.ts';
import { BlockQueue } from '../../models/linux/block/block-queue.ts';
import { defineDiskDatapath } from '../disk-datapath.ts';
import { diskCpus } from '../disk-queues.ts';
import { engineOf } from '../disk-server.ts';
import { buffersOf, guestDmaOf, qemuOf } from '../qemu.ts';

export const ahci = defineDiskDatapath({
  kind: 'ahci',
  summary: 'Full emulation: QEMU’s ich9-ahci with native command queuing; every register access is an exit.',
  params: z.strictObject({
    aio: z.enum(AIO_ENGINES).describe('QEMU: how it asks the host for I/O').default('native'),
    oneCompletionPerInterrupt: z
      .boolean()
      .describe('teaching: a command is finished only when the interrupt of the last one was acknowledged')
      .default(false),
  }),

  build(world, vm, { aio, oneCompletionPerInterrupt }) {
    const { books, hostDisk: disk } = world;
    const cpus = diskCpus(world, vm, 1, ({ vcpus, lock }) => {
      const [vcpu] = vcpus;
      const loop = qemuOf(world, vm);
      const slots = commandSlots(AHCI_SLOTS);
      const interrupt = new InterruptPath(books, vcpu, 'KVM_SIGNAL_MSI', 'ahci', () => driver.line);
      const device = new Ahci(books, {
        slots,
        loop,
        disk,
        engine: engineOf(world, vm, aio),
        interrupt,
        oneCompletionPerInterrupt,
      });
      const driver: AhciDriver = new AhciDriver(vcpu, {
        slots,
        mappings: buffersOf(world, vm, guestDmaOf(world, vm, vcpu, loop)),
        registers: registersOfEach(vcpus, (each) => new EmulatedRegisters(books, each, device, loop.lock)),
        lock,
        name: 'ahci',
        interrupt: (name, program) => vcpu.interrupt(name, program),
      });
      const queue = new BlockQueue(vcpu, driver, {
        name: 'ahci',
        settings: vm.disk,
        shared: lock !== undefined,
      });
      return { queue };
    });
    return { cpus, capacity: disk.port.disk.capacity };
  },
});
