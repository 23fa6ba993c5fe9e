/**
 * Bare metal: the application runs on a core of the host, above the kernel's own block layer and NVMe driver.
 *
 *   core                                             │ device
 *   application ─► block layer ─► driver ─doorbell───┼─► disk
 *   application ◄─ block layer ◄─ driver ◄─ irq ─────┼── disk
 */
import { z } from 'zod';
import { GUEST_BLOCK } from '../../models/linux/block/block-stages.ts';
import { directQueue, kernelQueue } from '../../models/linux/block/native-disk.ts';
import { defineDiskDatapath } from '../disk-datapath.ts';

export const nativeDisk = defineDiskDatapath({
  kind: 'native',
  summary: 'Bare metal: the application above the kernel’s own driver, no VM.',
  // The same as of the network, of which one is the disk's.
  params: z.looseObject({ io_queue_depth: z.int().optional(), poll_queues: z.int().optional() }),

  build(world, vm, { io_queue_depth: depth, poll_queues = 0 }) {
    const { cores, diskPort } = world;
    const cpus = vm.vcpus.map(([index]) => {
      const core = cores[index];
      const terms = {
        name: 'disk',
        stages: GUEST_BLOCK,
        depth,
        mappings: world.diskDma(core),
        settings: vm.disk,
      };
      const queue = kernelQueue(core, diskPort, terms);
      const pollQueue =
        poll_queues === 0 ? undefined : directQueue(core, diskPort, { ...terms, polls: true });
      return { processor: core, placed: { core }, queue, pollQueue };
    });
    return { cpus, capacity: diskPort.disk.capacity };
  },
});
