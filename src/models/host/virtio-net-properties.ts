/** Properties of QEMU's virtio-net-pci, by their real names, and the features that the device offers by them. */
import { type Feature, type Features, featureSet, hasFeature, NO_FEATURES } from '../virtio/features.ts';

/** Property, its feature, and its default (hw/net/virtio-net.c, DEFINE_VIRTIO_COMMON_FEATURES of hw/virtio/virtio.h). */
const SWITCHES = [
  ['csum', 'VIRTIO_NET_F_CSUM', true],
  ['guest_csum', 'VIRTIO_NET_F_GUEST_CSUM', true],
  ['gso', 'VIRTIO_NET_F_GSO', true],
  ['guest_tso4', 'VIRTIO_NET_F_GUEST_TSO4', true],
  ['guest_tso6', 'VIRTIO_NET_F_GUEST_TSO6', true],
  ['guest_ecn', 'VIRTIO_NET_F_GUEST_ECN', true],
  ['guest_ufo', 'VIRTIO_NET_F_GUEST_UFO', true],
  ['guest_announce', 'VIRTIO_NET_F_GUEST_ANNOUNCE', true],
  ['host_tso4', 'VIRTIO_NET_F_HOST_TSO4', true],
  ['host_tso6', 'VIRTIO_NET_F_HOST_TSO6', true],
  ['host_ecn', 'VIRTIO_NET_F_HOST_ECN', true],
  ['host_ufo', 'VIRTIO_NET_F_HOST_UFO', true],
  ['guest_uso4', 'VIRTIO_NET_F_GUEST_USO4', true],
  ['guest_uso6', 'VIRTIO_NET_F_GUEST_USO6', true],
  ['host_uso', 'VIRTIO_NET_F_HOST_USO', true],
  ['mrg_rxbuf', 'VIRTIO_NET_F_MRG_RXBUF', true],
  ['status', 'VIRTIO_NET_F_STATUS', true],
  ['ctrl_vq', 'VIRTIO_NET_F_CTRL_VQ', true],
  ['ctrl_rx', 'VIRTIO_NET_F_CTRL_RX', true],
  ['ctrl_vlan', 'VIRTIO_NET_F_CTRL_VLAN', true],
  ['ctrl_rx_extra', 'VIRTIO_NET_F_CTRL_RX_EXTRA', true],
  ['ctrl_mac_addr', 'VIRTIO_NET_F_CTRL_MAC_ADDR', true],
  ['ctrl_guest_offloads', 'VIRTIO_NET_F_CTRL_GUEST_OFFLOADS', true],
  ['mq', 'VIRTIO_NET_F_MQ', false],
  ['rss', 'VIRTIO_NET_F_RSS', false],
  ['hash', 'VIRTIO_NET_F_HASH_REPORT', false],
  ['guest_rsc_ext', 'VIRTIO_NET_F_RSC_EXT', false],
  ['notify_on_empty', 'VIRTIO_F_NOTIFY_ON_EMPTY', true],
  ['any_layout', 'VIRTIO_F_ANY_LAYOUT', true],
  ['indirect_desc', 'VIRTIO_F_INDIRECT_DESC', true],
  ['event_idx', 'VIRTIO_F_EVENT_IDX', true],
  ['iommu_platform', 'VIRTIO_F_ACCESS_PLATFORM', false],
  ['packed', 'VIRTIO_F_RING_PACKED', false],
  ['in_order', 'VIRTIO_F_IN_ORDER', false],
  ['queue_reset', 'VIRTIO_F_RING_RESET', true],
] as const satisfies readonly (readonly [string, Feature, boolean])[];

type Switch = (typeof SWITCHES)[number][0];

export interface VirtioNetProperties extends Partial<Record<Switch, boolean | undefined>> {
  /** Entries of the MSI-X table; 0: the device has none, and interrupts by INTx. */
  readonly vectors: number;
  readonly 'disable-legacy': boolean;
  readonly 'disable-modern': boolean;
  readonly rx_queue_size: number;
  readonly tx_queue_size: number;
}

/** What the device offers before its backend is asked. */
export const offeredBy = (properties: VirtioNetProperties): Features => {
  const on = SWITCHES.filter(([name, , byDefault]) => properties[name] ?? byDefault);
  const own = featureSet('VIRTIO_NET_F_MAC', ...on.map(([, feature]) => feature));
  return own | (properties['disable-modern'] ? NO_FEATURES : featureSet('VIRTIO_F_VERSION_1'));
};

/** Why QEMU does not start with these properties; null where it does. */
export const refusedProperties = (properties: VirtioNetProperties, offered: Features): string | null => {
  const { 'disable-legacy': noLegacy, 'disable-modern': noModern } = properties;
  if (noLegacy && noModern) return 'disable-legacy and disable-modern together leave no interface';
  if (noLegacy && !hasFeature(offered, 'VIRTIO_F_VERSION_1'))
    return 'the backend has no VIRTIO_F_VERSION_1, and disable-legacy leaves nothing else';
  if (!noLegacy && hasFeature(offered, 'VIRTIO_F_ACCESS_PLATFORM'))
    return 'iommu_platform is for modern devices alone: it needs disable-legacy';
  return null;
};
