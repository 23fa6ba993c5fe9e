/**
 * start_xmit of virtio_net behind an IOMMU that the guest sees: each packet is mapped before it is added to the ring, and
 * what is found used is unmapped. Bottom halves are off, so that nobody else transmits in between.
 */
import type { Stage } from '../../accounting/stages.ts';
import { type Context, RUN } from '../hardware/context.ts';
import { BH_OFF } from '../hardware/mode.ts';
import { PacketQueue } from '../hardware/packet-queue.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Processor } from '../hardware/processor.ts';
import type { Access } from '../hardware/register-port.ts';
import type { Doorbell } from '../linux/net-device.ts';
import type { GuestMemory } from '../virtio/guest-memory.ts';
import type { VringDma } from './vring-dma.ts';

/** Packets that may be published before the first of them is mapped: as many as a ring takes. */
const PENDING = 1024;

interface Parts {
  readonly memory: GuestMemory;
  readonly packets: Packets;
  readonly kickTx: Doorbell;
  readonly dma: VringDma;
  /** Adds a packet whose buffer is mapped. @returns whether the device wants a kick. */
  readonly add: (packet: Packet, address: number) => boolean;
}

export class MappedTransmit implements Doorbell {
  private readonly parts: Parts;
  private readonly stage: Stage;
  private readonly wait: Stage;
  /** Published, and not yet added to the ring. */
  private readonly pending = new PacketQueue(PENDING);

  constructor({ books: { timeline } }: Processor, parts: Parts) {
    this.parts = parts;
    this.stage = timeline.working('guest: DMA map');
    this.wait = timeline.waiting('wait: exit to QEMU');
  }

  /** Takes `packet` for the next `act`, which is always due. */
  push(packet: Packet): true {
    this.pending.push(packet);
    return true;
  }

  leave(): void {}

  *act(cpu: Context): Access {
    const { pending, parts } = this;
    const { memory, packets, kickTx, dma, add } = parts;
    const outer = cpu.mode;
    cpu.mode = BH_OFF;
    while (pending.length > 0) {
      const packet = pending.shift();
      const address = memory.allocate();
      cpu.serve(packets.request[packet], this.stage, this.wait);
      yield* dma.mapping(cpu, address);
      cpu.serveNobody();
      if (add(packet, address)) {
        kickTx.leave(cpu);
        yield RUN;
        const work = kickTx.act(cpu);
        if (work !== null) yield cpu.call(work);
        kickTx.enter(cpu);
      }
      yield* dma.unmapping(cpu);
    }
    cpu.mode = outer;
  }

  enter(): void {}
}
