/** Where backends differ in how they serve a ring: what they write to ask for kicks, and what they refuse. */

export interface BackendRules {
  readonly name: 'qemu' | 'vhost' | 'dpdk' | 'hardware' | 'firecracker' | 'cloud-hypervisor';
  /** While kicks are allowed, each pop of a split ring moves avail_event along (virtqueue_split_pop). */
  readonly popMovesEvent: boolean;
  /**
   * The index that allowing kicks announces on a split ring: the one in memory (QEMU), the one read last (vhost), the
   * one up to which buffers were taken (DPDK).
   */
  readonly announces: 'memory' | 'seen' | 'taken';
  /** Whether a piece of no bytes is an error; otherwise it is passed over. */
  readonly refusesEmpty: boolean;
  /** Takes no notice of which pieces are readable and which writable: it reads from, or writes to, all of them. */
  readonly ignoresDirection: boolean;
  /** Whether it counts the buffers it holds, and refuses more than the ring has. */
  readonly countsInUse: boolean;
  /** Longest indirect table, entries. */
  readonly indirectMax: number;
  /** A broken ring stays broken until the device is reset; otherwise the next run looks again. */
  readonly needsReset: boolean;
  /** On a packed ring, each turn of the used index lets the next decision about a signal be yes (virtqueue_packed_flush). */
  readonly wrapForgetsSignal: boolean;
  /** With IN_ORDER, a batch of buffers that nothing was written to takes one used entry. */
  readonly skipsUsed: boolean;
  /** Whether a network device refuses writable pieces in transmit buffers and readable ones in receive buffers. */
  readonly looksAtDirection: boolean;
}

/** hw/virtio/virtio.c of QEMU 9 and 10. */
export const QEMU: BackendRules = {
  name: 'qemu',
  popMovesEvent: true,
  announces: 'memory',
  refusesEmpty: true,
  ignoresDirection: false,
  countsInUse: true,
  indirectMax: Number.POSITIVE_INFINITY,
  needsReset: true,
  wrapForgetsSignal: true,
  skipsUsed: false,
  looksAtDirection: false,
};

/** drivers/vhost/vhost.c of Linux. It knows no packed rings. */
export const VHOST: BackendRules = {
  name: 'vhost',
  popMovesEvent: false,
  announces: 'seen',
  refusesEmpty: false,
  ignoresDirection: false,
  countsInUse: false,
  indirectMax: 65_536,
  needsReset: false,
  wrapForgetsSignal: false,
  skipsUsed: true,
  looksAtDirection: true,
};

/** lib/vhost of DPDK: fill_vec_buf_split and fill_vec_buf_packed. */
export const DPDK: BackendRules = {
  name: 'dpdk',
  popMovesEvent: false,
  announces: 'taken',
  refusesEmpty: false,
  ignoresDirection: true,
  countsInUse: false,
  indirectMax: 65_536,
  needsReset: false,
  wrapForgetsSignal: false,
  skipsUsed: true,
  looksAtDirection: false,
};

/** lib/vhost of SPDK over DPDK's: a block target looks at directions (blk_iovs_setup). */
export const SPDK: BackendRules = { ...DPDK, ignoresDirection: false };

/**
 * A NIC that reads the ring itself (vDPA). Assumed: hardware documents little of this; it is taken to check as vhost
 * does and to be strict about what the specification forbids.
 */
export const HARDWARE: BackendRules = {
  name: 'hardware',
  popMovesEvent: false,
  announces: 'taken',
  refusesEmpty: true,
  ignoresDirection: false,
  countsInUse: true,
  indirectMax: 65_536,
  needsReset: true,
  wrapForgetsSignal: false,
  skipsUsed: true,
  looksAtDirection: true,
};

/**
 * src/vmm/src/devices/virtio/queue.rs of Firecracker: the event index is written when the queue is found empty.
 * Simplification: an avail index that moves too far, for which Firecracker ends the VM, only breaks the device.
 */
export const FIRECRACKER: BackendRules = {
  name: 'firecracker',
  popMovesEvent: false,
  announces: 'memory',
  refusesEmpty: false,
  ignoresDirection: false,
  countsInUse: false,
  indirectMax: 65_536,
  needsReset: true,
  wrapForgetsSignal: false,
  skipsUsed: false,
  looksAtDirection: true,
};

/** net_util/src/queue_pair.rs of Cloud Hypervisor over rust-vmm's virtio-queue: the event index follows each buffer. */
export const CLOUD_HYPERVISOR: BackendRules = {
  ...FIRECRACKER,
  name: 'cloud-hypervisor',
  popMovesEvent: true,
  announces: 'taken',
  looksAtDirection: false,
};

export type Backend = BackendRules['name'];

export const backendRules: Readonly<Record<Backend, BackendRules>> = {
  qemu: QEMU,
  vhost: VHOST,
  dpdk: DPDK,
  hardware: HARDWARE,
  firecracker: FIRECRACKER,
  'cloud-hypervisor': CLOUD_HYPERVISOR,
};
