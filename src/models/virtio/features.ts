/**
 * Feature bits by the names and numbers of the virtio specification (1.2 §6 reserved bits, §5.1.3 network device), and
 * sets of them. Bits of 1.3 and 1.4 that Linux knows are there, too.
 */

/** Bits 24 to 41 belong to ring and transport; the others to the network device. */
export const FEATURE_BITS = {
  VIRTIO_NET_F_CSUM: 0,
  VIRTIO_NET_F_GUEST_CSUM: 1,
  VIRTIO_NET_F_CTRL_GUEST_OFFLOADS: 2,
  VIRTIO_NET_F_MTU: 3,
  VIRTIO_NET_F_MAC: 5,
  VIRTIO_NET_F_GSO: 6,
  VIRTIO_NET_F_GUEST_TSO4: 7,
  VIRTIO_NET_F_GUEST_TSO6: 8,
  VIRTIO_NET_F_GUEST_ECN: 9,
  VIRTIO_NET_F_GUEST_UFO: 10,
  VIRTIO_NET_F_HOST_TSO4: 11,
  VIRTIO_NET_F_HOST_TSO6: 12,
  VIRTIO_NET_F_HOST_ECN: 13,
  VIRTIO_NET_F_HOST_UFO: 14,
  VIRTIO_NET_F_MRG_RXBUF: 15,
  VIRTIO_NET_F_STATUS: 16,
  VIRTIO_NET_F_CTRL_VQ: 17,
  VIRTIO_NET_F_CTRL_RX: 18,
  VIRTIO_NET_F_CTRL_VLAN: 19,
  VIRTIO_NET_F_CTRL_RX_EXTRA: 20,
  VIRTIO_NET_F_GUEST_ANNOUNCE: 21,
  VIRTIO_NET_F_MQ: 22,
  VIRTIO_NET_F_CTRL_MAC_ADDR: 23,
  VIRTIO_F_NOTIFY_ON_EMPTY: 24,
  VIRTIO_F_ANY_LAYOUT: 27,
  VIRTIO_F_INDIRECT_DESC: 28,
  VIRTIO_F_EVENT_IDX: 29,
  VIRTIO_F_VERSION_1: 32,
  VIRTIO_F_ACCESS_PLATFORM: 33,
  VIRTIO_F_RING_PACKED: 34,
  VIRTIO_F_IN_ORDER: 35,
  VIRTIO_F_ORDER_PLATFORM: 36,
  VIRTIO_F_SR_IOV: 37,
  VIRTIO_F_NOTIFICATION_DATA: 38,
  VIRTIO_F_NOTIF_CONFIG_DATA: 39,
  VIRTIO_F_RING_RESET: 40,
  VIRTIO_F_ADMIN_VQ: 41,
  VIRTIO_NET_F_DEVICE_STATS: 50,
  VIRTIO_NET_F_HASH_TUNNEL: 51,
  VIRTIO_NET_F_VQ_NOTF_COAL: 52,
  VIRTIO_NET_F_NOTF_COAL: 53,
  VIRTIO_NET_F_GUEST_USO4: 54,
  VIRTIO_NET_F_GUEST_USO6: 55,
  VIRTIO_NET_F_HOST_USO: 56,
  VIRTIO_NET_F_HASH_REPORT: 57,
  VIRTIO_NET_F_GUEST_HDRLEN: 59,
  VIRTIO_NET_F_RSS: 60,
  VIRTIO_NET_F_RSC_EXT: 61,
  VIRTIO_NET_F_STANDBY: 62,
  VIRTIO_NET_F_SPEED_DUPLEX: 63,
} as const;

export type Feature = keyof typeof FEATURE_BITS;

/** A set of feature bits, as the registers show it: bit n of the number is feature n. */
export type Features = bigint;

export const NO_FEATURES: Features = 0n;
/** What the legacy interface can carry. */
export const LEGACY_MASK: Features = 0xffff_ffffn;
/** Bits that one selected window of the registers shows. */
const WINDOW_MASK = 0xffff_ffffn;

const maskOf = (feature: Feature): Features => 1n << BigInt(FEATURE_BITS[feature]);

export const featureSet = (...features: readonly Feature[]): Features =>
  features.reduce((set, feature) => set | maskOf(feature), NO_FEATURES);

export const hasFeature = (set: Features, feature: Feature): boolean => (set & maskOf(feature)) !== 0n;

/** Bits of `set` that `taken` does not have. */
export const without = (set: Features, taken: Features): Features => set & ~taken;

/** The names in `set`, by rising bit; bits without a name are left out. */
export const namesOf = (set: Features): Feature[] =>
  (Object.keys(FEATURE_BITS) as Feature[]).filter((feature) => hasFeature(set, feature));

/** The 32 bits that window `select` of the common configuration shows; 0 beyond bit 63. */
export const windowOf = (set: Features, select: number): number =>
  select > 1 ? 0 : Number((set >> BigInt(32 * select)) & WINDOW_MASK);

/** `set` with the 32 bits of window `select` replaced. */
export const withWindow = (set: Features, select: number, bits: number): Features => {
  if (select > 1) return set;
  const shift = BigInt(32 * select);
  return (set & ~(WINDOW_MASK << shift)) | (BigInt(bits >>> 0) << shift);
};
