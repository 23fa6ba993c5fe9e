/** What Linux's drivers of emulated NICs have in common: two descriptor rings in memory, and a register that is the doorbell. */
import type { Cost } from '../../accounting/cost.ts';
import type { Context } from '../hardware/context.ts';
import type { DescriptorRings } from '../hardware/descriptor-rings.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Processor } from '../hardware/processor.ts';
import type { Access, RegisterPort } from '../hardware/register-port.ts';
import type { Doorbell, NetDevice, Stack } from '../linux/net-device.ts';
import { ReceiveRing } from './receive-ring.ts';
import { type Handled, type Thresholds, TransmitRing } from './transmit-ring.ts';

export interface EmulatedDriverParts {
  readonly rings: DescriptorRings;
  readonly registers: RegisterPort;
  readonly packets: Packets;
  readonly stackRx: Cost;
}

export abstract class EmulatedDriver implements NetDevice {
  readonly doorbell: Doorbell;
  protected readonly tx: TransmitRing;
  protected readonly rx: ReceiveRing;
  protected stack!: Stack;
  private readonly txCost: Cost;
  private readonly cleanCost: Cost;

  /** @param prices what the names of its costs begin with. */
  constructor(cpu: Processor, parts: EmulatedDriverParts, prices: string, thresholds: Thresholds) {
    const { costs } = cpu.books;
    this.tx = new TransmitRing(parts.rings, parts.packets, thresholds);
    this.rx = new ReceiveRing(cpu, parts, `${prices}.rx`);
    this.txCost = costs.cost(`${prices}.tx`);
    this.cleanCost = costs.cost(`${prices}.txClean`);
    this.doorbell = { leave: () => {}, act: (context) => this.ring(context), enter: () => {} };
  }

  /** Tells the device of what was published. */
  protected abstract ring(cpu: Context): Access;

  attach(stack: Stack): void {
    this.stack = stack;
  }

  get stopped(): boolean {
    return this.tx.stopped;
  }

  prepare(cpu: Context, _packet: Packet): void {
    cpu.charge(this.txCost);
  }

  publish(_cpu: Context, packet: Packet, more: boolean): boolean {
    this.tx.push(packet);
    return !more || this.stopped;
  }

  /** Frees what was transmitted, right after a commit, and charges for it. */
  protected clean(cpu: Context): Handled {
    const sent = this.tx.reap(this.stack);
    if (sent.packets > 0) cpu.charge(this.cleanCost, sent.packets);
    return sent;
  }
}
