/** All datapaths to the network. The YAML schema, `vmio list datapaths`, the docs table and the contract suite follow from this list. */
import { ahci } from './ahci/index.ts';
import type { Datapath } from './datapath.ts';
import type { DiskDatapath } from './disk-datapath.ts';
import { e1000 } from './e1000/index.ts';
import { e1000e } from './e1000e/index.ts';
import { ide } from './ide/index.ts';
import { nativeDisk } from './native/disk.ts';
import { native } from './native/index.ts';
import { nvme } from './nvme/index.ts';
import { nvmePassthrough } from './nvme-passthrough/index.ts';
import { rtl8139 } from './rtl8139/index.ts';
import { sriov } from './sriov/index.ts';
import { vdpa } from './vdpa/index.ts';
import { vhostNet } from './vhost-net/index.ts';
import { vhostScsi } from './vhost-scsi/index.ts';
import { vhostUser } from './vhost-user/index.ts';
import { vhostUserBlk } from './vhost-user-blk/index.ts';
import { virtioBlk } from './virtio-blk/index.ts';
import { virtioNet } from './virtio-net/index.ts';
import { virtioScsi } from './virtio-scsi/index.ts';

export const datapaths = [
  native,
  rtl8139,
  e1000,
  e1000e,
  virtioNet,
  vhostNet,
  vhostUser,
  vdpa,
  sriov,
] as unknown as readonly Datapath[];

/** All datapaths to a disk. Bare metal is in both lists. */
export const diskDatapaths = [
  nativeDisk,
  ide,
  ahci,
  nvme,
  virtioBlk,
  virtioScsi,
  vhostScsi,
  vhostUserBlk,
  nvmePassthrough,
] as unknown as readonly DiskDatapath[];

/** Each kind once, to whatever it leads. */
export const kinds: readonly Pick<Datapath, 'kind' | 'summary' | 'params'>[] = [
  ...datapaths,
  ...diskDatapaths.filter(({ kind }) => !datapaths.some((other) => other.kind === kind)),
];

/** @throws RangeError for a kind that is not registered; scenarios are checked before. */
export const datapathOf = (kind: string): Datapath => {
  const datapath = datapaths.find((candidate) => candidate.kind === kind);
  if (datapath === undefined) throw new RangeError(`no datapath "${kind}"`);
  return datapath;
};

export const diskDatapathOf = (kind: string): DiskDatapath => {
  const datapath = diskDatapaths.find((candidate) => candidate.kind === kind);
  if (datapath === undefined) throw new RangeError(`no datapath "${kind}" to a disk`);
  return datapath;
};
