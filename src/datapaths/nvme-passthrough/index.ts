/**
 * The host's NVMe disk, or a function of it, passed through to the guest (vfio-pci): no exit on the data path.
 *
 *   guest vCPU                                   │ device
 *   block layer ─► nvme ─► queue ─doorbell (MMIO)┼─► disk
 *   block layer ◄─ nvme ◄─ queue ◄─posted MSI-X──┼── disk        (vCPU asleep: host wake-up vector first)
 *
 * Without an IOMMU that the guest sees, all its memory is mapped once; with one (caching mode), each I/O's buffers are mapped and
 * unmapped in QEMU and vfio, two exits. What the IOMMU's look-ups take is part of the disk's times.
 */
import { z } from 'zod';
import { VfInterrupt } from '../../models/host/vf-interrupt.ts';
import { VfioMappings } from '../../models/host/vfio-mappings.ts';
import { GUEST_BLOCK } from '../../models/linux/block/block-stages.ts';
import { directQueue } from '../../models/linux/block/native-disk.ts';
import { defineDiskDatapath } from '../disk-datapath.ts';
import { buffersOf, guestDmaOf } from '../qemu.ts';
import { pollQueues } from '../virtio-disk-params.ts';

export const nvmePassthrough = defineDiskDatapath({
  kind: 'nvme-passthrough',
  summary: 'The host’s NVMe disk passed through to the guest; a queue for each vCPU.',
  params: z.strictObject({
    poll_queues: pollQueues('nvme'),
    io_queue_depth: z.int().min(2).max(4095).describe('module nvme: entries of each queue').default(1024),
  }),

  build(world, vm, { io_queue_depth: depth, poll_queues = 0 }) {
    const { books, cores, machine, diskPort } = world;
    const cpus = vm.vcpus.map((_, index) => {
      const vcpu = world.vcpu(vm, index);
      const behind = guestDmaOf(world, vm, vcpu, null);
      behind?.iommu.notify(new VfioMappings(books, behind.iommu.domain, world.invalidations));
      const mappings = buffersOf(world, vm, behind);
      const terms = { name: 'nvme', stages: GUEST_BLOCK, depth, mappings, settings: vm.disk };
      const queue = directQueue(vcpu, diskPort, {
        ...terms,
        message: (line) => {
          const core = cores[machine.irqCore];
          const interrupt = new VfInterrupt(books, vcpu, core, line, machine.postedInterrupts);
          return () => interrupt.message();
        },
      });
      const pollQueue =
        poll_queues === 0 ? undefined : directQueue(vcpu, diskPort, { ...terms, polls: true });
      return { processor: vcpu, placed: vcpu.thread, queue, pollQueue };
    });
    return { cpus, capacity: diskPort.disk.capacity };
  },
});
