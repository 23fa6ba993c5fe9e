/** The guest's half of a virtio network device: it boots with the device, and what they negotiate decides how they talk. */
import type { z } from 'zod';
import { PollLoop } from '../models/guest/polling/poll-loop.ts';
import { VirtioPmd } from '../models/guest/polling/virtio-pmd.ts';
import { VirtioNet } from '../models/guest/virtio-net.ts';
import { VringDma } from '../models/guest/vring-dma.ts';
import type { VirtioBackend } from '../models/host/backend-features.ts';
import type { Injection } from '../models/host/interrupt-path.ts';
import { Kick, type Kicked } from '../models/host/kick.ts';
import type { MainLoop } from '../models/host/main-loop.ts';
import { type Monitor, QEMU_MONITOR } from '../models/host/monitor.ts';
import type { VCpu } from '../models/host/vcpu.ts';
import type { Doorbell } from '../models/linux/net-device.ts';
import type { BackendRules } from '../models/virtio/backend-rules.ts';
import type { DeviceQueue } from '../models/virtio/device-queue.ts';
import { GuestMemory } from '../models/virtio/guest-memory.ts';
import { receiveBuffer, transmitBufferOf } from '../models/virtio/net-buffer.ts';
import { type Virtqueue, virtqueue } from '../models/virtio/virtqueue.ts';
import type { Attachment } from './datapath.ts';
import { CURRENT_LINUX } from './guest-bus.ts';
import { type GuestDma, guestDmaOf, monitorOf } from './qemu.ts';
import { type VirtioInterrupts, virtioInterrupts } from './virtio-interrupts.ts';
import { type VirtioLink, virtioLink } from './virtio-link.ts';
import { driverOptions, type Transport, type virtioShape } from './virtio-params.ts';
import type { Vm, World } from './world.ts';

/** Buffers that a guest may hold at once: two rings of the largest size and what is on its way. */
const BUFFERS = 4096;

type VirtioAttachment = Omit<Attachment, 'route' | 'device'> & { readonly device: VirtioNet | VirtioPmd };

/** DPDK's memory in huge pages of 2 MiB, which vfio-pci in the guest maps once (rte_vfio_dma_map). */
const HUGE_PAGE_SHIFT = 21;

/** The VM with what its guest makes of virtio devices where `params` say who drives them. */
export const driven = (vm: Vm, { guestDriver }: Pick<z.output<typeof virtioShape>, 'guestDriver'>): Vm =>
  guestDriver === 'pmd' ? { ...vm, guest: { ...(vm.guest ?? CURRENT_LINUX), polls: true } } : vm;

export class VirtioGuest {
  readonly vcpu: VCpu;
  readonly memory = new GuestMemory(BUFFERS);
  readonly tx: Virtqueue;
  readonly rx: Virtqueue;
  readonly link: VirtioLink;
  /** Behind an IOMMU that the guest sees; null: the device has the guest's own addresses. */
  readonly behind: GuestDma | null;
  private readonly world: World;
  private readonly vm: Vm;
  private readonly params: z.output<typeof virtioShape>;
  private readonly monitor: Monitor;
  private monitorLoop: MainLoop | null = null;
  private device!: VirtioNet | VirtioPmd;
  private vectors: VirtioInterrupts['vectors'] = {};

  /** @throws RangeError when the guest has no driver for the device. */
  constructor(
    world: World,
    vm: Vm,
    params: z.output<typeof virtioShape>,
    backend: VirtioBackend,
    {
      transport = 'pci',
      monitor = QEMU_MONITOR,
    }: { transport?: Transport | undefined; monitor?: Monitor } = {},
  ) {
    const { tunables } = params;
    this.world = world;
    this.vm = vm;
    this.params = params;
    this.monitor = monitor;
    this.link = virtioLink(driven(vm, params), tunables, backend, transport);
    this.vcpu = world.vcpu(vm);
    this.tx = virtqueue(this.link.format, tunables.tx_queue_size);
    this.rx = virtqueue(this.link.format, tunables.rx_queue_size);
    world.books.invariants.add(`${vm.name} virtio-net tx`, () => this.tx.broken());
    world.books.invariants.add(`${vm.name} virtio-net rx`, () => this.rx.broken());
    this.behind =
      this.link.accessPlatform && vm.viommu !== undefined
        ? guestDmaOf(world, vm, this.vcpu, this.loop)
        : null;
  }

  /** The monitor's event loop, which not every device has work for. */
  get loop(): MainLoop {
    this.monitorLoop ??= monitorOf(this.world, this.vm, this.monitor);
    return this.monitorLoop;
  }

  /** The device's side of both rings, as `rules` has it. */
  queues(rules: BackendRules): { readonly tx: DeviceQueue; readonly rx: DeviceQueue } {
    const { memory, tx, rx, link } = this;
    return {
      tx: tx.device(memory, rules, transmitBufferOf(link.header)),
      rx: rx.device(memory, rules, receiveBuffer),
    };
  }

  /**
   * How the device interrupts the guest, by what was negotiated.
   * @param how the backend reaches an MSI-X vector.
   */
  interrupts(how: Injection): Omit<VirtioInterrupts, 'vectors'> {
    const { vectors, ...interrupts } = virtioInterrupts(this.world, this.link, {
      vcpu: this.vcpu,
      how,
      loop: () => this.loop,
      driver: () => this.device,
    });
    this.vectors = vectors;
    return interrupts;
  }

  /** A notify address whose exit KVM turns into an eventfd signal. */
  kick(queue: 'tx' | 'rx', backend: Kicked): Kick {
    const { books, machine } = this.world;
    // Over MMIO the value that is written says which queue is meant: KVM must decode the instruction to match it.
    const byAddress = machine.fastMmio && this.link.vectors !== 'mmio';
    return new Kick(books, this.vcpu, queue, backend, byAddress, this.link.notifySpace);
  }

  /** The driver, which finds the device as it is now. @returns what a datapath's attachment says of the VM. */
  attach(kickTx: Doorbell, kickRx: Doorbell): VirtioAttachment {
    const { vcpu, memory, tx, rx, vectors, link, behind } = this;
    const { packets, books } = this.world;
    const virtqueues = { tx: { queue: tx, doorbell: kickTx }, rx: { queue: rx, doorbell: kickRx } };
    const parts = { tx, rx, memory, packets, kickTx, kickRx };
    if (this.params.guestDriver === 'pmd') {
      if (behind !== null) this.mapOnce(behind);
      const port = new VirtioPmd(vcpu, parts, link);
      this.device = port;
      const loop = new PollLoop(vcpu, vcpu.thread, packets, port);
      return { processor: vcpu, device: port, loop, virtqueues };
    }
    const stackRx = books.costs.cost('stack.rx');
    const dma = behind === null ? undefined : new VringDma(behind.dma, memory);
    const driver = new VirtioNet(
      vcpu,
      { ...parts, stackRx, dma, ...vectors },
      driverOptions(this.params, link),
    );
    this.device = driver;
    return { processor: vcpu, device: driver, virtqueues };
  }

  private mapOnce({ iommu: { domain } }: GuestDma): void {
    const pages = this.memory.mapAsItLies(HUGE_PAGE_SHIFT);
    for (let page = 0; page < pages; page++) domain.map(page);
  }
}
