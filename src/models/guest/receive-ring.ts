/** The receive ring of an emulated NIC as its driver's NAPI poll sees it: frames go up the stack in groups. */
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import type { Context } from '../hardware/context.ts';
import type { DescriptorRings } from '../hardware/descriptor-rings.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Processor } from '../hardware/processor.ts';
import type { Access } from '../hardware/register-port.ts';
import { Gro } from '../linux/gro.ts';
import { GRO_NORMAL_BATCH } from '../linux/napi.ts';
import type { Stack } from '../linux/net-device.ts';
import type { EmulatedDma } from './emulated-dma.ts';
import type { Handled } from './transmit-ring.ts';

interface Parts {
  readonly rings: DescriptorRings;
  readonly packets: Packets;
  readonly stackRx: Cost;
}

export interface ReceiveTerms {
  /** What the driver pays per frame. */
  readonly cost: string;
  /** Frames up to this size, bytes with FCS, are copied out of their buffer, which stays mapped. */
  readonly copybreak: number;
}

const FCS = 4;

export class ReceiveRing {
  private readonly parts: Parts;
  private readonly dma: EmulatedDma | null;
  private readonly copybreak: number;
  private readonly cost: Cost;
  private readonly stage: Stage;
  private readonly waitInterrupt: Stage;
  private readonly gro: Gro;
  private readonly group: Packet[] = [];
  private next = 0;

  constructor(cpu: Processor, parts: Parts, terms: ReceiveTerms, dma: EmulatedDma | null) {
    const { costs, timeline } = cpu.books;
    this.parts = parts;
    this.dma = dma;
    this.copybreak = terms.copybreak;
    this.cost = costs.cost(terms.cost);
    this.stage = timeline.working('stack: receive');
    this.waitInterrupt = timeline.waiting('wait: guest interrupt and softirq');
    const { stage, waitInterrupt: wait } = this;
    this.gro = new Gro(cpu.books, parts.packets, { cost: parts.stackRx, stage, wait });
  }

  /** The device has filled more. */
  get filled(): boolean {
    return this.parts.rings.rxDone > 0;
  }

  /**
   * Takes and charges one group, of `budget` frames at the most; commit, then `handUp`.
   * @returns how many.
   */
  *take(cpu: Context, budget: number, received: Handled): Access<number> {
    const { parts } = this;
    const { rings, packets } = parts;
    let taken = 0;
    for (; taken < budget && taken < GRO_NORMAL_BATCH && rings.rxDone > 0; taken++) {
      const slot = this.next;
      const packet = rings.rx[slot];
      this.next = (slot + 1) % rings.rx.length;
      rings.rxDone--;
      cpu.serve(packets.request[packet], this.stage, this.waitInterrupt);
      cpu.charge(this.cost);
      if (this.dma !== null && packets.size[packet] + FCS > this.copybreak) {
        yield* this.dma.replace(cpu, slot);
        cpu.serve(packets.request[packet], this.stage, this.waitInterrupt);
      }
      received.packets++;
      received.bytes += packets.size[packet];
      this.gro.receive(cpu, packet, this.group);
    }
    cpu.serveNobody();
    return taken;
  }

  /** The end of a poll: charges for what GRO still held. @returns whether there was anything to commit and hand up. */
  release(cpu: Context): boolean {
    this.gro.flush(cpu, this.group);
    return this.group.length > 0;
  }

  handUp(stack: Stack): void {
    for (const packet of this.group) stack.received(packet);
    this.group.length = 0;
  }
}
