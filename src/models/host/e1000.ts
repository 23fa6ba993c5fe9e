/**
 * QEMU's 82540EM (hw/net/e1000.c): transmit runs inside the guest's TDT write, receive in the main loop (but for a
 * frame that waited for the guest's RDT write), and interrupts are mitigated to one edge per at least 128 us.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import type { Handler, Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';
import { type Context, RUN } from '../hardware/context.ts';
import { E1000_RING, type E1000Rings, RXDMT0, RXT0, TXDW, TXQE } from '../hardware/e1000-rings.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Access } from '../hardware/register-port.ts';
import type { DeviceModel } from './emulated-registers.ts';
import type { GuestIommu } from './guest-iommu.ts';
import type { HostNetwork } from './host-network.ts';
import type { InterruptPath } from './interrupt-path.ts';
import type { MainLoop, Source } from './main-loop.ts';
import { TAP_BURST } from './qemu-virtio-net.ts';
import type { Tap } from './tap.ts';
import { TapIo } from './tap-io.ts';

/** Writes to these exit to QEMU (excluded_regs of e1000_mmio_setup); KVM queues writes to all others. */
const IMMEDIATE: ReadonlySet<string> = new Set(['MDIC', 'ICR', 'ICS', 'IMS', 'IMC', 'TCTL', 'TDT']);
/** QEMU's queue in front of the device is empty. */
const NONE = -1;
/** One unit of ITR and of the mitigation delay. */
const ITR_UNIT = 256_000;
/** The mitigation delay is never shorter than this many units: 128 us. */
const MITIGATION_MIN = 500;
/** Unit of RADV and TADV in ITR units: 1.024 us. */
const ABSOLUTE_DELAY = 4;

export interface E1000Parts {
  readonly rings: E1000Rings;
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

export class E1000 implements DeviceModel {
  readonly immediate = IMMEDIATE;
  private readonly sim: Simulation;
  private readonly parts: E1000Parts;
  private readonly io: TapIo;
  private readonly tx: Cost;
  private readonly rx: Cost;
  private readonly copy: Cost;
  private readonly copyPerByte: Cost;
  private readonly stageRx: Stage;
  private readonly waitRx: Stage;
  private readonly waitDescriptors: Stage;
  private readonly wake: Cost;
  private readonly tapReadable: Source;
  private readonly mitigated: Source;
  private readonly mitigationOver: Handler;
  private icr = 0;
  private ims = 0;
  private level = false;
  private timerOn = false;
  private tdh = 0;
  private rdh = 0;
  private rdt = 0;
  /** Read from the tap when no descriptor was left; while it waits here the tap is not read. */
  private queued: Packet = NONE;
  private readonly registers = new Map<string, number>();

  constructor(sim: Simulation, books: Accounting, parts: E1000Parts) {
    const { costs, timeline } = books;
    this.sim = sim;
    this.parts = parts;
    this.io = new TapIo(books, parts.packets, parts.network, 'wait: exit to QEMU');
    this.tx = costs.cost('e1000.tx');
    this.rx = costs.cost('e1000.rx');
    this.copy = costs.cost('copy.setup');
    this.copyPerByte = costs.cost('copy.perByte');
    this.stageRx = timeline.working('qemu: receive');
    this.waitRx = timeline.waiting('wait: QEMU main loop, receive');
    this.waitDescriptors = timeline.waiting('wait: receive descriptors');
    this.wake = costs.cost('wake.waker');
    this.tapReadable = parts.loop.source((cpu) => this.tapSend(cpu));
    this.mitigated = parts.loop.source((cpu) => this.afterMitigation(cpu));
    this.mitigationOver = sim.handler(() => this.mitigated.raise(), 'e1000 mitigation');
    parts.tap.attach(() => this.tapReadable.raise());
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
        if (this.queued !== NONE && this.canReceive) yield* this.flushQueued(cpu);
        return;
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

  private *startTransmit(cpu: Context, tail: number): Access {
    const { parts, io } = this;
    let causes = TXQE;
    for (; this.tdh !== tail; this.tdh = (this.tdh + 1) % E1000_RING) {
      const given = parts.rings.tx[this.tdh];
      const packet = parts.packets.copy(given);
      io.serve(cpu, packet);
      parts.iommu?.translate(cpu, parts.rings.txRing);
      parts.iommu?.translate(cpu, parts.packets.page[given]);
      cpu.charge(this.tx);
      cpu.charge(this.copy);
      cpu.charge(this.copyPerByte, parts.packets.size[packet]);
      const paid = io.chargeSend(cpu, packet);
      yield RUN;
      const backlog = io.send(cpu, packet, paid);
      if (backlog !== null) yield cpu.call(backlog);
      parts.rings.txDone++;
      causes |= TXDW;
    }
    yield* this.cause(cpu, causes);
  }

  private get canReceive(): boolean {
    return this.rdh !== this.rdt;
  }

  private *tapSend(cpu: Context): Access {
    const { tap, packets } = this.parts;
    // Frames that came before the tap was left alone may have raised the source once more.
    if (this.queued !== NONE) return;
    for (let read = 0; read < TAP_BURST && tap.queue.length > 0; read++) {
      const packet = tap.queue.shift();
      cpu.serve(packets.request[packet], this.stageRx, this.waitRx);
      this.io.chargeRead(cpu, packet);
      if (!this.canReceive) {
        // tap_send reads before it asks: this frame waits in QEMU, the others in the tap.
        tap.detach();
        cpu.serveNobody();
        yield RUN;
        this.queued = packet;
        return;
      }
      yield* this.deliver(cpu, packet);
    }
    if (tap.queue.length > 0) this.tapReadable.raise();
  }

  /** e1000_receive: a second copy, into the guest's buffer; the charges serve `packet` already. */
  private *deliver(cpu: Context, packet: Packet): Access {
    const { packets, rings, iommu } = this.parts;
    iommu?.translate(cpu, rings.rxRing);
    iommu?.translate(cpu, rings.rxPage[this.rdh]);
    cpu.charge(this.rx);
    cpu.charge(this.copy);
    cpu.charge(this.copyPerByte, packets.size[packet]);
    cpu.serveNobody();
    yield RUN;
    rings.rx[this.rdh] = packet;
    this.rdh = (this.rdh + 1) % E1000_RING;
    rings.rxDone++;
    const free = (this.rdt - this.rdh + E1000_RING) % E1000_RING;
    yield* this.cause(cpu, free <= E1000_RING / 2 ? RXT0 | RXDMT0 : RXT0);
  }

  /**
   * qemu_flush_queued_packets: the thread that wrote RDT delivers the frame, inside that exit, and then wakes the main
   * loop, which reads the tap again. Simplification: QEMU wakes it at RDT writes that find nothing queued, too.
   */
  private *flushQueued(cpu: Context): Access {
    const { packets, loop, tap } = this.parts;
    const { queued } = this;
    this.queued = NONE;
    cpu.serve(packets.request[queued], this.stageRx, this.waitDescriptors);
    yield* this.deliver(cpu, queued);
    if (loop.asleep) cpu.charge(this.wake);
    yield RUN;
    tap.attach(() => this.tapReadable.raise());
    this.tapReadable.raise();
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
      this.parts.interrupt.charge(cpu);
      yield RUN;
      this.parts.interrupt.raise();
      return;
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
