/** A virtio disk that a monitor serves itself, virtio-blk or virtio-scsi: a queue for each vCPU. */
import { z } from 'zod';
import { BlockScheduler } from '../models/host/block-scheduler.ts';
import { EmulatedKick } from '../models/host/emulated-kick.ts';
import { AIO_ENGINES } from '../models/host/host-block.ts';
import { Kick } from '../models/host/kick.ts';
import { MainLoop } from '../models/host/main-loop.ts';
import { doorbellOfEach } from '../models/host/per-vcpu.ts';
import { SharedLock } from '../models/host/shared-lock.ts';
import { UserspaceVirtioBlk } from '../models/host/userspace-virtio-blk.ts';
import type { VCpu } from '../models/host/vcpu.ts';
import type { BlockQueue } from '../models/linux/block/block-queue.ts';
import { backendRules } from '../models/virtio/backend-rules.ts';
import type { RequestFormat } from '../models/virtio/blk-request.ts';
import type { DiskAttachment } from './disk-datapath.ts';
import { diskInterrupt } from './disk-interrupt.ts';
import { type DiskMonitor, offeredBy } from './disk-monitor.ts';
import { diskCpus, type Submitters } from './disk-queues.ts';
import { diskServers } from './disk-server.ts';
import { mapping } from './iothread-mapping.ts';
import { schedulerOf, schedulerSchema } from './scheduler-schema.ts';
import { VirtioDisk } from './virtio-disk.ts';
import { diskTunableShape, pollQueues, requestQueues } from './virtio-disk-params.ts';
import type { Vm, World } from './world.ts';

const IN_IOTHREAD = { work: 'iothread: submit', complete: 'iothread: complete', wait: 'wait: iothread' };
const IN_MONITOR = {
  work: 'monitor: submit',
  complete: 'monitor: complete',
  wait: 'wait: event loop',
};
const IN_MAIN_LOOP = { work: 'qemu: submit', complete: 'qemu: complete', wait: 'wait: QEMU main loop' };

const unsigned = z.int().min(0).max(1e9);

export const qemuDiskTunables = {
  ...diskTunableShape,
  iommu_platform: z
    .boolean()
    .describe('QEMU: VIRTIO_F_ACCESS_PLATFORM, behind the VM’s viommu where it has one')
    .default(false),
  'iothread-vq-mapping': mapping.optional(),
  poll_queues: pollQueues('virtio_blk'),
  'poll-max-ns': unsigned.describe('QEMU iothread: longest look before it blocks, ns').default(32_768),
  'poll-grow': unsigned.describe('QEMU iothread: factor by which the look grows; 0: 2').default(0),
  'poll-shrink': unsigned.describe('QEMU iothread: divisor by which it shrinks; 0: to nothing').default(0),
};

export const qemuDiskShape = {
  iothread: z.boolean().describe('QEMU: the device has an iothread; false: its main loop').default(true),
  aio: z.enum(AIO_ENGINES).describe('QEMU: how it asks the host for I/O').default('native'),
  ioeventfd: z
    .boolean()
    .describe('QEMU: false makes each kick an exit to QEMU in the vCPU thread')
    .default(true),
  scheduler: schedulerSchema.optional(),
  batching: z
    .boolean()
    .describe('teaching: false serves one request in each turn of the loop, and completes it by itself')
    .default(true),
  sharedLock: z
    .boolean()
    .describe('teaching: each request takes a lock that all queues share (cost qemu.locked)')
    .default(false),
};

const shape = z.strictObject({
  ...qemuDiskShape,
  tunables: z.strictObject({
    ...qemuDiskTunables,
    'num-queues': requestQueues.optional(),
    num_queues: requestQueues.optional(),
  }),
});
type UserspaceDisk = z.output<typeof shape>;

/** What QEMU would refuse. */
export const checkQemuDisk = (
  { iothread, ioeventfd, tunables }: Pick<UserspaceDisk, 'iothread' | 'ioeventfd' | 'tunables'>,
  context: z.core.$RefinementCtx,
): void => {
  const refuse = (path: string[], message: string): void =>
    context.addIssue({ code: 'custom', path, message });
  if (iothread && !ioeventfd) {
    refuse(['ioeventfd'], 'must be true with an iothread, which is kicked by nothing else (QEMU refuses it)');
  }
  if (!iothread && tunables['iothread-vq-mapping'] !== undefined) {
    refuse(['tunables', 'iothread-vq-mapping'], 'needs iothread: true');
  }
};

interface Device {
  readonly name: string;
  readonly format: RequestFormat;
  /** Property `request-merging`, which virtio-scsi does not have. */
  readonly merging: boolean;
  readonly monitor: DiskMonitor;
}

const stagesOf = ({ policy }: DiskMonitor, iothread: boolean) =>
  policy.name !== 'qemu' ? IN_MONITOR : iothread ? IN_IOTHREAD : IN_MAIN_LOOP;

/** Request queues; one for each vCPU where not given. Firecracker's devices have one. */
const queuesOf = ({ policy }: DiskMonitor, { tunables }: UserspaceDisk): number | undefined =>
  policy.name === 'firecracker' ? 1 : (tunables['num-queues'] ?? tunables.num_queues);

export const buildUserspaceDisk = (
  world: World,
  vm: Vm,
  options: UserspaceDisk,
  { name, format, merging, monitor }: Device,
): DiskAttachment => {
  const { sim, books, hostDisk } = world;
  const { batching } = options;
  const { policy, signal } = monitor;
  const qemu = policy.name === 'qemu';
  const iothread = qemu && options.iothread;
  const tunables = offeredBy(monitor, options.tunables);
  const shared = options.sharedLock ? new SharedLock(sim, books, vm.name) : undefined;
  if (shared !== undefined) world.others.push(shared);
  const count = Math.min(vm.vcpus.length, queuesOf(monitor, options) ?? vm.vcpus.length);
  const polled = (tunables.poll_queues ?? 0) > 0;
  const scheduler = options.scheduler && new BlockScheduler(sim, books, schedulerOf(options.scheduler));
  const servers = diskServers(world, vm, monitor, options, polled ? 2 * count : count);
  /** Queue `index` of the device. */
  const queueOf = ({ vcpus, lock: queueLock }: Submitters, index: number, polls: boolean): BlockQueue => {
    const [vcpu] = vcpus;
    const { loop, engine } = servers[index];
    const platform = tunables.iommu_platform;
    const mainLoop = loop instanceof MainLoop ? loop : null;
    const behind = platform && vm.viommu !== undefined ? { qemu: mainLoop } : undefined;
    const disk = new VirtioDisk(world, vm, vcpu, { name, format, tunables, behind, platform, polls });
    const { iommu, pages } = disk;
    const { interrupt, lines } = diskInterrupt(world, vm, disk, { name, monitor, iothread, loop });
    const backend = new UserspaceVirtioBlk(sim, books, {
      vm: vm.name,
      name,
      queue: disk.device(backendRules[policy.name]),
      headers: disk.headers,
      format,
      loop,
      monitor: policy,
      disk: hostDisk,
      interrupt,
      engine,
      signal,
      merging: qemu && merging,
      batching,
      translate:
        iommu === null || pages === undefined
          ? undefined
          : (cpu, io) => {
              for (const page of pages.of(io)) iommu.translate(cpu, page);
            },
      scheduler,
      shared,
      stages: stagesOf(monitor, iothread),
    });
    disk.ring.pollOffered(() => loop.notice());
    const queue = `q${index}`;
    // Over MMIO the value that is written says which queue is meant: KVM must decode the instruction to match it.
    const byAddress = world.machine.fastMmio && monitor.transport !== 'mmio';
    const kick = (each: VCpu) =>
      mainLoop !== null && !options.ioeventfd
        ? new EmulatedKick(books, each, queue, backend.kick, mainLoop.lock)
        : new Kick(books, each, queue, backend.kick, byAddress);
    return disk.attach(doorbellOfEach(vcpus, kick), lines, queueLock);
  };
  const cpus = diskCpus(world, vm, count, (submitters) => ({
    queue: queueOf(submitters, submitters.index, false),
    pollQueue: polled ? queueOf(submitters, count + submitters.index, true) : undefined,
  }));
  return { cpus, capacity: hostDisk.port.disk.capacity };
};
