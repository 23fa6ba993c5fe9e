/** The order of datapaths in every table and chart: bare metal, then from most to least emulation, then by name. */

const KNOWN: readonly string[] = [
  'native',
  'rtl8139',
  'e1000',
  'e1000e',
  'virtio-net',
  'vhost-net',
  'vhost-user',
  'vdpa',
  'sriov',
  'ide',
  'ahci',
  'nvme',
  'virtio-scsi',
  'virtio-blk',
  'vhost-scsi',
  'vhost-user-blk',
  'nvme-passthrough',
];

export const inDatapathOrder = (names: readonly string[]): string[] => {
  const rank = (name: string): number => (KNOWN.includes(name) ? KNOWN.indexOf(name) : KNOWN.length);
  return [...new Set(names)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
};
