/** What Linux's drivers of emulated NICs have in common: two descriptor rings in memory, and a register that is the doorbell. */
import type { Cost } from '../../accounting/cost.ts';
import type { Context } from '../hardware/context.ts';
import type { DescriptorRings } from '../hardware/descriptor-rings.ts';
import { BH_OFF } from '../hardware/mode.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Processor } from '../hardware/processor.ts';
import type { Access, RegisterPort } from '../hardware/register-port.ts';
import type { DmaMapping } from '../linux/dma-mapping.ts';
import type { Doorbell, NetDevice, Stack } from '../linux/net-device.ts';
import { EmulatedDma } from './emulated-dma.ts';
import { ReceiveRing } from './receive-ring.ts';
import { type Handled, type Thresholds, TransmitRing } from './transmit-ring.ts';

export interface EmulatedDriverParts {
  readonly rings: DescriptorRings;
  readonly registers: RegisterPort;
  readonly packets: Packets;
  readonly stackRx: Cost;
  /** Behind an IOMMU that the guest sees; null: addresses are the memory's own. */
  readonly dma: DmaMapping | null;
}

/** What differs from driver to driver. */
export interface DriverTerms extends Thresholds {
  /** What the names of its costs begin with. */
  readonly prices: string;
  /** Frames up to this size, bytes with FCS, leave their buffer mapped; 0: none does. */
  readonly copybreak: number;
}

export abstract class EmulatedDriver implements NetDevice {
  readonly doorbell: Doorbell;
  readonly tso = true;
  protected readonly tx: TransmitRing;
  protected readonly rx: ReceiveRing;
  protected stack!: Stack;
  private readonly txCost: Cost;
  private readonly cleanCost: Cost;
  private readonly dma: EmulatedDma | null;

  constructor(cpu: Processor, parts: EmulatedDriverParts, terms: DriverTerms) {
    const { costs } = cpu.books;
    const { dma } = parts;
    const { prices, copybreak } = terms;
    this.dma = dma === null ? null : new EmulatedDma(cpu, { ...parts, dma });
    this.tx = new TransmitRing(parts, terms, this.dma);
    this.rx = new ReceiveRing(cpu, parts, { cost: `${prices}.rx`, copybreak }, this.dma);
    this.txCost = costs.cost(`${prices}.tx`);
    this.cleanCost = costs.cost(`${prices}.txClean`);
    this.doorbell = { leave: () => {}, act: (context) => this.doorbellOf(context), enter: () => {} };
  }

  /** Tells the device of what was published. */
  protected abstract ring(cpu: Context): Access;

  private doorbellOf(cpu: Context): Access {
    return this.dma === null ? this.ring(cpu) : this.announceAndRing(cpu, this.dma);
  }

  /** As in start_xmit, nobody else transmits between the announcement of a buffer and the doorbell. */
  private *announceAndRing(cpu: Context, dma: EmulatedDma): Access {
    const outer = cpu.mode;
    cpu.mode = BH_OFF;
    yield* dma.announce(cpu, this.tx.tail);
    yield* this.ring(cpu);
    cpu.mode = outer;
  }

  attach(stack: Stack): void {
    this.stack = stack;
  }

  get stopped(): boolean {
    return this.tx.stopped;
  }

  prepare(cpu: Context, _packet: Packet): void {
    this.dma?.charge(cpu);
    cpu.charge(this.txCost);
  }

  publish(_cpu: Context, packet: Packet, more: boolean): boolean {
    this.dma?.map(packet);
    this.tx.push(packet);
    return !more || this.stopped;
  }

  /** Frees what was transmitted, right after a commit, charges for it, and unmaps it. */
  protected *clean(cpu: Context): Access<Handled> {
    const sent = this.tx.reap(this.stack);
    if (sent.packets > 0) cpu.charge(this.cleanCost, sent.packets);
    yield* this.unmapSent(cpu);
    return sent;
  }

  protected *unmapSent(cpu: Context): Access {
    if (this.dma !== null) yield* this.dma.unmapSent(cpu);
  }
}
