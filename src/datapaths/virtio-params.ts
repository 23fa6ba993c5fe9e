/** Parameters that every virtio network device shares, by QEMU's and Linux's names where they have one. */
import { z } from 'zod';
import type { VirtioNetOptions } from '../models/guest/virtio-net.ts';
import type { RingFormat } from '../models/virtio/virtqueue.ts';

/** Without defaults, for a VM that overrides some of them. */
export const virtioTunableShape = {
  tx_queue_size: z.int().describe('QEMU: entries of the transmit ring, a power of two'),
  rx_queue_size: z.int().describe('QEMU: entries of the receive ring, a power of two'),
  event_idx: z.boolean().describe('QEMU: VIRTIO_F_EVENT_IDX'),
  indirect_desc: z.boolean().describe('QEMU: VIRTIO_F_INDIRECT_DESC'),
  packed: z.boolean().describe('QEMU: VIRTIO_F_RING_PACKED'),
  in_order: z.boolean().describe('QEMU: VIRTIO_F_IN_ORDER (Linux 6.18 and later)'),
  napi_tx: z.boolean().describe('guest module virtio_net: transmit completions interrupt'),
};

const { tx_queue_size, rx_queue_size, event_idx, indirect_desc, packed, in_order, napi_tx } =
  virtioTunableShape;

export const virtioTunables = z.strictObject({
  tx_queue_size: tx_queue_size.default(256),
  rx_queue_size: rx_queue_size.default(256),
  event_idx: event_idx.default(true),
  indirect_desc: indirect_desc.default(true),
  packed: packed.default(false),
  in_order: in_order.default(false),
  napi_tx: napi_tx.default(true),
});

export const virtioParams = {
  tunables: virtioTunables.prefault({}).describe('tunables by their real names'),
  guestKernelRearms: z
    .boolean()
    .describe('guest kernel 5.13 to 6.3 without the callback fix: reaping re-arms interrupts')
    .default(false),
  completionInterrupts: z
    .boolean()
    .describe('teaching: false lets transmit completions never interrupt')
    .default(true),
};

export const virtioShape = z.strictObject(virtioParams);

/** The guest driver's options from a datapath's parameters. */
export const driverOptions = (params: z.output<typeof virtioShape>): VirtioNetOptions => ({
  indirect: params.tunables.indirect_desc,
  napi_tx: params.tunables.napi_tx,
  rearmsWhileReaping: params.guestKernelRearms,
  completionInterrupts: params.completionInterrupts,
});

/** The layout of its rings. */
export const ringFormat = ({ tunables }: z.output<typeof virtioShape>): RingFormat => ({
  packed: tunables.packed,
  eventIdx: tunables.event_idx,
  inOrder: tunables.in_order,
});
