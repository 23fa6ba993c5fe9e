/** Tunables that all virtio disks share, by QEMU's names. */
import { z } from 'zod';

export const diskTunableShape = {
  'queue-size': z
    .int()
    .min(2)
    .max(1024)
    .refine((size) => Number.isInteger(Math.log2(size)), 'must be a power of two')
    .describe('QEMU: entries of the ring, a power of two')
    .default(256),
  event_idx: z.boolean().describe('QEMU: VIRTIO_F_EVENT_IDX').default(true),
  indirect_desc: z.boolean().describe('QEMU: VIRTIO_F_INDIRECT_DESC').default(true),
  packed: z.boolean().describe('QEMU: VIRTIO_F_RING_PACKED').default(false),
};

/** Its name is `num-queues` of virtio-blk and vhost-user-blk, `num_queues` of SCSI's. */
export const requestQueues = z
  .int()
  .min(1)
  .max(256)
  .describe(
    'QEMU: request queues, which vCPUs share where there are fewer; one for each vCPU where not given',
  );

/** Module parameter of guest drivers: queues without interrupts, for jobs with hipri, the last ones of the device. */
export const pollQueues = (module: string) =>
  z
    .int()
    .min(0)
    .max(256)
    .describe(`guest module ${module}: queues that are polled (hipri); 0, or one for each vCPU (0)`)
    .optional();

const shape = z.strictObject(diskTunableShape);

export type DiskTunables = z.output<typeof shape>;
