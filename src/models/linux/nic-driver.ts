/**
 * A Linux driver of one NIC function (PF on a host, VF in a guest): rings, doorbells, one vector, NAPI.
 *
 *   publish ─► tx ring ─doorbell─► function      vector ─► hard irq ─► NAPI poll: clean tx, up to 64 rx, refill
 */
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { Page } from '../hardware/iommu-domain.ts';
import { BH_OFF } from '../hardware/mode.ts';
import { type NicFunction, ringPages, transmitSlots } from '../hardware/nic-function.ts';
import { PacketQueue } from '../hardware/packet-queue.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import { isSegmented, piecesOf } from '../hardware/segmentation.ts';
import type { DmaMapping } from './dma-mapping.ts';
import { Gro } from './gro.ts';
import { GRO_NORMAL_BATCH, NAPI_POLL_WEIGHT } from './napi.ts';
import type { Doorbell, NetDevice, Stack } from './net-device.ts';

/** Receive tail is written every 16 buffers (IXGBE_RX_BUFFER_WRITE and kin). */
const RX_BUFFER_WRITE = 16;
/** The queue stops below MAX_SKB_FRAGS + 4 free descriptors (DESC_NEEDED). */
const STOP_BELOW = 21;

interface NicDriverCosts {
  readonly tx: Cost;
  readonly txClean: Cost;
  readonly rx: Cost;
  readonly doorbell: Cost;
  readonly napiSchedule: Cost;
  readonly napiComplete: Cost;
}

export interface NicDriverParts {
  readonly function: NicFunction;
  readonly packets: Packets;
  readonly dma: DmaMapping;
  /** Paid per received packet above the driver: the local stack, or bridge and tap. */
  readonly stackRx: Cost;
  readonly stageRx: Stage;
}

export class NicDriver implements NetDevice {
  readonly doorbell: Doorbell;
  readonly tso = true;
  readonly line: InterruptLine;
  readonly function: NicFunction;
  /** The softirq that hands packets to the stack. */
  readonly napi: Context;
  private readonly fn: NicFunction;
  private readonly parts: NicDriverParts;
  private readonly costs: NicDriverCosts;
  private readonly inFlight: PacketQueue;
  private slotsTaken = 0;
  /** Pages of the packets in flight beyond their first. Simplification: the NIC's own look-ups are for that one only. */
  private readonly furtherPieces = new PacketQueue(Number.POSITIVE_INFINITY);
  /** In the ring, but the doorbell has not told of them. */
  private readonly unannounced: PacketQueue;
  private readonly waitInterrupt: Stage;
  private readonly stageMap: Stage;
  private readonly waitQemu: Stage;
  private readonly gro: Gro;
  private stack!: Stack;
  stopped = false;

  constructor(cpu: Processor, parts: NicDriverParts) {
    const { costs, timeline } = cpu.books;
    this.parts = parts;
    this.fn = parts.function;
    this.function = parts.function;
    this.inFlight = new PacketQueue(this.fn.settings.txRing);
    this.unannounced = new PacketQueue(this.fn.settings.txRing);
    this.costs = {
      tx: costs.cost('nicDriver.tx'),
      txClean: costs.cost('nicDriver.txClean'),
      rx: costs.cost('nicDriver.rx'),
      doorbell: costs.cost('nicDriver.doorbell'),
      napiSchedule: costs.cost('napi.schedule'),
      napiComplete: costs.cost('napi.complete'),
    };
    this.waitInterrupt = timeline.waiting('wait: NIC interrupt and softirq');
    const { packets, stackRx, stageRx } = parts;
    this.gro = new Gro(cpu.books, packets, { cost: stackRx, stage: stageRx, wait: this.waitInterrupt });
    this.stageMap = timeline.working('guest: DMA map');
    this.waitQemu = timeline.waiting('wait: exit to QEMU');
    this.doorbell = parts.dma.announces
      ? { leave: () => {}, act: (context) => this.announceAll(context), enter: () => {} }
      : {
          leave: (context) => context.charge(this.costs.doorbell),
          act: () => this.ring(),
          enter: () => {},
        };
    this.napi = cpu.softirq(`${this.fn.name} napi`, (context) => this.poll(context));
    this.line = cpu.interrupt(this.fn.name, (line) => this.interrupted(line));
    this.prepareRings();
  }

  attach(stack: Stack): void {
    this.stack = stack;
  }

  /** What the driver's start maps, before the first frame. */
  private prepareRings(): void {
    const { fn } = this;
    const { dma } = this.parts;
    const { txRing, rxRing } = fn.settings;
    fn.place(dma.mapRing(ringPages(txRing)), dma.mapRing(ringPages(rxRing)));
    for (let i = 0; i < rxRing; i++) fn.postBuffer(dma.map());
  }

  prepare(cpu: Context, packet: Packet): void {
    const { dma, packets } = this.parts;
    dma.charge(cpu, piecesOf(packets.size[packet]));
    cpu.charge(this.costs.tx);
  }

  publish(_cpu: Context, packet: Packet, more: boolean): boolean {
    const { packets, dma } = this.parts;
    packets.page[packet] = dma.map();
    this.slotsTaken++;
    if (isSegmented(packets.size[packet])) this.mapFurther(packets.size[packet]);
    this.inFlight.push(packet);
    this.unannounced.push(packet);
    if (this.free < STOP_BELOW) this.stopped = true;
    return !more || this.stopped;
  }

  private mapFurther(size: number): void {
    for (let i = 1; i < piecesOf(size); i++) this.furtherPieces.push(this.parts.dma.map());
    this.slotsTaken += transmitSlots(size) - 1;
  }

  private get free(): number {
    return this.fn.settings.txRing - this.slotsTaken;
  }

  private ring(): null {
    const { fn, unannounced } = this;
    while (unannounced.length > 0) fn.transmit(unannounced.shift());
    return null;
  }

  /** Behind a guest's IOMMU each mapping is announced, an exit, before the doorbell; softirqs wait meanwhile. */
  private *announceAll(cpu: Context): Program {
    const { fn, unannounced, costs } = this;
    const { dma, packets } = this.parts;
    const outer = cpu.mode;
    cpu.mode = BH_OFF;
    const ready: Packet[] = [];
    while (unannounced.length > 0) {
      const packet = unannounced.shift();
      cpu.serve(packets.request[packet], this.stageMap, this.waitQemu);
      const exit = dma.announce(cpu, packets.page[packet]);
      if (exit !== null) yield cpu.call(exit);
      cpu.serve(packets.request[packet], this.stageMap, this.waitQemu);
      ready.push(packet);
    }
    cpu.charge(costs.doorbell);
    yield RUN;
    cpu.serveNobody();
    for (const packet of ready) fn.transmit(packet);
    cpu.mode = outer;
  }

  private *interrupted(line: InterruptLine): Program {
    yield WAIT;
    for (;;) {
      line.enter();
      line.context.charge(this.costs.napiSchedule);
      line.leave();
      yield RUN;
      this.napi.signal();
      yield WAIT;
    }
  }

  private *poll(cpu: Context): Program {
    const { fn, costs, parts } = this;
    const group: Packet[] = [];
    const buffers: Page[] = [];
    yield WAIT;
    for (;;) {
      if (fn.transmitted > 0) yield cpu.call(this.clean(cpu));
      let taken = 0;
      while (taken < NAPI_POLL_WEIGHT && fn.received.length > 0) {
        while (taken < NAPI_POLL_WEIGHT && buffers.length < GRO_NORMAL_BATCH && fn.received.length > 0) {
          const packet = fn.received.shift();
          this.serve(cpu, packet);
          parts.dma.chargeUnmaps(cpu, 1);
          const invalidation = parts.dma.unmap(cpu, parts.packets.page[packet]);
          if (invalidation !== null) yield cpu.call(invalidation);
          this.serve(cpu, packet);
          parts.dma.charge(cpu);
          const page = parts.dma.map();
          const exit = parts.dma.announce(cpu, page);
          if (exit !== null) yield cpu.call(exit);
          this.serve(cpu, packet);
          buffers.push(page);
          cpu.charge(costs.rx);
          this.gro.receive(cpu, packet, group);
          taken++;
        }
        cpu.serveNobody();
        if (taken % RX_BUFFER_WRITE === 0) cpu.charge(costs.doorbell);
        yield RUN;
        for (const page of buffers) fn.postBuffer(page);
        for (const packet of group) this.stack.received(packet);
        buffers.length = group.length = 0;
      }
      this.gro.flush(cpu, group);
      if (group.length > 0) {
        yield RUN;
        for (const packet of group.splice(0)) this.stack.received(packet);
      }
      if (taken === NAPI_POLL_WEIGHT) {
        cpu.signal();
        yield WAIT;
        continue;
      }
      cpu.charge(costs.napiComplete);
      cpu.charge(costs.doorbell);
      yield RUN;
      // Completions that came during the poll raise the next interrupt; none is lost between poll and unmask.
      fn.vector.unmask(fn.received.length > 0, fn.transmitted > 0);
      yield WAIT;
    }
  }

  private serve(cpu: Context, packet: Packet): void {
    const { packets, stageRx } = this.parts;
    cpu.serve(packets.request[packet], stageRx, this.waitInterrupt);
  }

  private *clean(cpu: Context): Program {
    const { fn } = this;
    const { dma, packets } = this.parts;
    const done = fn.transmitted;
    fn.transmitted = 0;
    cpu.charge(this.costs.txClean, done);
    dma.chargeUnmaps(cpu, done);
    for (let i = 0; i < done; i++) {
      const packet = this.inFlight.shift();
      const invalidation = dma.unmap(cpu, packets.page[packet]);
      if (invalidation !== null) yield cpu.call(invalidation);
      if (isSegmented(packets.size[packet])) yield cpu.call(this.unmapFurther(cpu, packet));
      this.slotsTaken--;
      this.stack.freed(packet);
      packets.release(packet);
    }
    if (this.stopped && this.free >= STOP_BELOW * 2) {
      this.stopped = false;
      this.stack.restarted();
    }
  }

  private *unmapFurther(cpu: Context, packet: Packet): Program {
    const { dma, packets } = this.parts;
    const size = packets.size[packet];
    const pieces = piecesOf(size);
    this.slotsTaken -= transmitSlots(size) - 1;
    dma.chargeUnmaps(cpu, pieces - 1);
    for (let i = 1; i < pieces; i++) {
      const invalidation = dma.unmap(cpu, this.furtherPieces.shift());
      if (invalidation !== null) yield cpu.call(invalidation);
    }
  }
}
