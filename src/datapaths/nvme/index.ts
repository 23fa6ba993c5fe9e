/**
 * Full emulation: Linux's nvme driver on QEMU's nvme, a queue pair for each vCPU.
 *
 *   guest vCPU                                      │ host thread "qemu"                │ core, device
 *   block layer ─► nvme ─► queue ─SQ doorbell──exit─┼─► fetch ─► block layer, io_submit ┼─► block layer, driver ─► disk
 *   block layer ◄─ nvme ◄─ queue ◄─────────MSI-X────┼── post ◄─ completions ◄───────────┼── interrupt ◄─ disk
 *                    └─CQ doorbell─────────exit─────┼─►                                 │
 */
import { z } from 'zod';
import { NvmeQueue } from '../../models/hardware/disk/nvme-queue.ts';
import { EmulatedRegisters } from '../../models/host/emulated-registers.ts';
import { AIO_ENGINES } from '../../models/host/host-block.ts';
import { InterruptPath } from '../../models/host/interrupt-path.ts';
import { Kick, type Kicked } from '../../models/host/kick.ts';
import { Nvme } from '../../models/host/nvme.ts';
import { BlockQueue } from '../../models/linux/block/block-queue.ts';
import { NvmeDriver } from '../../models/linux/block/nvme-driver.ts';
import type { Doorbell } from '../../models/linux/net-device.ts';
import { defineDiskDatapath } from '../disk-datapath.ts';
import { engineOf } from '../disk-server.ts';
import { buffersOf, guestDmaOf, qemuOf } from '../qemu.ts';

/** What QEMU's device offers (mqes), which is what Linux asks for (io_queue_depth). */
const QUEUE_DEPTH = 1024;

export const nvme = defineDiskDatapath({
  kind: 'nvme',
  summary:
    'Full emulation: QEMU’s nvme; doorbells are exits, as far as its doorbell buffer does not save them.',
  params: z
    .strictObject({
      tunables: z
        .strictObject({
          dbcs: z.boolean().describe('QEMU: the device has a doorbell buffer (since 7.1)').default(true),
          ioeventfd: z
            .boolean()
            .describe('QEMU: a doorbell signals an eventfd instead of an exit to QEMU; needs dbcs')
            .default(false),
        })
        .prefault({})
        .describe('tunables by their real names'),
      aio: z.enum(AIO_ENGINES).describe('QEMU: how it asks the host for I/O').default('native'),
    })
    .refine(({ tunables }) => tunables.dbcs || !tunables.ioeventfd, {
      path: ['tunables', 'ioeventfd'],
      message: 'must be false without dbcs: an eventfd does not carry what was written',
    }),

  build(world, vm, { tunables, aio }) {
    const { books, hostDisk: disk, machine } = world;
    const loop = qemuOf(world, vm);
    const engine = engineOf(world, vm, aio);
    // Linux asks for a queue pair for each CPU.
    const cpus = vm.vcpus.map((_, index) => {
      const vcpu = world.vcpu(vm, index);
      const ring = new NvmeQueue(QUEUE_DEPTH, tunables.dbcs);
      const interrupt = new InterruptPath(books, vcpu, 'KVM_SIGNAL_MSI', 'nvme', () => driver.line);
      const device = new Nvme(books, { queue: ring, loop, disk, engine, interrupt });
      const behind = guestDmaOf(world, vm, vcpu, loop);
      const registers = new EmulatedRegisters(books, vcpu, device, loop.lock);
      const doorbell = (register: 'SQ' | 'CQ', kicked: Kicked): Doorbell => {
        const name = `${register}${index + 1}_DB`;
        return tunables.ioeventfd
          ? new Kick(books, vcpu, name, kicked, machine.fastMmio)
          : { leave: () => {}, act: (cpu) => registers.write(cpu, name, 0), enter: () => {} };
      };
      const driver: NvmeDriver = new NvmeDriver(vcpu, {
        queue: ring,
        name: 'nvme',
        mappings: buffersOf(world, vm, behind),
        stage: 'guest: driver',
        submission: doorbell('SQ', device.submission),
        completion: doorbell('CQ', device.completion),
      });
      const queue = new BlockQueue(vcpu, driver, { name: 'nvme', settings: vm.disk });
      return { processor: vcpu, placed: vcpu.thread, queue };
    });
    return { cpus, capacity: disk.port.disk.capacity };
  },
});
