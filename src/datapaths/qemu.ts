/**
 * The monitor's process of a VM: QEMU's main loop thread, its big lock and the IOMMU that it shows the guest, or another
 * monitor's event loop.
 */
import { hasSince } from '../models/guest/kernel-release.ts';
import { DEFERS_SINCE, VirtioIommuDriver } from '../models/guest/virtio-iommu.ts';
import { BigLock, type Lock, NO_LOCK } from '../models/host/big-lock.ts';
import { EmulatedRegisters } from '../models/host/emulated-registers.ts';
import type { GuestIommu } from '../models/host/guest-iommu.ts';
import { IntelIommu } from '../models/host/intel-iommu.ts';
import { Kick } from '../models/host/kick.ts';
import { MainLoop } from '../models/host/main-loop.ts';
import { type Monitor, QEMU_MONITOR } from '../models/host/monitor.ts';
import { Tap } from '../models/host/tap.ts';
import type { VCpu } from '../models/host/vcpu.ts';
import { VirtioIommu } from '../models/host/virtio-iommu.ts';
import { BounceBuffers } from '../models/linux/block/bounce-buffers.ts';
import type { BufferMappings } from '../models/linux/block/buffer-mappings.ts';
import { IoMappings } from '../models/linux/block/io-mappings.ts';
import { DmaMapping } from '../models/linux/dma-mapping.ts';
import { EmulatedInvalidation } from '../models/linux/invalidation.ts';
import { QEMU } from '../models/virtio/backend-rules.ts';
import { GuestMemory } from '../models/virtio/guest-memory.ts';
import { type IommuRequests, iommuRequestRule } from '../models/virtio/iommu-request.ts';
import { virtqueue } from '../models/virtio/virtqueue.ts';
import type { Attachment } from './datapath.ts';
import { CURRENT_LINUX } from './guest-bus.ts';
import type { IntelIommuSettings, VirtioIommuSettings, Vm, World } from './world.ts';

export const qemuOf = (world: World, vm: Vm): MainLoop => monitorOf(world, vm, QEMU_MONITOR);

/** The thread of a monitor that serves the VM's device. @param number of the thread, where there are several. */
export const monitorOf = (world: World, vm: Vm, monitor: Monitor, number = ''): MainLoop => {
  const lock = monitor.bigLock ? new BigLock(world.books, vm.name) : NO_LOCK;
  const loop = new MainLoop(world.books, lock, monitor);
  world.hostThread(`${monitor.name}${number} ${vm.name}`, vm.backend, (cpu) => loop.program(cpu));
  return loop;
};

/** txqueuelen of a tap. */
export const TAP_QUEUE_LENGTH = 1000;

/** The tap of a VM. @param length its txqueuelen, frames. @param tso packets longer than a frame pass it in one piece. */
export const tapOf = ({ books, packets }: World, vm: Vm, length: number, tso = false): Tap =>
  new Tap(books, packets, `${vm.name} tap`, vm.name, length, tso);

/** Frames of a flow go from the host's NIC over the bridge to `tap`. */
export const routeTo =
  ({ hostNetwork, nic }: World, tap: Tap): Attachment['route'] =>
  (flow) => {
    hostNetwork.forward(flow, tap);
    nic.route(flow, hostNetwork.function);
  };

/** What a guest's driver maps its buffers with, and QEMU's side of it. */
export interface GuestDma {
  readonly iommu: GuestIommu;
  readonly dma: DmaMapping;
}

/**
 * Puts a device behind an IOMMU that the guest sees; null where the VM has none.
 * @param qemu the main loop of the VM's QEMU; null: the device itself gives it nothing to do.
 */
export const guestDmaOf = (world: World, vm: Vm, vcpu: VCpu, qemu: MainLoop | null): GuestDma | null => {
  const { viommu } = vm;
  if (viommu === undefined) return null;
  return viommu.device === 'virtio-iommu'
    ? behindVirtioIommu(world, vm, vcpu, qemu ?? qemuOf(world, vm), viommu)
    : behindIntelIommu(world, vcpu, qemu?.lock ?? new BigLock(world.books, vm.name), viommu);
};

const behindIntelIommu = (
  { books, iommu: host }: World,
  vcpu: VCpu,
  lock: Lock,
  { cachingMode, strict }: IntelIommuSettings,
): GuestDma => {
  const iommu = new IntelIommu(books, host.domain('4 KiB'));
  const registers = new EmulatedRegisters(books, vcpu, iommu, lock);
  const invalidation = new EmulatedInvalidation(iommu.queue, registers, cachingMode);
  // Linux: "IOMMU batching disallowed due to virtualization".
  const mode = cachingMode || strict ? 'strict' : 'lazy';
  return { iommu, dma: new DmaMapping(vcpu, mode, { domain: iommu.domain, invalidation }) };
};

/** Entries of the request queue (VIOMMU_DEFAULT_QUEUE_SIZE). */
const REQUEST_QUEUE = 256;

const behindVirtioIommu = (
  { books, machine, iommu: host }: World,
  { name, guest = CURRENT_LINUX }: Vm,
  vcpu: VCpu,
  loop: MainLoop,
  { strict }: VirtioIommuSettings,
): GuestDma => {
  const ring = virtqueue({ packed: false, eventIdx: true, inOrder: false }, REQUEST_QUEUE);
  const memory = new GuestMemory(REQUEST_QUEUE);
  const requests: IommuRequests = new Map();
  const queue = ring.device(memory, QEMU, iommuRequestRule);
  const iommu = new VirtioIommu(books, host.domain('4 KiB'), { vm: name, queue, requests, loop });
  books.invariants.add(`${name} virtio-iommu`, () => ring.broken());
  const kick = new Kick(books, vcpu, 'iommu', iommu.kick, machine.fastMmio);
  const invalidation = new VirtioIommuDriver(vcpu, { virtqueue: ring, memory, requests, kick });
  const mode = strict || !hasSince(guest.kernel, DEFERS_SINCE) ? 'strict' : 'lazy';
  return { iommu, dma: new DmaMapping(vcpu, mode, { domain: iommu.domain, invalidation }) };
};

/** What the driver of a disk in `vm` does with the buffers of its I/Os; undefined: nothing. */
export const buffersOf = (world: World, vm: Vm, behind: GuestDma | null): BufferMappings | undefined => {
  if (vm.swiotlb !== undefined) return new BounceBuffers(world.books, world.bouncePool(vm.name, vm.swiotlb));
  return behind === null ? undefined : new IoMappings(behind.dma);
};
