/**
 * What differs between user-space monitors that serve a virtio device from an event loop: one component, and a policy
 * each. QEMU: hw/net/virtio-net.c and net/tap.c. Firecracker: src/vmm/src/devices/virtio/net/device.rs. Cloud Hypervisor:
 * net_util/src/queue_pair.rs.
 */
import type { Injection } from './interrupt-path.ts';

export interface Monitor {
  readonly name: 'qemu' | 'firecracker' | 'cloud-hypervisor';
  /** Names of its steps in requests' time lines. */
  readonly stages: { readonly transmit: string; readonly receive: string; readonly wait: string };
  /** Names of its costs: an iteration of the loop, reading an eventfd, a buffer of a ring, an I/O, an access of a register. */
  readonly costs: Readonly<Record<'iteration' | 'eventfdRead' | 'virtqueue' | 'block' | 'registers', string>>;
  /** Its threads share a lock with the vCPUs' (the BQL). */
  readonly bigLock: boolean;
  /** How it interrupts by a vector; `eventfd`: by a write to an irqfd, also over MMIO. */
  readonly injection: Extract<Injection, 'KVM_SIGNAL_MSI' | 'eventfd'>;
  readonly transport: 'pci' | 'mmio';
  /** A kick only schedules the transmit queue (bottom half or timer); otherwise it is served at once, until it is empty. */
  readonly deferred: boolean;
  /** Tells the guest not to kick while it serves a queue. */
  readonly suppressesKicks: boolean;
  /** When it decides about an interrupt: for each buffer used, or once when it is done with the queue. */
  readonly signal: 'per-request' | 'per-batch';
  /** Used buffers are public one by one, though decided about together. */
  readonly publishesEach: boolean;
  /** Frames of one callback. */
  readonly tapBurst: number;
  /** The tap wakes the loop by edges (EPOLLET): each new frame once more, and a refill reads at once. */
  readonly edgeTriggered: boolean;
  /** Takes all receive buffers as soon as it hears of them, so that each refill kicks. */
  readonly takesAhead: boolean;
  /** Copies of a frame received: 1, readv into the guest's buffers; 2, into its own first. */
  readonly rxCopies: 1 | 2;
}

/** Frames one tap_send callback reads before others get their turn (net/tap.c). */
export const TAP_BURST = 50;

export const QEMU_MONITOR: Monitor = {
  name: 'qemu',
  stages: { transmit: 'qemu: transmit', receive: 'qemu: receive', wait: 'wait: QEMU main loop' },
  costs: {
    iteration: 'qemu.mainLoop',
    eventfdRead: 'qemu.eventfdRead',
    virtqueue: 'qemu.virtqueue',
    block: 'qemu.block',
    registers: 'qemu.mmio',
  },
  bigLock: true,
  injection: 'KVM_SIGNAL_MSI',
  transport: 'pci',
  deferred: true,
  suppressesKicks: true,
  signal: 'per-request',
  publishesEach: true,
  tapBurst: TAP_BURST,
  edgeTriggered: false,
  takesAhead: false,
  rxCopies: 2,
};

const RUST_VMM = {
  stages: { transmit: 'monitor: transmit', receive: 'monitor: receive', wait: 'wait: event loop' },
  costs: {
    iteration: 'monitor.epollWait',
    eventfdRead: 'monitor.eventfdRead',
    virtqueue: 'monitor.virtqueue',
    block: 'monitor.block',
    registers: 'monitor.mmio',
  },
  bigLock: false,
  injection: 'eventfd',
  deferred: false,
  suppressesKicks: false,
  signal: 'per-batch',
  tapBurst: Number.POSITIVE_INFINITY,
  rxCopies: 1,
} as const;

/** Receives straight into the guest's buffers since 1.10; before, `rxCopies` was 2. */
export const FIRECRACKER_MONITOR: Monitor = {
  ...RUST_VMM,
  name: 'firecracker',
  transport: 'mmio',
  publishesEach: false,
  edgeTriggered: true,
  takesAhead: true,
};

/** A thread of its own for each queue pair. */
export const CLOUD_HYPERVISOR_MONITOR: Monitor = {
  ...RUST_VMM,
  name: 'cloud-hypervisor',
  transport: 'pci',
  publishesEach: true,
  edgeTriggered: false,
  takesAhead: false,
};

export const MONITORS: Readonly<Record<Monitor['name'], Monitor>> = {
  qemu: QEMU_MONITOR,
  firecracker: FIRECRACKER_MONITOR,
  'cloud-hypervisor': CLOUD_HYPERVISOR_MONITOR,
};
