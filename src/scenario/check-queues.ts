/** Whether a disk has the queues that its jobs and its iothreads ask for, and whether vCPUs can share them. */
import { type Mapping, mappedQueues } from '../datapaths/iothread-mapping.ts';
import type { Scenario } from './schema.ts';
import type { PathKey } from './text/mistake.ts';

type Report = (path: readonly PathKey[], message: string) => void;

interface Params {
  readonly monitor?: string;
  readonly transport?: string;
  readonly poll_queues?: number;
  readonly tunables?: {
    readonly 'num-queues'?: number;
    readonly num_queues?: number;
    readonly poll_queues?: number;
    readonly iommu_platform?: boolean;
    readonly 'iothread-vq-mapping'?: Mapping;
  };
}

/** Disks whose controller has one queue. */
const ONE_QUEUE = ['ide', 'ahci'];
/** Disks whose guest drivers may have poll queues. */
const POLLS = ['native', 'virtio-blk', 'virtio-scsi', 'nvme-passthrough'];
/** Disks with `iothread-vq-mapping`. */
const MAPPED = ['virtio-blk', 'virtio-scsi'];

const paramsOf = (scenario: Scenario, kind: string): Params => scenario.parameters[kind] as Params;

/** Queues that a disk has for a VM: at most one for each vCPU. */
const queuesOf = (scenario: Scenario, vm: string, kind: string): number => {
  const { monitor, tunables } = paramsOf(scenario, kind);
  const { vcpus } = scenario.vms[vm];
  const one = ONE_QUEUE.includes(kind) || monitor === 'firecracker';
  return one ? 1 : Math.min(vcpus, tunables?.['num-queues'] ?? tunables?.num_queues ?? vcpus);
};

/** Each queue of a virtio disk has an iothread, and each iothread queues that there are. */
const checkMapping = (scenario: Scenario, vm: string, kind: string, mistake: Report): void => {
  const { tunables } = paramsOf(scenario, kind);
  const queues = queuesOf(scenario, vm, kind);
  try {
    mappedQueues(tunables?.['iothread-vq-mapping'], (tunables?.poll_queues ?? 0) > 0 ? 2 * queues : queues);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    mistake(['parameters', kind, 'tunables', 'iothread-vq-mapping'], `${vm}: ${error.message}`);
  }
};

/** Queues that are polled on this datapath; undefined: it can have none. */
const pollQueuesOf = (scenario: Scenario, kind: string): number | undefined => {
  const { poll_queues, tunables } = paramsOf(scenario, kind);
  return POLLS.includes(kind) ? (poll_queues ?? tunables?.poll_queues ?? 0) : undefined;
};

/** Each vCPU has a poll queue or none has, and jobs that poll need one. */
const checkPolling = (scenario: Scenario, vm: string, kind: string, mistake: Report): void => {
  const queues = pollQueuesOf(scenario, kind);
  const { vcpus } = scenario.vms[vm];
  const shared = queuesOf(scenario, vm, kind) < vcpus;
  if (queues !== undefined && queues !== 0 && (queues !== vcpus || shared)) {
    const message = `is ${queues}, and ${vm} has ${vcpus} vCPUs: poll queues that vCPUs share, or beside queues that they share, are not modelled`;
    mistake(['parameters', kind], `poll_queues ${message}`);
  }
  for (const [name, workload] of Object.entries(scenario.workloads)) {
    if (workload.kind !== 'fio' || workload.vm !== vm || !workload.hipri || queues) continue;
    const remedy = queues === undefined ? 'which it does not have here' : `e.g. poll_queues: ${vcpus}`;
    mistake(['workloads', name, 'hipri'], `needs poll queues of ${kind}, ${remedy}`);
  }
};

/** What several vCPUs cannot do together here. */
const checkShared = (scenario: Scenario, vm: string, kind: string, mistake: Report): void => {
  const { vcpus, viommu } = scenario.vms[vm];
  const { transport, tunables } = paramsOf(scenario, kind);
  const queues = queuesOf(scenario, vm, kind);
  if (transport === 'mmio' && queues > 1) {
    const name = kind === 'virtio-blk' ? 'num-queues' : 'num_queues';
    const message = `one interrupt on MMIO for ${queues} queues is not modelled; set parameters.${kind}.tunables.${name}: 1`;
    mistake(['vms', vm, 'vcpus'], message);
  }
  const behind = viommu.device !== 'none' && (ONE_QUEUE.includes(kind) || tunables?.iommu_platform === true);
  if (behind && queues < vcpus) {
    const message = `vCPUs that share a queue of ${kind} behind an IOMMU that the guest sees are not modelled`;
    mistake(['vms', vm, 'viommu'], message);
  }
};

/** Jobs run on vCPUs that there are. */
export const checkPlaces = ({ workloads, vms }: Scenario, mistake: Report): void => {
  for (const [name, workload] of Object.entries(workloads)) {
    if (workload.kind !== 'fio' || !Object.hasOwn(vms, workload.vm)) continue;
    const { vcpus } = vms[workload.vm];
    const absent = workload.cpus_allowed?.find((cpu) => cpu >= vcpus);
    if (absent === undefined) continue;
    const message = `there is no vCPU ${absent}: ${workload.vm} has ${vcpus}, counted from 0`;
    mistake(['workloads', name, 'cpus_allowed'], message);
  }
};

export const checkQueues = (scenario: Scenario, vm: string, kind: string, mistake: Report): void => {
  checkPolling(scenario, vm, kind, mistake);
  checkShared(scenario, vm, kind, mistake);
  if (MAPPED.includes(kind)) checkMapping(scenario, vm, kind, mistake);
};
