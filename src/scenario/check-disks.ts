/** Whether each VM's datapath leads where its workloads want to go, and whether the disk is as its class has it. */
import { datapaths, diskDatapaths } from '../datapaths/index.ts';
import { checkPlaces, checkQueues } from './check-queues.ts';
import { checkSwiotlb } from './check-swiotlb.ts';
import { classOf, type DiskChoice, diskSettings, foreignKeys, keysOf } from './disk-schema.ts';
import { readIolog } from './iolog.ts';
import { longestIo } from './longest-io.ts';
import type { Profile } from './profile.ts';
import type { Scenario } from './schema.ts';
import type { PathKey } from './text/mistake.ts';
import { didYouMean } from './text/mistake.ts';
import { nearest } from './text/nearest.ts';
import { kindOf } from './vm-cards.ts';

type Report = (path: readonly PathKey[], message: string) => void;

const names = (list: readonly { readonly kind: string }[]): string[] => list.map(({ kind }) => kind);
const NETWORK = names(datapaths);
const DISK = names(diskDatapaths);

export const leadsToNetwork = (kind: string): boolean => NETWORK.includes(kind);

const kindsOf = (scenario: Scenario, vm: string): ReadonlySet<string> =>
  new Set(scenario.datapaths.map((datapath) => kindOf(scenario, vm, datapath)));

/** What workloads of `vm` need: a network, a disk, both, or nothing. */
const needs = ({ workloads }: Scenario, vm: string): { network: boolean; disk: boolean } => {
  const mine = Object.values(workloads).filter((workload) => workload.vm === vm);
  return {
    network: mine.some(({ kind }) => kind !== 'fio'),
    disk: mine.some(({ kind }) => kind === 'fio'),
  };
};

export const usesDisk = (scenario: Scenario, vm: string): boolean => needs(scenario, vm).disk;
export const usesNetwork = (scenario: Scenario, vm: string): boolean => needs(scenario, vm).network;

/** A log must be one. */
const checkLogs = ({ workloads }: Scenario, mistake: Report): void => {
  for (const [name, workload] of Object.entries(workloads)) {
    if (workload.kind !== 'fio' || workload.read_iolog === undefined) continue;
    const log = readIolog(workload.read_iolog);
    if ('message' in log)
      mistake(['workloads', name, 'read_iolog'], `line ${log.line} of the log: ${log.message}`);
  }
};

/** A job's part of the disk must hold one of its I/Os. */
const checkParts = ({ workloads }: Scenario, disk: DiskChoice, mistake: Report): void => {
  const { capacity } = diskSettings(disk);
  for (const [name, workload] of Object.entries(workloads)) {
    if (workload.kind !== 'fio') continue;
    if (workload.read_iolog !== undefined) {
      if (longestIo(workload) > capacity)
        mistake(['workloads', name, 'read_iolog'], `its longest I/O is longer than the disk, ${capacity} B`);
      continue;
    }
    const { bs, offset, size } = workload;
    const room = Math.min(size ?? capacity, capacity - offset);
    if (room >= bs) continue;
    const key = offset + bs > capacity ? 'offset' : size !== undefined && size < bs ? 'size' : 'bs';
    const message = `of the disk's ${capacity} B, ${Math.max(0, room)} B are left for its jobs, less than one I/O of ${bs} B`;
    mistake(['workloads', name, key], message);
  }
};

/** A request must fit into an empty ring; Linux would cut it (seg_max). */
const checkSegments = (scenario: Scenario, vm: string, kind: string, mistake: Report): void => {
  const { tunables } = scenario.parameters[kind] as { tunables?: { 'queue-size'?: number } };
  const size = tunables?.['queue-size'];
  if (size === undefined) return;
  for (const [name, workload] of Object.entries(scenario.workloads)) {
    if (workload.kind !== 'fio' || workload.vm !== vm) continue;
    const longest = longestIo(workload);
    const pieces = Math.ceil(longest / 4096) + 2;
    if (pieces <= size) continue;
    const message = `${longest} B take ${pieces} descriptors, and the ring of ${kind} has ${size}: Linux would cut such requests, which is not modelled`;
    mistake(['workloads', name, workload.read_iolog === undefined ? 'bs' : 'read_iolog'], message);
  }
};

export const checkDisks = (scenario: Scenario, { disk }: Profile, mistake: Report): void => {
  checkLogs(scenario, mistake);
  checkPlaces(scenario, mistake);
  checkParts(scenario, disk, mistake);
  for (const key of foreignKeys(disk)) {
    const near = nearest(key, keysOf(classOf(disk)));
    mistake(['host', 'disk', key], `a disk of class ${classOf(disk)} has no "${key}"${didYouMean(near)}`);
  }
  for (const [vm, settings] of Object.entries(scenario.vms)) {
    const at = settings.datapath === undefined ? ['datapaths'] : ['vms', vm, 'datapath'];
    const { network, disk: stores } = needs(scenario, vm);
    checkSwiotlb(scenario, vm, mistake);
    if (settings.vcpus > 1 && (network || !stores)) {
      mistake(['vms', vm, 'vcpus'], 'more than one vCPU is modelled for VMs with fio jobs alone');
    }
    for (const kind of kindsOf(scenario, vm)) {
      if (stores) checkSegments(scenario, vm, kind, mistake);
      if (stores) checkQueues(scenario, vm, kind, mistake);
      if (network && stores && !(NETWORK.includes(kind) && DISK.includes(kind))) {
        mistake(
          ['vms', vm],
          `its workloads need a network and a disk, and ${kind} leads to one of them; give each a VM of its own`,
        );
      } else if (network && !NETWORK.includes(kind)) {
        mistake(at, `${kind} leads to a disk, and ${vm} has workloads of the network: ${NETWORK.join(', ')}`);
      } else if (stores && !DISK.includes(kind)) {
        mistake(
          at,
          `${kind} leads to the network, and ${vm} has fio jobs, which need a disk: ${DISK.join(', ')}`,
        );
      }
    }
  }
};
