/** The guest's half of a virtio network device: vCPU, memory, rings, and Linux's driver above them. */
import type { z } from 'zod';
import { VirtioNet } from '../models/guest/virtio-net.ts';
import { Kick, type Kicked } from '../models/host/kick.ts';
import type { VCpu } from '../models/host/vcpu.ts';
import type { Doorbell } from '../models/linux/net-device.ts';
import type { BackendRules } from '../models/virtio/backend-rules.ts';
import type { DeviceQueue } from '../models/virtio/device-queue.ts';
import { GuestMemory } from '../models/virtio/guest-memory.ts';
import { receiveBuffer, transmitBuffer } from '../models/virtio/net-buffer.ts';
import { type Virtqueue, virtqueue } from '../models/virtio/virtqueue.ts';
import { driverOptions, ringFormat, type virtioShape } from './virtio-params.ts';
import type { Vm, World } from './world.ts';

/** Buffers that a guest may hold at once: two rings of the largest size and what is on its way. */
const BUFFERS = 4096;

export class VirtioGuest {
  readonly vcpu: VCpu;
  readonly memory = new GuestMemory(BUFFERS);
  readonly tx: Virtqueue;
  readonly rx: Virtqueue;
  private readonly world: World;
  private readonly params: z.output<typeof virtioShape>;

  constructor(world: World, vm: Vm, params: z.output<typeof virtioShape>) {
    const format = ringFormat(params);
    this.world = world;
    this.params = params;
    this.vcpu = world.vcpu(vm);
    this.tx = virtqueue(format, params.tunables.tx_queue_size);
    this.rx = virtqueue(format, params.tunables.rx_queue_size);
  }

  /** The device's side of both rings, as `rules` has it. */
  queues(rules: BackendRules): { readonly tx: DeviceQueue; readonly rx: DeviceQueue } {
    const { memory, tx, rx } = this;
    return { tx: tx.device(memory, rules, transmitBuffer), rx: rx.device(memory, rules, receiveBuffer) };
  }

  /** A notify address whose exit KVM turns into an eventfd signal. */
  kick(queue: 'tx' | 'rx', backend: Kicked): Kick {
    return new Kick(this.world.books, this.vcpu, queue, backend, this.world.machine.fastMmio);
  }

  /** Linux's driver, which finds the device as it is now. */
  driver(kickTx: Doorbell, kickRx: Doorbell): VirtioNet {
    const { vcpu, memory, tx, rx } = this;
    const { packets, books } = this.world;
    const stackRx = books.costs.cost('stack.rx');
    return new VirtioNet(
      vcpu,
      { tx, rx, memory, packets, kickTx, kickRx, stackRx },
      driverOptions(this.params),
    );
  }
}
