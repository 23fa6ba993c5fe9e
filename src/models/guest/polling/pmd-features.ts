/**
 * What DPDK's virtio driver knows (VIRTIO_PMD_DEFAULT_GUEST_FEATURES in drivers/net/virtio/virtio_ethdev.h): no
 * EVENT_IDX, so that both sides say by flags whether they want to be told.
 */
import { featureSet, LEGACY_MASK } from '../../virtio/features.ts';
import type { DriverSide } from '../../virtio/negotiation.ts';

/** The driver's name in DPDK. */
export const PMD_MODULE = 'net_virtio';

const KNOWN = featureSet(
  'VIRTIO_NET_F_MAC',
  'VIRTIO_NET_F_STATUS',
  'VIRTIO_NET_F_MQ',
  'VIRTIO_NET_F_CTRL_MAC_ADDR',
  'VIRTIO_NET_F_CTRL_VQ',
  'VIRTIO_NET_F_CTRL_RX',
  'VIRTIO_NET_F_CTRL_VLAN',
  'VIRTIO_NET_F_MRG_RXBUF',
  'VIRTIO_NET_F_MTU',
  'VIRTIO_NET_F_GUEST_ANNOUNCE',
  'VIRTIO_F_INDIRECT_DESC',
  'VIRTIO_F_VERSION_1',
  'VIRTIO_F_IN_ORDER',
  'VIRTIO_F_RING_PACKED',
  'VIRTIO_F_ACCESS_PLATFORM',
  'VIRTIO_F_ORDER_PLATFORM',
);

/** It leaves all rules of features to the device. */
export const dpdkVirtioNet: DriverSide = {
  modern: KNOWN,
  legacy: KNOWN & LEGACY_MASK,
  validate: (features) => ({ features }),
};
