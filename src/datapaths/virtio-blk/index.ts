/**
 * virtio-blk served by QEMU, in its main loop or in an iothread of the device's own, or by another monitor.
 *
 *   guest vCPU                                  │ host thread, "iothread" or "qemu" │ core, device
 *   block layer ─► virtio_blk ─► ring ────kick──┼─► pop, merge ─► io_submit ────────┼─► block layer, driver ─► disk
 *   block layer ◄─ virtio_blk ◄─ ring ◄───irq───┼── push ◄─ completions ◄───────────┼── interrupt ◄─ disk
 */
import { z } from 'zod';
import { BLK_FORMAT } from '../../models/virtio/blk-request.ts';
import { defineDiskDatapath } from '../disk-datapath.ts';
import { checkDiskMonitor, diskMonitorFor, diskMonitorShape } from '../disk-monitor.ts';
import {
  buildUserspaceDisk,
  checkQemuDisk,
  qemuDiskShape,
  qemuDiskTunables,
} from '../userspace-virtio-disk.ts';
import { requestQueues } from '../virtio-disk-params.ts';

export const virtioBlk = defineDiskDatapath({
  kind: 'virtio-blk',
  summary:
    'Virtio ring served by QEMU in user space, in iothreads or in its main loop; a queue for each vCPU.',
  params: z
    .strictObject({
      tunables: z
        .strictObject({
          ...qemuDiskTunables,
          'num-queues': requestQueues.optional(),
          'request-merging': z.boolean().describe('QEMU: requests side by side become one').default(true),
        })
        .prefault({})
        .describe('tunables by their real names'),
      ...qemuDiskShape,
      ...diskMonitorShape,
    })
    .superRefine(checkQemuDisk)
    .superRefine(checkDiskMonitor),

  build(world, vm, options) {
    const merging = options.tunables['request-merging'];
    const monitor = diskMonitorFor(options, options.aio);
    const device = { name: 'virtio-blk', format: BLK_FORMAT, merging, monitor };
    return buildUserspaceDisk(world, vm, options, device);
  },
});
