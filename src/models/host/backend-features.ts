/**
 * Which feature bits a backend has a say in: QEMU offers one of these only where the backend has it
 * (vhost_get_features and the lists of feature bits in hw/net/vhost_net.c, net/tap.c, net/vhost-user.c and
 * net/vhost-vdpa.c). Bits that are not in its list QEMU answers for itself, such as STATUS and CTRL_VQ of vhost-net.
 */
import { type Feature, type Features, featureSet, without } from '../virtio/features.ts';

export interface BackendFeatures {
  readonly asked: Features;
  readonly has: Features;
}

const OFFLOADS: readonly Feature[] = [
  'VIRTIO_NET_F_CSUM',
  'VIRTIO_NET_F_GUEST_CSUM',
  'VIRTIO_NET_F_GSO',
  'VIRTIO_NET_F_GUEST_TSO4',
  'VIRTIO_NET_F_GUEST_TSO6',
  'VIRTIO_NET_F_GUEST_ECN',
  'VIRTIO_NET_F_GUEST_UFO',
  'VIRTIO_NET_F_HOST_TSO4',
  'VIRTIO_NET_F_HOST_TSO6',
  'VIRTIO_NET_F_HOST_ECN',
  'VIRTIO_NET_F_HOST_UFO',
];
const USO: readonly Feature[] = [
  'VIRTIO_NET_F_GUEST_USO4',
  'VIRTIO_NET_F_GUEST_USO6',
  'VIRTIO_NET_F_HOST_USO',
];
const RING: readonly Feature[] = [
  'VIRTIO_F_NOTIFY_ON_EMPTY',
  'VIRTIO_F_INDIRECT_DESC',
  'VIRTIO_F_EVENT_IDX',
  'VIRTIO_F_VERSION_1',
  'VIRTIO_F_ACCESS_PLATFORM',
  'VIRTIO_F_RING_PACKED',
  'VIRTIO_F_IN_ORDER',
  'VIRTIO_F_RING_RESET',
  'VIRTIO_F_NOTIFICATION_DATA',
];
const CONTROL: readonly Feature[] = [
  'VIRTIO_NET_F_STATUS',
  'VIRTIO_NET_F_CTRL_VQ',
  'VIRTIO_NET_F_CTRL_RX',
  'VIRTIO_NET_F_CTRL_RX_EXTRA',
  'VIRTIO_NET_F_CTRL_VLAN',
  'VIRTIO_NET_F_CTRL_MAC_ADDR',
  'VIRTIO_NET_F_CTRL_GUEST_OFFLOADS',
  'VIRTIO_NET_F_GUEST_ANNOUNCE',
  'VIRTIO_NET_F_MQ',
];

/** Everything: the backend is the device itself. */
const ALL = featureSet(
  ...RING,
  ...OFFLOADS,
  ...USO,
  ...CONTROL,
  'VIRTIO_NET_F_CTRL_VLAN',
  'VIRTIO_F_ANY_LAYOUT',
  'VIRTIO_NET_F_MRG_RXBUF',
  'VIRTIO_NET_F_MTU',
  'VIRTIO_NET_F_RSS',
  'VIRTIO_NET_F_RSC_EXT',
  'VIRTIO_NET_F_HASH_REPORT',
);
const MONITOR_OFFLOADS = OFFLOADS.filter((name) => !/GSO|ECN/.test(name));

/** By backend; QEMU itself masks nothing. vdpa differs from device to device: this is a ConnectX with mlx5_vdpa. */
export const BACKENDS = {
  qemu: { asked: featureSet(), has: featureSet() },
  // VHOST_NET_FEATURES of drivers/vhost/net.c, RING_RESET since Linux 6.3: no packed ring, no IN_ORDER.
  vhost: {
    asked: featureSet(
      ...RING,
      'VIRTIO_NET_F_MRG_RXBUF',
      'VIRTIO_NET_F_MTU',
      'VIRTIO_NET_F_RSC_EXT',
      'VIRTIO_NET_F_HASH_REPORT',
    ),
    has: featureSet(
      'VIRTIO_F_NOTIFY_ON_EMPTY',
      'VIRTIO_F_INDIRECT_DESC',
      'VIRTIO_F_EVENT_IDX',
      'VIRTIO_F_VERSION_1',
      'VIRTIO_F_ACCESS_PLATFORM',
      'VIRTIO_F_RING_RESET',
      'VIRTIO_NET_F_MRG_RXBUF',
    ),
  },
  // VIRTIO_NET_SUPPORTED_FEATURES of DPDK's lib/vhost, but for what Open vSwitch (without userspace-tso-enable) and the
  // vhost PMD (tso=0) take back: they forward packets as they come, and nobody behind them would cut one.
  'vhost-user': {
    asked: featureSet(
      ...RING,
      ...OFFLOADS,
      ...USO,
      'VIRTIO_F_ANY_LAYOUT',
      'VIRTIO_NET_F_MRG_RXBUF',
      'VIRTIO_NET_F_MTU',
      'VIRTIO_NET_F_RSS',
      'VIRTIO_NET_F_RSC_EXT',
      'VIRTIO_NET_F_HASH_REPORT',
    ),
    has: featureSet(
      ...OFFLOADS.filter((name) => !/HOST_|_GSO/.test(name)),
      'VIRTIO_F_ANY_LAYOUT',
      'VIRTIO_F_INDIRECT_DESC',
      'VIRTIO_F_EVENT_IDX',
      'VIRTIO_F_VERSION_1',
      'VIRTIO_F_ACCESS_PLATFORM',
      'VIRTIO_F_RING_PACKED',
      'VIRTIO_F_IN_ORDER',
      'VIRTIO_NET_F_MRG_RXBUF',
      'VIRTIO_NET_F_MTU',
    ),
  },
  // Net::new_with_tap of Firecracker: no control queue, no indirect descriptors.
  firecracker: {
    asked: ALL,
    has: featureSet(
      ...MONITOR_OFFLOADS,
      'VIRTIO_F_VERSION_1',
      'VIRTIO_F_EVENT_IDX',
      'VIRTIO_NET_F_MRG_RXBUF',
      'VIRTIO_NET_F_MTU',
    ),
  },
  // Net::new of Cloud Hypervisor, recalled: neither mergeable buffers nor indirect descriptors.
  'cloud-hypervisor': {
    asked: ALL,
    has: featureSet(
      ...MONITOR_OFFLOADS,
      'VIRTIO_F_VERSION_1',
      'VIRTIO_F_EVENT_IDX',
      'VIRTIO_NET_F_MTU',
      'VIRTIO_NET_F_CTRL_VQ',
      'VIRTIO_NET_F_CTRL_GUEST_OFFLOADS',
    ),
  },
  // mlx5_vdpa_get_device_features of drivers/vdpa/mlx5/net/mlx5_vnet.c: no EVENT_IDX and no indirect descriptors.
  vdpa: {
    asked: featureSet(
      ...RING,
      ...OFFLOADS,
      ...USO,
      ...CONTROL,
      'VIRTIO_F_ANY_LAYOUT',
      'VIRTIO_NET_F_MRG_RXBUF',
      'VIRTIO_NET_F_MTU',
      'VIRTIO_NET_F_RSS',
      'VIRTIO_NET_F_HASH_REPORT',
    ),
    has: featureSet(
      'VIRTIO_NET_F_CSUM',
      'VIRTIO_NET_F_GUEST_CSUM',
      'VIRTIO_NET_F_HOST_TSO4',
      'VIRTIO_NET_F_HOST_TSO6',
      'VIRTIO_NET_F_MRG_RXBUF',
      'VIRTIO_NET_F_MTU',
      'VIRTIO_NET_F_STATUS',
      'VIRTIO_NET_F_CTRL_VQ',
      'VIRTIO_NET_F_CTRL_MAC_ADDR',
      'VIRTIO_NET_F_CTRL_VLAN',
      'VIRTIO_NET_F_MQ',
      'VIRTIO_F_VERSION_1',
      'VIRTIO_F_ACCESS_PLATFORM',
    ),
  },
} as const satisfies Record<string, BackendFeatures>;

export type VirtioBackend = keyof typeof BACKENDS;

/** What is left of `features` with this backend. */
export const masked = (features: Features, backend: VirtioBackend): Features => {
  const { asked, has } = BACKENDS[backend];
  return without(features, without(asked, has));
};
