/**
 * What Linux's virtio_net and its ring code know, by the release that brought it (feature tables of
 * drivers/net/virtio_net.c, vring_transport_features, vp_transport_features; releases from the kernel's history,
 * that of IN_ORDER as announced). Distributions that patch old kernels may know more.
 */
import { brokenRequirements, inWords } from '../virtio/feature-rules.ts';
import {
  type Feature,
  type Features,
  featureSet,
  hasFeature,
  LEGACY_MASK,
  without,
} from '../virtio/features.ts';
import type { DriverSide } from '../virtio/negotiation.ts';
import { hasSince, type KernelRelease } from './kernel-release.ts';

const KNOWN: readonly (readonly [KernelRelease, readonly Feature[]])[] = [
  ['2.6.24', ['VIRTIO_NET_F_CSUM', 'VIRTIO_NET_F_MAC', 'VIRTIO_NET_F_HOST_TSO4', 'VIRTIO_NET_F_HOST_TSO6']],
  ['2.6.24', ['VIRTIO_NET_F_HOST_ECN', 'VIRTIO_NET_F_HOST_UFO']],
  ['2.6.26', ['VIRTIO_NET_F_GUEST_CSUM', 'VIRTIO_NET_F_GUEST_TSO4', 'VIRTIO_NET_F_GUEST_TSO6']],
  ['2.6.26', ['VIRTIO_NET_F_GUEST_ECN']],
  ['2.6.29', ['VIRTIO_NET_F_MRG_RXBUF']],
  [
    '2.6.30',
    ['VIRTIO_NET_F_STATUS', 'VIRTIO_NET_F_CTRL_VQ', 'VIRTIO_NET_F_CTRL_RX', 'VIRTIO_NET_F_CTRL_VLAN'],
  ],
  ['2.6.31', ['VIRTIO_F_INDIRECT_DESC', 'VIRTIO_NET_F_GUEST_UFO']],
  ['3.0', ['VIRTIO_F_EVENT_IDX']],
  ['3.5', ['VIRTIO_NET_F_GUEST_ANNOUNCE']],
  ['3.8', ['VIRTIO_NET_F_MQ']],
  ['3.9', ['VIRTIO_NET_F_CTRL_MAC_ADDR']],
  ['4.0', ['VIRTIO_F_VERSION_1']],
  ['4.8', ['VIRTIO_NET_F_MTU', 'VIRTIO_F_ACCESS_PLATFORM']],
  ['4.14', ['VIRTIO_NET_F_CTRL_GUEST_OFFLOADS']],
  ['4.16', ['VIRTIO_NET_F_SPEED_DUPLEX']],
  ['4.18', ['VIRTIO_NET_F_STANDBY', 'VIRTIO_F_SR_IOV']],
  ['5.0', ['VIRTIO_F_RING_PACKED']],
  ['5.1', ['VIRTIO_F_ORDER_PLATFORM']],
  ['5.18', ['VIRTIO_NET_F_RSS', 'VIRTIO_NET_F_HASH_REPORT']],
  ['6.0', ['VIRTIO_NET_F_NOTF_COAL', 'VIRTIO_F_RING_RESET']],
  ['6.2', ['VIRTIO_NET_F_HOST_USO', 'VIRTIO_NET_F_GUEST_USO4', 'VIRTIO_NET_F_GUEST_USO6']],
  ['6.4', ['VIRTIO_NET_F_GUEST_HDRLEN', 'VIRTIO_F_NOTIFICATION_DATA']],
  ['6.6', ['VIRTIO_NET_F_VQ_NOTF_COAL']],
  ['6.8', ['VIRTIO_F_ADMIN_VQ']],
  ['6.18', ['VIRTIO_F_IN_ORDER']],
];

/** Only in the table for devices without VERSION_1, where it is another way of saying so. */
const LEGACY_ONLY: readonly (readonly [KernelRelease, readonly Feature[]])[] = [
  ['2.6.24', ['VIRTIO_NET_F_GSO']],
  ['3.11', ['VIRTIO_F_ANY_LAYOUT']],
];

/** The first release with drivers/virtio/virtio_pci.c, with MSI-X there, and with the modern interface. */
export const VIRTIO_PCI_SINCE: KernelRelease = '2.6.25';
export const VIRTIO_MSI_X_SINCE: KernelRelease = '2.6.31';
export const VIRTIO_MODERN_SINCE: KernelRelease = '4.0';

const knownTo = (table: typeof KNOWN, release: string): Features =>
  featureSet(...table.filter(([since]) => hasSince(release, since)).flatMap(([, features]) => features));

/** Features that Linux gives up where another is missing, instead of refusing the device (virtnet_validate). */
const YIELDS: readonly (readonly [feature: Feature, without: Feature])[] = [
  ['VIRTIO_NET_F_CTRL_GUEST_OFFLOADS', 'VIRTIO_NET_F_CTRL_VQ'],
  ['VIRTIO_NET_F_STANDBY', 'VIRTIO_NET_F_MAC'],
];

/** virtnet_validate: what needs the control queue is an error without it; other rules Linux leaves to the device. */
const validate = (features: Features): ReturnType<DriverSide['validate']> => {
  const left = YIELDS.reduce(
    (set, [feature, needed]) => (hasFeature(set, needed) ? set : without(set, featureSet(feature))),
    features,
  );
  const broken = brokenRequirements(left).find(([, oneOf]) => oneOf.includes('VIRTIO_NET_F_CTRL_VQ'));
  return broken === undefined ? { features: left } : { refusal: inWords(broken) };
};

/** Linux's virtio_net of this release, above its virtio_ring. */
export const linuxVirtioNet = (release: string): DriverSide => {
  const known = knownTo(KNOWN, release);
  return {
    modern: known,
    legacy: (known | knownTo(LEGACY_ONLY, release)) & LEGACY_MASK,
    validate,
  };
};
