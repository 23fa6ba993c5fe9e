/** Network drivers of a Linux guest: which PCI functions each takes (its id table), by module name. */
import type { Identity } from '../hardware/pci/pci-function.ts';
import type { Refusal } from '../virtio/negotiation.ts';
import { virtioIdOf } from '../virtio/pci-transport.ts';
import { hasSince, type KernelRelease } from './kernel-release.ts';
import { VIRTIO_PCI_SINCE } from './virtio-net-features.ts';

interface PciDriver {
  readonly module: string;
  readonly since: KernelRelease;
  readonly takes: (identity: Identity) => boolean;
}

const INTEL = 0x8086;
const REALTEK = 0x10ec;
/** From this revision on an RTL8139 is a C+, which 8139cp takes and 8139too leaves. */
const RTL8139_CPLUS = 0x20;

const ids =
  (vendor: number, ...devices: readonly number[]) =>
  (identity: Identity): boolean =>
    identity.vendor === vendor && devices.includes(identity.device);
const rtl8139 = ids(REALTEK, 0x8139);

/** Id tables, as far as virtual machines meet their devices; releases from the kernel's history. */
const DRIVERS: readonly PciDriver[] = [
  { module: 'virtio_pci', since: VIRTIO_PCI_SINCE, takes: (identity) => virtioIdOf(identity) !== null },
  { module: 'e1000', since: '2.6.0', takes: ids(INTEL, 0x100e, 0x100f, 0x1004) },
  { module: 'e1000e', since: '2.6.24', takes: ids(INTEL, 0x10d3) },
  { module: '8139cp', since: '2.6.0', takes: (card) => rtl8139(card) && card.revision >= RTL8139_CPLUS },
  { module: '8139too', since: '2.6.0', takes: (card) => rtl8139(card) && card.revision < RTL8139_CPLUS },
  { module: 'igbvf', since: '2.6.30', takes: ids(INTEL, 0x10ca, 0x1520) },
  { module: 'ixgbevf', since: '2.6.34', takes: ids(INTEL, 0x10ed, 0x1515) },
  { module: 'iavf', since: '3.14', takes: ids(INTEL, 0x154c, 0x1889) },
];

/** Drivers of the virtio bus: they bind to what virtio_pci found. */
export const VIRTIO_NET_MODULE = 'virtio_net';
/** The driver of the MMIO transport. */
export const VIRTIO_MMIO_MODULE = 'virtio_mmio';
export const MODULES: readonly string[] = [
  ...DRIVERS.map(({ module }) => module),
  VIRTIO_MMIO_MODULE,
  VIRTIO_NET_MODULE,
];

export const identityText = ({ vendor, device }: Identity): string =>
  [vendor, device].map((id) => id.toString(16).padStart(4, '0')).join(':');

/** The module that takes this function in a guest with these modules; else why none does. */
export const driverFor = (
  identity: Identity,
  release: string,
  modules: readonly string[],
): { readonly module: string } | Refusal => {
  const driver = DRIVERS.find(({ takes }) => takes(identity));
  if (driver === undefined) return { refusal: 'Linux has no driver for it' };
  const { module, since } = driver;
  if (!modules.includes(module)) return { refusal: `the guest has no ${module}` };
  if (!hasSince(release, since)) return { refusal: `${module} is not in Linux ${release}` };
  return { module };
};
