/** The guest's half of a virtio disk: one queue of its driver, the ring, and the memory that both sides look at. */
import { VirtioBlk } from '../models/guest/virtio-blk.ts';
import type { VirtioBlkParts } from '../models/guest/virtio-blk-parts.ts';
import type { RequestHeaders } from '../models/hardware/disk/block-io.ts';
import type { InterruptLine } from '../models/hardware/processor.ts';
import type { GuestIommu } from '../models/host/guest-iommu.ts';
import type { MainLoop } from '../models/host/main-loop.ts';
import type { VCpu } from '../models/host/vcpu.ts';
import { BlockQueue } from '../models/linux/block/block-queue.ts';
import type { BufferMappings } from '../models/linux/block/buffer-mappings.ts';
import { IoMappings } from '../models/linux/block/io-mappings.ts';
import type { Doorbell } from '../models/linux/net-device.ts';
import type { SpinLock } from '../models/linux/spin-lock.ts';
import type { BackendRules } from '../models/virtio/backend-rules.ts';
import { type RequestFormat, requestRule } from '../models/virtio/blk-request.ts';
import type { DeviceQueue } from '../models/virtio/device-queue.ts';
import { GuestMemory } from '../models/virtio/guest-memory.ts';
import { type Virtqueue, virtqueue } from '../models/virtio/virtqueue.ts';
import { buffersOf, guestDmaOf } from './qemu.ts';
import type { DiskTunables } from './virtio-disk-params.ts';
import type { Vm, World } from './world.ts';

/** Buffers of guest memory for each tag: header and the longest table. */
const BUFFERS_PER_TAG = 4;

export interface VirtioDiskQueue {
  readonly name: string;
  readonly format: RequestFormat;
  readonly tunables: DiskTunables;
  /** Behind an IOMMU that the guest sees (iommu_platform): QEMU's main loop, as far as the disk uses it; undefined: it is not. */
  readonly behind?: { readonly qemu: MainLoop | null } | undefined;
  /** The driver uses the DMA API (iommu_platform), as bounce buffers need it. */
  readonly platform?: boolean;
  /** A poll queue. */
  readonly polls?: boolean;
}

export class VirtioDisk {
  readonly vcpu: VCpu;
  readonly ring: Virtqueue;
  readonly headers: RequestHeaders = new Map();
  readonly format: RequestFormat;
  /** In front of the device; null: none. */
  readonly iommu: GuestIommu | null;
  /** Where the device finds the buffers of an I/O behind it. */
  readonly pages: IoMappings | undefined;
  private readonly buffers: BufferMappings | undefined;
  private readonly memory: GuestMemory;
  private readonly queue: VirtioDiskQueue;
  private readonly layer: Vm['disk'];
  private driver!: VirtioBlk;

  /** A queue of `vcpu`. */
  constructor(world: World, vm: Vm, vcpu: VCpu, queue: VirtioDiskQueue) {
    const { tunables, name, format } = queue;
    const size = tunables['queue-size'];
    this.queue = queue;
    this.layer = vm.disk;
    this.format = format;
    this.vcpu = vcpu;
    this.ring = virtqueue({ packed: tunables.packed, eventIdx: tunables.event_idx, inOrder: false }, size);
    const { behind } = queue;
    const dma = behind === undefined ? null : guestDmaOf(world, vm, this.vcpu, behind.qemu);
    this.iommu = dma?.iommu ?? null;
    this.pages = dma === null ? undefined : new IoMappings(dma.dma);
    const bounces = queue.platform && vm.swiotlb !== undefined;
    this.buffers = bounces ? buffersOf(world, vm, null) : this.pages;
    this.memory = new GuestMemory(size * BUFFERS_PER_TAG);
    world.books.invariants.add(`${vcpu.name} ${name}${queue.polls ? ' poll' : ''}`, () => this.ring.broken());
  }

  /** The device's side of the ring, as `rules` has it. */
  device(rules: BackendRules): DeviceQueue {
    return this.ring.device(this.memory, rules, requestRule(this.format));
  }

  /** Of the driver; it is there when the first interrupt comes. */
  readonly line = (): InterruptLine => this.driver.line;

  /** @param lines how a device without vectors interrupts. @param lock of a queue that vCPUs share. */
  attach(kick: Doorbell, lines?: VirtioBlkParts['lines'], lock?: SpinLock): BlockQueue {
    const { vcpu, ring, memory, headers, format } = this;
    const { name, tunables, polls = false } = this.queue;
    const parts = { virtqueue: ring, memory, headers, kick, name, mappings: this.buffers, lines, lock };
    this.driver = new VirtioBlk(vcpu, parts, { indirect: tunables.indirect_desc, format, polls });
    return new BlockQueue(vcpu, this.driver, { name, settings: this.layer, shared: lock !== undefined });
  }
}
