/** A guest boots: its kernel scans the PCI bus and binds a driver to each function that one of its modules takes. */
import type { Accesses, Found, PciBus } from '../hardware/pci/pci-bus.ts';
import type { Region } from '../hardware/pci/pci-function.ts';
import { VIRTIO_ID_NET, virtioIdOf } from '../virtio/pci-transport.ts';
import { hasSince } from './kernel-release.ts';
import { driverFor, identityText, VIRTIO_MMIO_MODULE, VIRTIO_NET_MODULE } from './pci-drivers.ts';
import { dpdkVirtioNet, PMD_MODULE } from './polling/pmd-features.ts';
import { probeVirtioMmio } from './virtio-mmio.ts';
import { VIRTIO_MODERN_SINCE } from './virtio-net-features.ts';
import { probeVirtioNet, type VirtioProbe } from './virtio-pci.ts';

export interface GuestSystem {
  /** Release of its Linux kernel, e.g. 6.1. */
  readonly kernel: string;
  /** Modules that it can load. */
  readonly drivers: readonly string[];
  /** Its virtio network devices belong to DPDK's driver, through vfio-pci, whatever the kernel knows of them. */
  readonly polls?: boolean;
}

/** What became of one function. */
export interface Binding {
  /** As lspci writes it: bus:slot.function; of a device without a bus its address. */
  readonly place: string;
  /** `vendor:device`, hexadecimal; virtio-mmio has none. */
  readonly id: string;
  /** The module that drives it; null: none does, for the reason given. */
  readonly driver: string | null;
  readonly reason: string;
  /** What a virtio device and its driver agreed on. */
  readonly virtio: VirtioProbe | null;
}

const bind = (bus: PciBus, found: Found, { kernel, drivers, polls = false }: GuestSystem): Binding => {
  const { slot, identity } = found;
  const here = { place: `00:${slot.toString(16).padStart(2, '0')}.0`, id: identityText(identity) };
  const unbound = (reason: string): Binding => ({ ...here, driver: null, reason, virtio: null });
  if (polls && virtioIdOf(identity) === VIRTIO_ID_NET) {
    const probe = probeVirtioNet(bus, found, VIRTIO_MODERN_SINCE, dpdkVirtioNet);
    if ('refusal' in probe) return unbound(probe.refusal);
    return { ...here, driver: PMD_MODULE, reason: '', virtio: probe };
  }
  const taken = driverFor(identity, kernel, drivers);
  if ('refusal' in taken) return unbound(taken.refusal);
  if (taken.module !== 'virtio_pci') return { ...here, driver: taken.module, reason: '', virtio: null };
  if (virtioIdOf(identity) !== VIRTIO_ID_NET) return unbound('it is a virtio device of another kind');
  if (!drivers.includes(VIRTIO_NET_MODULE)) return unbound(`the guest has no ${VIRTIO_NET_MODULE}`);
  const probe = probeVirtioNet(bus, found, kernel);
  if ('refusal' in probe) return unbound(probe.refusal);
  return { ...here, driver: VIRTIO_NET_MODULE, reason: '', virtio: probe };
};

/** @returns what became of each function in the order of the slots, and what it took. */
export const bindDrivers = (
  bus: PciBus,
  guest: GuestSystem,
): { readonly bindings: readonly Binding[]; readonly accesses: Accesses } => {
  const bindings = bus.enumerate().map((found) => bind(bus, found, guest));
  return { bindings, accesses: { ...bus.accesses } };
};

/** Where the first virtio-mmio device is, and how far the next (Firecracker; QEMU's microvm puts them elsewhere). */
const MMIO_START = 0xd000_0000;
const MMIO_SIZE = 0x1000;

/** Drivers of devices that are on no bus; `index` counts them. @param accesses what it took is added there. */
export const bindMmio = (
  region: Region,
  index: number,
  { kernel, drivers }: GuestSystem,
  accesses: Accesses,
): Binding => {
  const here = { place: `0x${(MMIO_START + index * MMIO_SIZE).toString(16)}`, id: 'virtio-mmio' };
  const unbound = (reason: string): Binding => ({ ...here, driver: null, reason, virtio: null });
  for (const module of [VIRTIO_MMIO_MODULE, VIRTIO_NET_MODULE]) {
    if (!drivers.includes(module)) return unbound(`the guest has no ${module}`);
  }
  if (!hasSince(kernel, VIRTIO_MODERN_SINCE)) {
    return unbound(`virtio_mmio of Linux ${kernel} does not know version 2`);
  }
  const probe = probeVirtioMmio(region, accesses, kernel);
  if ('refusal' in probe) return unbound(probe.refusal);
  return { ...here, driver: VIRTIO_NET_MODULE, reason: '', virtio: probe };
};
