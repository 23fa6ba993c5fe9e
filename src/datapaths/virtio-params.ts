/** Parameters that every virtio network device shares, by QEMU's and Linux's names where they have one. */
import { z } from 'zod';
import type { VirtioNetOptions } from '../models/guest/virtio-net.ts';
import type { VirtioNetProperties } from '../models/host/virtio-net-properties.ts';

/** Defaults of the transport, which stay unsaid in scenarios that do not speak of it: one queue pair, conventional PCI. */
const VECTORS = 4;

const transportShape = {
  vectors: z
    .int()
    .min(0)
    .max(2048)
    .describe('QEMU: entries of the MSI-X table; 3 or more (4): one a queue; 2: both share one; fewer: INTx')
    .optional(),
  'disable-legacy': z
    .boolean()
    .describe('QEMU: a modern device alone, as behind a PCI Express port (false: transitional)')
    .optional(),
  'disable-modern': z.boolean().describe('QEMU: a legacy device (false)').optional(),
};

/** Offloads of what is sent, which stay unsaid as well. */
const offloadShape = {
  host_tso4: z
    .boolean()
    .describe('QEMU: VIRTIO_NET_F_HOST_TSO4; false: the guest cuts packets into frames itself (true)')
    .optional(),
  gso: z.boolean().describe('QEMU: VIRTIO_NET_F_GSO, the same for a legacy device (true)').optional(),
};

/** How the guest finds the device and is interrupted by it; unsaid in scenarios that do not speak of it. */
export const transport = z
  .enum(['pci', 'mmio'])
  .describe('virtio over PCI with MSI-X, or over MMIO with one line that two registers serve (pci)');
export type Transport = z.output<typeof transport>;

/** Without defaults, for a VM that overrides some of them. */
export const virtioTunableShape = {
  tx_queue_size: z.int().describe('QEMU: entries of the transmit ring, a power of two'),
  rx_queue_size: z.int().describe('QEMU: entries of the receive ring, a power of two'),
  event_idx: z.boolean().describe('QEMU: VIRTIO_F_EVENT_IDX'),
  indirect_desc: z.boolean().describe('QEMU: VIRTIO_F_INDIRECT_DESC'),
  iommu_platform: z
    .boolean()
    .describe(
      'QEMU: VIRTIO_F_ACCESS_PLATFORM, behind the VM’s viommu where it has one; a modern device alone, so that ' +
        '`disable-legacy`, where it is not said, is true',
    ),
  packed: z.boolean().describe('QEMU: VIRTIO_F_RING_PACKED'),
  in_order: z.boolean().describe('QEMU: VIRTIO_F_IN_ORDER (Linux 6.18 and later)'),
  napi_tx: z
    .boolean()
    .describe(
      'guest module virtio_net: transmit completions interrupt; off by default before Linux 5.3, absent before 4.12',
    ),
  ...offloadShape,
  ...transportShape,
};

const { tx_queue_size, rx_queue_size, event_idx, indirect_desc, iommu_platform, packed, in_order, napi_tx } =
  virtioTunableShape;

export const virtioTunables = z.strictObject({
  tx_queue_size: tx_queue_size.default(256),
  rx_queue_size: rx_queue_size.default(256),
  event_idx: event_idx.default(true),
  indirect_desc: indirect_desc.default(true),
  iommu_platform: iommu_platform.default(false),
  packed: packed.default(false),
  in_order: in_order.default(false),
  napi_tx: napi_tx.default(true),
  ...offloadShape,
  ...transportShape,
});

export type VirtioTunables = z.output<typeof virtioTunables>;

/**
 * The device's properties as QEMU takes them. QEMU refuses `iommu_platform` with a legacy interface; a device that asks for
 * it and says nothing of the interface is taken to be in a PCI Express port, where QEMU leaves that interface out.
 */
export const propertiesOf = ({ napi_tx: _, ...properties }: VirtioTunables): VirtioNetProperties => ({
  ...properties,
  vectors: properties.vectors ?? VECTORS,
  'disable-legacy': properties['disable-legacy'] ?? properties.iommu_platform,
  'disable-modern': properties['disable-modern'] ?? false,
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
  guestDriver: z
    .enum(['linux', 'pmd'])
    .describe(
      'who drives the device in the guest: virtio_net under its kernel (linux), or a DPDK application that polls',
    )
    .optional(),
};

export const virtioShape = z.strictObject(virtioParams);

interface DriverTerms {
  readonly indirect: boolean;
  readonly header: number;
  readonly headerApart: boolean;
  readonly tso: boolean;
  readonly guestTso: boolean;
  readonly mergeable: boolean;
  readonly hasNapiTx: boolean;
}

/** The guest driver's options from a datapath's parameters and what was negotiated. */
export const driverOptions = (
  params: z.output<typeof virtioShape>,
  { indirect, header, headerApart, hasNapiTx, tso, guestTso, mergeable }: DriverTerms,
): VirtioNetOptions => ({
  indirect,
  header,
  headerApart,
  tso,
  receives: mergeable ? 'mergeable' : guestTso ? 'big' : 'small',
  napi_tx: params.tunables.napi_tx && hasNapiTx,
  rearmsWhileReaping: params.guestKernelRearms,
  completionInterrupts: params.completionInterrupts,
});
