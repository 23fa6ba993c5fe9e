/**
 * QEMU's virtio-iommu (hw/virtio/virtio-iommu.c): a kick leads its main loop to the request queue, and it answers one request after
 * the other, telling whoever has a copy of the guest's mappings. It asks for each kick, and the requests' queue has no interrupt.
 * Translations are looked up in a tree each time: nothing is cached.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counters } from '../../accounting/counters.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { IommuDomain } from '../hardware/iommu-domain.ts';
import type { Access } from '../hardware/register-port.ts';
import { countError } from '../virtio/device-error.ts';
import { BROKEN, type DeviceQueue, EMPTY } from '../virtio/device-queue.ts';
import { type IommuRequest, type IommuRequests, WRITTEN } from '../virtio/iommu-request.ts';
import { GuestIommu } from './guest-iommu.ts';
import type { Kicked } from './kick.ts';
import type { MainLoop } from './main-loop.ts';
import { RingCosts } from './ring-costs.ts';

export interface VirtioIommuDevice {
  readonly vm: string;
  readonly queue: DeviceQueue;
  readonly requests: IommuRequests;
  readonly loop: MainLoop;
}

export class VirtioIommu extends GuestIommu {
  readonly kick: Kicked;
  private readonly device: VirtioIommuDevice;
  private readonly counters: Counters;
  private readonly ring: RingCosts;
  private readonly eventfdRead: Cost;
  private readonly virtqueue: Cost;
  private readonly request: Cost;
  private readonly lookup: Cost;

  constructor(books: Accounting, domain: IommuDomain, device: VirtioIommuDevice) {
    super(domain);
    const { costs, counters } = books;
    const { loop, queue } = device;
    this.device = device;
    this.counters = counters;
    this.ring = new RingCosts(books);
    this.eventfdRead = costs.cost('qemu.eventfdRead');
    this.virtqueue = costs.cost('qemu.virtqueue');
    this.request = costs.cost('qemu.viommuRequest');
    this.lookup = costs.cost('qemu.viommuLookup');
    const source = loop.source((cpu) => this.dispatched(cpu));
    this.kick = {
      get asleep() {
        return loop.asleep;
      },
      kick: () => void source.raise(),
    };
    queue.allowKicks();
  }

  /** virtio_iommu_handle_command. */
  private *dispatched(cpu: Context): Access {
    const { queue, requests, vm } = this.device;
    cpu.charge(this.eventfdRead);
    yield RUN;
    for (;;) {
      const head = queue.pop();
      if (head === EMPTY) return;
      this.ring.charge(cpu, queue);
      if (head === BROKEN) {
        countError(this.counters, vm, 'qemu virtio-iommu', queue.fault);
        return;
      }
      const { page, maps } = requests.get(queue.address[0]) as IommuRequest;
      cpu.charge(this.virtqueue);
      cpu.charge(this.request);
      yield RUN;
      for (const notifier of this.notifiers) yield* notifier.changed(cpu, page, maps);
      yield RUN;
      queue.push(head, WRITTEN);
      queue.flush();
    }
  }

  translate(cpu: Context): void {
    cpu.charge(this.lookup);
  }
}
