/** The hardware queues of a VM's disk, and which vCPUs share one. */
import type { VCpu } from '../models/host/vcpu.ts';
import type { BlockQueue } from '../models/linux/block/block-queue.ts';
import { SpinLock } from '../models/linux/spin-lock.ts';
import type { DiskCpu } from './disk-datapath.ts';
import type { Vm, World } from './world.ts';

/**
 * vCPUs by queue, neighbours together, the first queues with one more where it does not come out even (group_cpus_evenly); never
 * more queues than vCPUs.
 */
export const groupsOf = (vcpus: number, queues = vcpus): number[][] => {
  const count = Math.min(vcpus, queues);
  const least = Math.floor(vcpus / count);
  const larger = vcpus % count;
  let next = 0;
  return Array.from({ length: count }, (_, queue) =>
    Array.from({ length: least + (queue < larger ? 1 : 0) }, () => next++),
  );
};

/** Who submits to a queue. Its interrupts come to the first of them. */
export interface Submitters {
  readonly vcpus: readonly VCpu[];
  /** Of the queue, where they are several. */
  readonly lock: SpinLock | undefined;
  /** Of the queue, from 0. */
  readonly index: number;
}

export interface QueuePair {
  readonly queue: BlockQueue;
  readonly pollQueue?: BlockQueue | undefined;
}

/** @param queues of the device; one for each vCPU where not given. @param make builds a queue and its poll queue. */
export const diskCpus = (
  world: World,
  vm: Vm,
  queues: number | undefined,
  make: (submitters: Submitters) => QueuePair,
): DiskCpu[] =>
  groupsOf(vm.vcpus.length, queues).flatMap((group, index) => {
    const vcpus = group.map((i) => world.vcpu(vm, i));
    const shared = vcpus.length > 1;
    const lock = shared ? new SpinLock(world.books, `virtqueue q${index}`, vm.name) : undefined;
    if (shared) for (const vcpu of vcpus) vcpu.takeIpis();
    const pair = make({ vcpus, lock, index });
    return vcpus.map((vcpu) => ({ processor: vcpu, placed: vcpu.thread, ...pair }));
  });
