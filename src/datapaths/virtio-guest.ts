/** The guest's half of a virtio network device: it boots with the device, and what they negotiate decides how they talk. */
import type { z } from 'zod';
import { VirtioNet } from '../models/guest/virtio-net.ts';
import type { VirtioBackend } from '../models/host/backend-features.ts';
import type { Injection } from '../models/host/interrupt-path.ts';
import { Kick, type Kicked } from '../models/host/kick.ts';
import type { MainLoop } from '../models/host/main-loop.ts';
import type { VCpu } from '../models/host/vcpu.ts';
import type { Doorbell } from '../models/linux/net-device.ts';
import type { BackendRules } from '../models/virtio/backend-rules.ts';
import type { DeviceQueue } from '../models/virtio/device-queue.ts';
import { GuestMemory } from '../models/virtio/guest-memory.ts';
import { receiveBuffer, transmitBufferOf } from '../models/virtio/net-buffer.ts';
import { type Virtqueue, virtqueue } from '../models/virtio/virtqueue.ts';
import type { Attachment } from './datapath.ts';
import { qemuOf } from './qemu.ts';
import { type VirtioInterrupts, virtioInterrupts } from './virtio-interrupts.ts';
import { type VirtioLink, virtioLink } from './virtio-link.ts';
import { driverOptions, type Transport, type virtioShape } from './virtio-params.ts';
import type { Vm, World } from './world.ts';

/** Buffers that a guest may hold at once: two rings of the largest size and what is on its way. */
const BUFFERS = 4096;

export class VirtioGuest {
  readonly vcpu: VCpu;
  readonly memory = new GuestMemory(BUFFERS);
  readonly tx: Virtqueue;
  readonly rx: Virtqueue;
  readonly link: VirtioLink;
  private readonly world: World;
  private readonly vm: Vm;
  private readonly params: z.output<typeof virtioShape>;
  private device!: VirtioNet;
  private vectors: VirtioInterrupts['vectors'] = {};

  /** @throws RangeError when the guest has no driver for the device. */
  constructor(
    world: World,
    vm: Vm,
    params: z.output<typeof virtioShape>,
    backend: VirtioBackend,
    transport: Transport = 'pci',
  ) {
    const { tunables } = params;
    this.world = world;
    this.vm = vm;
    this.params = params;
    this.link = virtioLink(vm, tunables, backend, transport);
    this.vcpu = world.vcpu(vm);
    this.tx = virtqueue(this.link.format, tunables.tx_queue_size);
    this.rx = virtqueue(this.link.format, tunables.rx_queue_size);
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
   * @param how the backend reaches an MSI-X vector. @param loop QEMU's, where there is one already.
   */
  interrupts(how: Injection, loop?: MainLoop): Omit<VirtioInterrupts, 'vectors'> {
    const { vectors, ...interrupts } = virtioInterrupts(this.world, this.link, {
      vcpu: this.vcpu,
      how,
      loop: () => loop ?? qemuOf(this.world, this.vm),
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

  /** Linux's driver, which finds the device as it is now. @returns what a datapath's attachment says of the VM. */
  attach(kickTx: Doorbell, kickRx: Doorbell): Omit<Attachment, 'route' | 'device'> & { device: VirtioNet } {
    const { vcpu, memory, tx, rx, vectors, link } = this;
    const { packets, books } = this.world;
    const stackRx = books.costs.cost('stack.rx');
    const parts = { tx, rx, memory, packets, kickTx, kickRx, stackRx, ...vectors };
    this.device = new VirtioNet(vcpu, parts, driverOptions(this.params, link));
    const virtqueues = { tx: { queue: tx, doorbell: kickTx }, rx: { queue: rx, doorbell: kickRx } };
    return { processor: vcpu, device: this.device, virtqueues };
  }
}
