/**
 * QEMU's 82540EM (hw/net/e1000.c): transmit runs inside the guest's TDT write, receive in the main loop (but for a
 * frame that waited for the guest's RDT write), and interrupts are mitigated to one edge per at least 128 us.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Handler, Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';
import { type Context, RUN } from '../hardware/context.ts';
import { type DescriptorRings, NOT_LAST } from '../hardware/descriptor-rings.ts';
import { E1000_RING, RXDMT0, RXT0, TXDW, TXQE } from '../hardware/e1000-rings.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Access } from '../hardware/register-port.ts';
import { EdgeGap } from './edge-gap.ts';
import type { DeviceModel } from './emulated-registers.ts';
import type { Source } from './event-loop.ts';
import type { GuestIommu } from './guest-iommu.ts';
import type { HostNetwork } from './host-network.ts';
import type { InterruptPath } from './interrupt-path.ts';
import type { MainLoop } from './main-loop.ts';
import type { Tap } from './tap.ts';
import { TapIo } from './tap-io.ts';
import { type ReceivingDevice, TapReader } from './tap-reader.ts';

/** Writes to these exit to QEMU (excluded_regs of e1000_mmio_setup); KVM queues writes to all others. */
const IMMEDIATE: ReadonlySet<string> = new Set(['MDIC', 'ICR', 'ICS', 'IMS', 'IMC', 'TCTL', 'TDT']);
/** One unit of ITR and of the mitigation delay. */
const ITR_UNIT = 256_000;
/** The mitigation delay is never shorter than this many units: 128 us. */
const MITIGATION_MIN = 500;
const LEAST_GAP = (MITIGATION_MIN * ITR_UNIT) as Picoseconds;
/** Unit of RADV and TADV in ITR units: 1.024 us. */
const ABSOLUTE_DELAY = 4;

export interface E1000Parts {
  readonly rings: DescriptorRings;
  readonly packets: Packets;
  readonly tap: Tap;
  readonly network: HostNetwork;
  readonly loop: MainLoop;
  readonly interrupt: InterruptPath;
  /** In front of the device; null: none. */
  readonly iommu: GuestIommu | null;
  /** Property `mitigation`. */
  readonly mitigation: boolean;
}

export class E1000 implements DeviceModel, ReceivingDevice {
  readonly immediate = IMMEDIATE;
  private readonly sim: Simulation;
  private readonly parts: E1000Parts;
  private readonly io: TapIo;
  private readonly tx: Cost;
  private readonly rx: Cost;
  private readonly reader: TapReader;
  private readonly mitigated: Source;
  private readonly edges: EdgeGap | null;
  private readonly mitigationOver: Handler;
  private icr = 0;
  private ims = 0;
  private level = false;
  private timerOn = false;
  private tdh = 0;
  private rdh = 0;
  private rdt = 0;
  private readonly registers = new Map<string, number>();

  constructor(sim: Simulation, books: Accounting, parts: E1000Parts) {
    const { costs } = books;
    this.sim = sim;
    this.parts = parts;
    this.io = new TapIo(books, parts.packets, parts.network, 'wait: exit to QEMU');
    this.tx = costs.cost('e1000.tx');
    this.rx = costs.cost('e1000.rx');
    this.reader = new TapReader(books, { ...parts, io: this.io }, this);
    this.edges = parts.mitigation ? new EdgeGap(sim, books, 'e1000 interrupt edges', LEAST_GAP) : null;
    this.mitigated = parts.loop.source((cpu) => this.afterMitigation(cpu));
    this.mitigationOver = sim.handler(() => this.mitigated.raise(), 'e1000 mitigation');
  }

  *read(cpu: Context, register: string): Access<number> {
    yield RUN;
    if (register !== 'ICR') return this.registers.get(register) ?? 0;
    const causes = this.icr;
    this.icr = 0;
    yield* this.evaluate(cpu);
    return causes;
  }

  *write(cpu: Context, register: string, value: number): Access {
    yield RUN;
    switch (register) {
      case 'TDT':
        yield cpu.call(this.startTransmit(cpu, value));
        return;
      case 'RDT':
        this.rdt = value;
        return yield* this.reader.flush(cpu);
      case 'IMS':
        this.ims |= value;
        return yield* this.evaluate(cpu);
      case 'IMC':
        this.ims &= ~value;
        return yield* this.evaluate(cpu);
      default:
        this.registers.set(register, value);
    }
  }

  /** process_tx_desc: with a copy into its bounce buffer. */
  private readonly chargeTransmit = (cpu: Context, packet: Packet): void => {
    const { iommu, rings, packets } = this.parts;
    iommu?.translate(cpu, rings.txRing);
    iommu?.translate(cpu, packets.page[packet]);
    cpu.charge(this.tx);
    this.io.chargeCopy(cpu, packet);
  };

  private *startTransmit(cpu: Context, tail: number): Access {
    const { parts, io } = this;
    let causes = TXQE;
    for (; this.tdh !== tail; this.tdh = (this.tdh + 1) % E1000_RING) {
      const described = parts.rings.tx[this.tdh];
      if (described === NOT_LAST) cpu.charge(this.tx);
      else yield* io.transmitCut(cpu, described, this.chargeTransmit);
      parts.rings.txDone++;
      causes |= TXDW;
    }
    yield* this.cause(cpu, causes);
  }

  get canReceive(): boolean {
    return this.rdh !== this.rdt;
  }

  chargeReceive(cpu: Context, packet: Packet): void {
    const { iommu, rings } = this.parts;
    iommu?.translate(cpu, rings.rxRing);
    iommu?.translate(cpu, rings.rxPage[this.rdh]);
    cpu.charge(this.rx);
    this.io.chargeCopy(cpu, packet);
  }

  *received(cpu: Context, packet: Packet): Access {
    const { rings } = this.parts;
    rings.rx[this.rdh] = packet;
    this.rdh = (this.rdh + 1) % E1000_RING;
    rings.rxDone++;
    const free = (this.rdt - this.rdh + E1000_RING) % E1000_RING;
    yield* this.cause(cpu, free <= E1000_RING / 2 ? RXT0 | RXDMT0 : RXT0);
  }

  private *cause(cpu: Context, causes: number): Access {
    this.icr |= causes;
    yield* this.evaluate(cpu);
  }

  /** set_interrupt_cause: the line follows ICR & IMS, its rising edges are held back by the mitigation timer. */
  private *evaluate(cpu: Context): Access {
    const pending = (this.icr & this.ims) !== 0;
    if (!this.level && pending) {
      if (this.timerOn) return;
      if (this.parts.mitigation) this.startMitigation();
      this.level = true;
      this.edges?.edge();
      return yield* this.parts.interrupt.signal(cpu);
    }
    this.level = pending;
  }

  private startMitigation(): void {
    const delays: number[] = [];
    if (this.icr & (TXDW | TXQE)) delays.push((this.registers.get('TADV') ?? 0) * ABSOLUTE_DELAY);
    if (this.icr & RXT0 && this.registers.get('RDTR')) {
      delays.push((this.registers.get('RADV') ?? 0) * ABSOLUTE_DELAY);
    }
    delays.push(this.registers.get('ITR') ?? 0);
    const shortest = Math.min(...delays.filter((delay) => delay > 0), Number.MAX_SAFE_INTEGER);
    const units = Math.max(shortest === Number.MAX_SAFE_INTEGER ? 0 : shortest, MITIGATION_MIN);
    this.timerOn = true;
    this.sim.after((units * ITR_UNIT) as Picoseconds, this.mitigationOver);
  }

  private *afterMitigation(cpu: Context): Access {
    this.timerOn = false;
    yield* this.evaluate(cpu);
  }

  /** Sets a register before the guest runs (what the driver's probe wrote). */
  preset(register: string, value: number): void {
    if (register === 'RDT') this.rdt = value;
    else if (register === 'IMS') this.ims = value;
    else this.registers.set(register, value);
  }
}
