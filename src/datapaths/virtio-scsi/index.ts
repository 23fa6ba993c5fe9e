/**
 * virtio-scsi served by QEMU: as virtio-blk, with the SCSI layers of guest and QEMU above and below the ring.
 *
 *   guest vCPU                                         │ host thread, "iothread" or "qemu"  │ core, device
 *   block layer ─► SCSI ─► virtio_scsi ─► ring ──kick──┼─► pop ─► SCSI bus ─► io_submit ────┼─► block layer, driver ─► disk
 *   block layer ◄─ SCSI ◄─ virtio_scsi ◄─ ring ◄─irq───┼── push ◄─ completions ◄────────────┼── interrupt ◄─ disk
 */
import { z } from 'zod';
import { SCSI_FORMAT } from '../../models/virtio/blk-request.ts';
import { defineDiskDatapath } from '../disk-datapath.ts';
import { diskMonitorFor, diskMonitorShape } from '../disk-monitor.ts';
import {
  buildUserspaceDisk,
  checkQemuDisk,
  qemuDiskShape,
  qemuDiskTunables,
} from '../userspace-virtio-disk.ts';
import { requestQueues } from '../virtio-disk-params.ts';

export const virtioScsi = defineDiskDatapath({
  kind: 'virtio-scsi',
  summary: 'As virtio-blk, with the SCSI layers of guest and QEMU: thousands of disks on one device.',
  params: z
    .strictObject({
      tunables: z
        .strictObject({ ...qemuDiskTunables, num_queues: requestQueues.optional() })
        .prefault({})
        .describe('tunables by their real names'),
      ...qemuDiskShape,
      transport: diskMonitorShape.transport,
    })
    .superRefine(checkQemuDisk),

  build(world, vm, options) {
    const monitor = diskMonitorFor({ transport: options.transport }, options.aio);
    const device = { name: 'virtio-scsi', format: SCSI_FORMAT, merging: false, monitor };
    return buildUserspaceDisk(world, vm, options, device);
  },
});
