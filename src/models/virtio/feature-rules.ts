/** Features that need others (virtio 1.2 §5.1.3.1 and §6): who lacks one may neither offer nor accept the other. */
import { type Feature, type Features, hasFeature } from './features.ts';

/** A feature, and those of which it needs at least one. */
export type Requirement = readonly [feature: Feature, oneOf: readonly Feature[]];

const NEED_CONTROL_QUEUE = [
  'VIRTIO_NET_F_CTRL_RX',
  'VIRTIO_NET_F_CTRL_VLAN',
  'VIRTIO_NET_F_GUEST_ANNOUNCE',
  'VIRTIO_NET_F_MQ',
  'VIRTIO_NET_F_CTRL_MAC_ADDR',
  'VIRTIO_NET_F_NOTF_COAL',
  'VIRTIO_NET_F_VQ_NOTF_COAL',
  'VIRTIO_NET_F_RSS',
  'VIRTIO_NET_F_HASH_TUNNEL',
] as const satisfies readonly Feature[];

const REQUIREMENTS: readonly Requirement[] = [
  ['VIRTIO_NET_F_GUEST_TSO4', ['VIRTIO_NET_F_GUEST_CSUM']],
  ['VIRTIO_NET_F_GUEST_TSO6', ['VIRTIO_NET_F_GUEST_CSUM']],
  ['VIRTIO_NET_F_GUEST_ECN', ['VIRTIO_NET_F_GUEST_TSO4', 'VIRTIO_NET_F_GUEST_TSO6']],
  ['VIRTIO_NET_F_GUEST_UFO', ['VIRTIO_NET_F_GUEST_CSUM']],
  ['VIRTIO_NET_F_GUEST_USO4', ['VIRTIO_NET_F_GUEST_CSUM']],
  ['VIRTIO_NET_F_GUEST_USO6', ['VIRTIO_NET_F_GUEST_CSUM']],
  ['VIRTIO_NET_F_HOST_TSO4', ['VIRTIO_NET_F_CSUM']],
  ['VIRTIO_NET_F_HOST_TSO6', ['VIRTIO_NET_F_CSUM']],
  ['VIRTIO_NET_F_HOST_ECN', ['VIRTIO_NET_F_HOST_TSO4', 'VIRTIO_NET_F_HOST_TSO6']],
  ['VIRTIO_NET_F_HOST_UFO', ['VIRTIO_NET_F_CSUM']],
  ['VIRTIO_NET_F_HOST_USO', ['VIRTIO_NET_F_CSUM']],
  ['VIRTIO_NET_F_RSC_EXT', ['VIRTIO_NET_F_HOST_TSO4', 'VIRTIO_NET_F_HOST_TSO6']],
  ['VIRTIO_NET_F_HASH_TUNNEL', ['VIRTIO_NET_F_RSS', 'VIRTIO_NET_F_HASH_REPORT']],
  ...NEED_CONTROL_QUEUE.map((feature): Requirement => [feature, ['VIRTIO_NET_F_CTRL_VQ']]),
];

/** The requirements that `set` breaks. */
export const brokenRequirements = (set: Features): Requirement[] =>
  REQUIREMENTS.filter(
    ([feature, oneOf]) => hasFeature(set, feature) && !oneOf.some((needed) => hasFeature(set, needed)),
  );

export const inWords = ([feature, oneOf]: Requirement): string => `${feature} needs ${oneOf.join(' or ')}`;
