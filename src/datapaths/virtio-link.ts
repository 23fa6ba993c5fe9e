/** What a virtio datapath is wired by: the guest boots with the device, and what it negotiates decides how they talk. */
import { hasSince } from '../models/guest/kernel-release.ts';
import type { Vectors, VirtioProbe } from '../models/guest/virtio-pci.ts';
import type { Space } from '../models/hardware/pci/pci-function.ts';
import type { VirtioBackend } from '../models/host/backend-features.ts';
import { VirtioNetMmio } from '../models/host/virtio-net-mmio.ts';
import { VirtioNetPci } from '../models/host/virtio-net-pci.ts';
import type { DeviceRegisters } from '../models/virtio/device-registers.ts';
import { hasFeature } from '../models/virtio/features.ts';
import { anyLayout, headerSize } from '../models/virtio/net-buffer.ts';
import type { RingFormat } from '../models/virtio/virtqueue.ts';
import { bootWith, type Card, CURRENT_LINUX } from './guest-bus.ts';
import { propertiesOf, type Transport, type VirtioTunables } from './virtio-params.ts';
import type { Vm } from './world.ts';

export interface VirtioLink {
  readonly registers: DeviceRegisters;
  readonly format: RingFormat;
  readonly indirect: boolean;
  /** Bytes before each frame, and whether they need a descriptor of their own. */
  readonly header: number;
  readonly headerApart: boolean;
  /** The device, or what is behind it, cuts packets into frames. */
  readonly tso: boolean;
  /** The guest takes packets longer than a frame. */
  readonly guestTso: boolean;
  /** A packet may fill several receive buffers. */
  readonly mergeable: boolean;
  readonly vectors: Vectors;
  /** Where kicks go: memory, or the legacy header's port. */
  readonly notifySpace: Space;
  /** The device can say that it needs a reset. */
  readonly version1: boolean;
  /** The device reaches memory through the VM's IOMMU, where it has one. */
  readonly accessPlatform: boolean;
  /** The guest's driver has a transmit NAPI. */
  readonly hasNapiTx: boolean;
}

/** virtio_net has its transmit NAPI, and the parameter napi_tx, since this release; before, packets were orphaned. */
const NAPI_TX_SINCE = '4.12';

const linkOf = (
  { negotiated, interface: kind, vectors }: VirtioProbe,
  registers: DeviceRegisters,
  kernel: string,
): VirtioLink => ({
  registers,
  format: {
    packed: hasFeature(negotiated, 'VIRTIO_F_RING_PACKED'),
    eventIdx: hasFeature(negotiated, 'VIRTIO_F_EVENT_IDX'),
    inOrder: hasFeature(negotiated, 'VIRTIO_F_IN_ORDER'),
  },
  indirect: hasFeature(negotiated, 'VIRTIO_F_INDIRECT_DESC'),
  header: headerSize(negotiated),
  headerApart: !anyLayout(negotiated),
  tso: (['VIRTIO_NET_F_HOST_TSO4', 'VIRTIO_NET_F_GSO'] as const).some((each) => hasFeature(negotiated, each)),
  guestTso: (
    [
      'VIRTIO_NET_F_GUEST_TSO4',
      'VIRTIO_NET_F_GUEST_TSO6',
      'VIRTIO_NET_F_GUEST_ECN',
      'VIRTIO_NET_F_GUEST_UFO',
    ] as const
  ).some((each) => hasFeature(negotiated, each)),
  mergeable: hasFeature(negotiated, 'VIRTIO_NET_F_MRG_RXBUF'),
  vectors,
  notifySpace: kind === 'legacy' ? 'port' : 'memory',
  version1: hasFeature(negotiated, 'VIRTIO_F_VERSION_1'),
  accessPlatform: hasFeature(negotiated, 'VIRTIO_F_ACCESS_PLATFORM'),
  hasNapiTx: hasSince(kernel, NAPI_TX_SINCE),
});

type VirtioCard = Card & { readonly registers: DeviceRegisters };

/** The device as its guest finds it. @throws RangeError with the reason why it cannot be made. */
export const virtioCard = (
  tunables: VirtioTunables,
  backend: VirtioBackend,
  transport: Transport,
): VirtioCard => {
  const properties = propertiesOf(tunables);
  if (transport === 'pci') return new VirtioNetPci(properties, backend);
  const { mmio, registers } = new VirtioNetMmio(properties, backend);
  return { mmio, registers };
};

/** @throws RangeError when the guest has no driver for the device; who builds a VM asks before. */
export const virtioLink = (
  vm: Vm,
  tunables: VirtioTunables,
  backend: VirtioBackend,
  transport: Transport = 'pci',
): VirtioLink => {
  const guest = vm.guest ?? CURRENT_LINUX;
  const card = virtioCard(tunables, backend, transport);
  const { registers } = card;
  const [{ virtio, reason }] = bootWith(guest, [{ kind: backend, ...card }]).cards;
  if (virtio === null) throw new RangeError(`${vm.name} has no driver for its virtio device: ${reason}`);
  return linkOf(virtio, registers, guest.kernel);
};
