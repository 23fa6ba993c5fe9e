/**
 * virtio-blk served by QEMU, in its main loop or in an iothread of the device's own.
 *
 *   guest vCPU                                  │ host thread, "iothread" or "qemu" │ core, device
 *   block layer ─► virtio_blk ─► ring ────kick──┼─► pop, merge ─► io_submit ────────┼─► block layer, driver ─► disk
 *   block layer ◄─ virtio_blk ◄─ ring ◄───irq───┼── push ◄─ completions ◄───────────┼── interrupt ◄─ disk
 */
import { z } from 'zod';
import { BLK_FORMAT } from '../../models/virtio/blk-request.ts';
import { defineDiskDatapath } from '../disk-datapath.ts';
import { buildQemuDisk, checkQemuDisk, qemuDiskShape, qemuDiskTunables } from '../qemu-virtio-disk.ts';

export const virtioBlk = defineDiskDatapath({
  kind: 'virtio-blk',
  summary:
    'Virtio ring served by QEMU in user space, in iothreads or in its main loop; a queue for each vCPU.',
  params: z
    .strictObject({
      tunables: z
        .strictObject({
          ...qemuDiskTunables,
          'request-merging': z.boolean().describe('QEMU: requests side by side become one').default(true),
        })
        .prefault({})
        .describe('tunables by their real names'),
      ...qemuDiskShape,
    })
    .superRefine(checkQemuDisk),

  build(world, vm, options) {
    const merging = options.tunables['request-merging'];
    return buildQemuDisk(world, vm, options, { name: 'virtio-blk', format: BLK_FORMAT, merging });
  },
});
