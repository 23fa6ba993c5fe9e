/** Parameters that every virtio network device shares, by QEMU's and Linux's names where they have one. */
import { z } from 'zod';
import type { VirtioNetOptions } from '../models/guest/virtio-net.ts';

/** Without defaults, for a VM that overrides some of them. */
export const virtioTunableShape = {
  tx_queue_size: z.int().describe('QEMU: entries of the transmit ring, a power of two'),
  rx_queue_size: z.int().describe('QEMU: entries of the receive ring, a power of two'),
  event_idx: z.boolean().describe('QEMU: VIRTIO_F_EVENT_IDX'),
  indirect_desc: z.boolean().describe('QEMU: VIRTIO_F_INDIRECT_DESC'),
  iommu_platform: z
    .boolean()
    .describe('QEMU: VIRTIO_F_ACCESS_PLATFORM, behind the VM’s viommu where it has one'),
  napi_tx: z.boolean().describe('guest module virtio_net: transmit completions interrupt'),
};

const { tx_queue_size, rx_queue_size, event_idx, indirect_desc, iommu_platform, napi_tx } =
  virtioTunableShape;

export const virtioTunables = z.strictObject({
  tx_queue_size: tx_queue_size.default(256),
  rx_queue_size: rx_queue_size.default(256),
  event_idx: event_idx.default(true),
  indirect_desc: indirect_desc.default(true),
  iommu_platform: iommu_platform.default(false),
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

const shape = z.strictObject(virtioParams);

/** The guest driver's options from a datapath's parameters. */
export const driverOptions = (params: z.output<typeof shape>): VirtioNetOptions => ({
  indirect: params.tunables.indirect_desc,
  napi_tx: params.tunables.napi_tx,
  rearmsWhileReaping: params.guestKernelRearms,
  completionInterrupts: params.completionInterrupts,
});
