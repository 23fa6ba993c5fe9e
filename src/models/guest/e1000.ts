/** Linux's e1000 driver (drivers/net/ethernet/intel/e1000): legacy interrupt, five register accesses each. */
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { E1000_RING, type E1000Rings } from '../hardware/e1000-rings.ts';
import type { Page } from '../hardware/iommu-domain.ts';
import { BH_OFF } from '../hardware/mode.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { Access, RegisterPort } from '../hardware/register-port.ts';
import type { DmaMapping } from '../linux/dma-mapping.ts';
import { GRO_NORMAL_BATCH, NAPI_POLL_WEIGHT } from '../linux/napi.ts';
import type { Doorbell, NetDevice, Stack } from '../linux/net-device.ts';
import { E1000Itr } from './e1000-itr.ts';

/** RDT is written after so many refilled buffers (E1000_RX_BUFFER_WRITE), and at the end of a poll. */
const RX_BUFFER_WRITE = 16;
/** The queue stops below MAX_SKB_FRAGS + 7 free descriptors and starts again at 32. */
const STOP_BELOW = 24;
const WAKE_AT = 32;
/** Shorter frames, FCS included, are copied out of their buffer, which stays mapped (module parameter copybreak). */
const COPYBREAK = 256;
const FCS = 4;
/** All causes the driver enables (IMS_ENABLE_MASK: RXT0, TXDW, RXDMT0, RXSEQ, LSC). */
export const IMS_ENABLE_MASK = 0x9d;
const ALL = 0xffffffff;

export interface E1000Parts {
  readonly rings: E1000Rings;
  readonly registers: RegisterPort;
  readonly packets: Packets;
  readonly stackRx: Cost;
  /** INTx of the processor. */
  readonly interrupt: (name: string, program: (line: InterruptLine) => Program) => InterruptLine;
  /** Behind an IOMMU that the guest sees; null: addresses are the memory's own. */
  readonly dma: DmaMapping | null;
  /** Teaching: so many register writes per packet, each an exit to QEMU, and no completion interrupt; 0: Linux. */
  readonly textbookWrites: number;
}

export class E1000Driver implements NetDevice {
  readonly doorbell: Doorbell;
  readonly line: InterruptLine;
  private readonly parts: E1000Parts;
  private readonly itr = new E1000Itr();
  private readonly txCost: Cost;
  private readonly cleanCost: Cost;
  private readonly rxCost: Cost;
  private readonly napiSchedule: Cost;
  private readonly napiComplete: Cost;
  private readonly napi: Context;
  private readonly stageRx: Stage;
  private readonly waitInterrupt: Stage;
  private readonly stageMap: Stage;
  private readonly waitQemu: Stage;
  private stack!: Stack;
  stopped = false;
  private tail = 0;
  private clean = 0;
  private rxNext = 0;
  private rxTail = E1000_RING - 1;
  /** Published, but not yet announced to a guest's IOMMU in caching mode. */
  private announced = 0;
  /** Pages of transmitted frames that are still to be unmapped. */
  private readonly sent: Page[] = [];

  constructor(cpu: Processor, parts: E1000Parts) {
    const { costs, timeline } = cpu.books;
    this.parts = parts;
    this.txCost = costs.cost('e1000Driver.tx');
    this.cleanCost = costs.cost('e1000Driver.txClean');
    this.rxCost = costs.cost('e1000Driver.rx');
    this.napiSchedule = costs.cost('napi.schedule');
    this.napiComplete = costs.cost('napi.complete');
    this.stageRx = timeline.working('stack: receive');
    this.waitInterrupt = timeline.waiting('wait: guest interrupt and softirq');
    this.stageMap = timeline.working('guest: DMA map');
    this.waitQemu = timeline.waiting('wait: exit to QEMU');
    this.doorbell = {
      leave: () => {},
      act: (context) => this.ring(context),
      enter: () => {},
    };
    this.napi = cpu.softirq('e1000 napi', (context) => this.poll(context));
    this.line = parts.interrupt('e1000', (line) => this.interrupted(line));
    const { dma, rings } = parts;
    if (dma === null) return;
    rings.txRing = dma.mapRing(1);
    rings.rxRing = dma.mapRing(1);
    for (let slot = 0; slot < E1000_RING; slot++) rings.rxPage[slot] = dma.map();
  }

  attach(stack: Stack): void {
    this.stack = stack;
  }

  prepare(cpu: Context, _packet: Packet): void {
    this.parts.dma?.charge(cpu);
    cpu.charge(this.txCost);
  }

  publish(_cpu: Context, packet: Packet, more: boolean): boolean {
    const { dma, packets, rings } = this.parts;
    if (dma !== null) packets.page[packet] = dma.map();
    rings.tx[this.tail] = packet;
    this.tail = (this.tail + 1) % E1000_RING;
    if (this.free < STOP_BELOW) this.stopped = true;
    return !more || this.stopped;
  }

  /** One slot always stays empty, so that head = tail means empty. */
  private get free(): number {
    return (this.clean - this.tail - 1 + E1000_RING) % E1000_RING;
  }

  private *ring(cpu: Context): Access {
    const { registers, textbookWrites, dma } = this.parts;
    const outer = cpu.mode;
    // As in start_xmit: nobody else transmits between the announcement of a buffer and the doorbell.
    if (dma !== null) {
      cpu.mode = BH_OFF;
      yield* this.announce(cpu, dma);
    }
    const { tail } = this;
    // IMC = 0 masks nothing, and is never coalesced.
    for (let extra = 1; extra < textbookWrites; extra++) yield* registers.write(cpu, 'IMC', 0);
    yield cpu.call(registers.write(cpu, 'TDT', tail));
    if (textbookWrites > 0) {
      this.cleanTransmitted();
      if (dma !== null) yield* this.unmap(cpu, dma);
    }
    cpu.mode = outer;
  }

  /** Caching mode: each new mapping is announced, an exit. */
  private *announce(cpu: Context, dma: DmaMapping): Access {
    const { packets, rings } = this.parts;
    while (this.announced !== this.tail) {
      const packet = rings.tx[this.announced];
      this.announced = (this.announced + 1) % E1000_RING;
      cpu.serve(packets.request[packet], this.stageMap, this.waitQemu);
      const exit = dma.announce(cpu, packets.page[packet]);
      if (exit !== null) yield cpu.call(exit);
      cpu.serve(packets.request[packet], this.stageMap, this.waitQemu);
    }
  }

  /** What was transmitted is unmapped, one by one. */
  private *unmap(cpu: Context, dma: DmaMapping): Access {
    const pages = this.sent.splice(0);
    dma.chargeUnmaps(cpu, pages.length);
    for (const page of pages) {
      const rest = dma.unmap(cpu, page);
      if (rest !== null) yield cpu.call(rest);
    }
  }

  /** A frame too long for copybreak leaves with its buffer: another one is mapped in its place. */
  private *replace(cpu: Context, dma: DmaMapping, slot: number): Access {
    const { rings } = this.parts;
    dma.chargeUnmaps(cpu, 1);
    const rest = dma.unmap(cpu, rings.rxPage[slot]);
    if (rest !== null) yield cpu.call(rest);
    dma.charge(cpu);
    rings.rxPage[slot] = dma.map();
    const exit = dma.announce(cpu, rings.rxPage[slot]);
    if (exit !== null) yield cpu.call(exit);
  }

  private *interrupted(line: InterruptLine): Program {
    const { registers } = this.parts;
    const cpu = line.context;
    yield WAIT;
    for (;;) {
      line.enter();
      const causes = yield* registers.read(cpu, 'ICR');
      if (causes !== 0) {
        yield* registers.write(cpu, 'IMC', ALL);
        yield* registers.read(cpu, 'STATUS');
        cpu.charge(this.napiSchedule);
      }
      line.leave();
      yield RUN;
      if (causes !== 0) this.napi.signal();
      yield WAIT;
    }
  }

  private *poll(cpu: Context): Program {
    const { parts } = this;
    const { rings, packets, registers } = parts;
    const group: Packet[] = [];
    yield WAIT;
    for (;;) {
      const sent = this.cleanTransmitted();
      if (sent.packets > 0) cpu.charge(this.cleanCost, sent.packets);
      if (parts.dma !== null) yield* this.unmap(cpu, parts.dma);
      const received = { packets: 0, bytes: 0 };
      let refilled = 0;
      while (received.packets < NAPI_POLL_WEIGHT && rings.rxDone > 0) {
        while (received.packets < NAPI_POLL_WEIGHT && group.length < GRO_NORMAL_BATCH && rings.rxDone > 0) {
          const slot = this.rxNext;
          const packet = rings.rx[slot];
          this.rxNext = (this.rxNext + 1) % E1000_RING;
          rings.rxDone--;
          cpu.serve(packets.request[packet], this.stageRx, this.waitInterrupt);
          cpu.charge(this.rxCost);
          if (parts.dma !== null && packets.size[packet] + FCS > COPYBREAK) {
            yield* this.replace(cpu, parts.dma, slot);
            cpu.serve(packets.request[packet], this.stageRx, this.waitInterrupt);
          }
          cpu.charge(parts.stackRx);
          group.push(packet);
          received.packets++;
          received.bytes += packets.size[packet];
          refilled++;
        }
        cpu.serveNobody();
        yield RUN;
        for (const packet of group) this.stack.received(packet);
        group.length = 0;
        if (refilled >= RX_BUFFER_WRITE) {
          yield* this.refill(cpu, refilled);
          refilled = 0;
        }
      }
      if (refilled > 0) yield* this.refill(cpu, refilled);
      if (received.packets === NAPI_POLL_WEIGHT) {
        cpu.signal();
        yield WAIT;
        continue;
      }
      cpu.charge(this.napiComplete);
      yield RUN;
      const itr = this.itr.update(sent, received);
      if (itr !== null) yield* registers.write(cpu, 'ITR', itr);
      yield* registers.write(cpu, 'IMS', IMS_ENABLE_MASK);
      yield* registers.read(cpu, 'STATUS');
      yield WAIT;
    }
  }

  private *refill(cpu: Context, buffers: number): Access {
    this.rxTail = (this.rxTail + buffers) % E1000_RING;
    yield* this.parts.registers.write(cpu, 'RDT', this.rxTail);
  }

  private cleanTransmitted(): { packets: number; bytes: number } {
    const { rings, packets } = this.parts;
    const done = { packets: rings.txDone, bytes: 0 };
    for (; rings.txDone > 0; rings.txDone--) {
      const packet = rings.tx[this.clean];
      this.clean = (this.clean + 1) % E1000_RING;
      done.bytes += packets.size[packet];
      if (this.parts.dma !== null) this.sent.push(packets.page[packet]);
      this.stack.freed(packet);
      packets.release(packet);
    }
    if (this.stopped && this.free >= WAKE_AT) {
      this.stopped = false;
      this.stack.restarted();
    }
    return done;
  }
}
