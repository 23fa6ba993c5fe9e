/**
 * A NIC: functions (the physical one and VFs) with finite rings behind one PCIe link and one wire each way.
 *
 *   driver ─doorbell─► descriptor and payload DMA ─► wire ─► remote peer
 *   driver ◄─interrupt─ write-back ◄─ payload DMA ◄─ wire ◄─┘
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Stage } from '../../accounting/stages.ts';
import { Port } from '../../kernel/port.ts';
import type { Handler, Simulation } from '../../kernel/simulation.ts';
import type { BitsPerSecond, Picoseconds } from '../../units.ts';
import type { Iommu, IommuPort, Requester } from './iommu.ts';
import type { Page } from './iommu-domain.ts';
import { Link } from './link.ts';
import { type FunctionSettings, NicFunction, NO_BUFFER, transmitSlots } from './nic-function.ts';
import type { Packet, Packets } from './packets.ts';
import { framesOf } from './segmentation.ts';
import { Spans } from './spans.ts';

export interface NicSettings {
  readonly rate: BitsPerSecond;
  /** One way, cable and switches. */
  readonly propagation: Picoseconds;
  /** Usable PCIe bandwidth each way, after TLP overhead. */
  readonly pcieRate: BitsPerSecond;
  /** Posted write from core to device. */
  readonly doorbellLatency: Picoseconds;
  /** Round trip of one DMA read; a transmit takes two (descriptor, then payload). */
  readonly dmaRead: Picoseconds;
  /** Until a DMA write is visible to the driver. */
  readonly dmaWrite: Picoseconds;
  readonly pipelineTransmit: Picoseconds;
  readonly pipelineReceive: Picoseconds;
}

/** `translatedWrite`: one of the pages is not mapped. */
const REFUSED = -1;

interface NicStages {
  readonly fetch: Stage;
  readonly waitIommu: Stage;
  readonly waitPcie: Stage;
  readonly waitWire: Stage;
  readonly wire: Stage;
  readonly store: Stage;
  readonly waitPcieIn: Stage;
}

export class Nic {
  readonly sim: Simulation;
  readonly books: Accounting;
  readonly settings: NicSettings;
  /** The last bit of a frame is on the wire. */
  readonly departed = new Port<Packet>('nic departed');
  readonly egress = new Link('wire out');
  readonly ingress = new Link('wire in');
  readonly pcieOut = new Link('PCIe to NIC');
  readonly pcieIn = new Link('PCIe from NIC');
  readonly iommu: Iommu;
  private readonly packets: Packets;
  private readonly stages: NicStages;
  private readonly functions: NicFunction[] = [];
  private readonly onDeparture: Handler;
  private readonly onArrival: Handler;
  private readonly onRefusedRead: Handler;
  private readonly onRefusedWrite: Handler;
  private readonly routes: NicFunction[] = [];
  private readonly spans: Spans;

  constructor(sim: Simulation, books: Accounting, packets: Packets, settings: NicSettings, iommu: Iommu) {
    this.sim = sim;
    this.books = books;
    this.packets = packets;
    this.settings = settings;
    this.iommu = iommu;
    this.spans = new Spans(settings);
    const { timeline } = books;
    this.stages = {
      fetch: timeline.working('nic: fetch'),
      waitIommu: timeline.waiting('wait: IOMMU'),
      waitPcie: timeline.waiting('wait: PCIe'),
      waitWire: timeline.waiting('wait: wire'),
      wire: timeline.working('wire'),
      store: timeline.working('nic: store'),
      waitPcieIn: timeline.waiting('wait: PCIe'),
    };
    this.onDeparture = sim.handler((packet) => this.depart(packet), 'nic departure');
    this.onArrival = sim.handler((packet) => this.arrive(packet), 'nic arrival');
    this.onRefusedRead = sim.handler((packet) => this.refuseRead(packet), 'nic read refused');
    this.onRefusedWrite = sim.handler((packet) => this.refuseWrite(packet), 'nic write refused');
  }

  addFunction(name: string, vm: string, settings: FunctionSettings): NicFunction {
    const added = new NicFunction(this, { index: this.functions.length, name, vm }, settings);
    this.functions.push(added);
    return added;
  }

  /** Somebody drives it. */
  get used(): boolean {
    return this.functions.length > 0;
  }

  /** What is shared by all functions, each in order of arrival. */
  get stations(): readonly Link[] {
    const { egress, ingress, pcieOut, pcieIn, iommu } = this;
    return [egress, ingress, pcieOut, pcieIn, ...iommu.stations];
  }

  /** Frames of `flow` are received by `target`. */
  route(flow: number, target: NicFunction): void {
    this.routes[flow] = target;
  }

  /** @param notice ps until the device knows of the frame. */
  transmit(from: NicFunction, packet: Packet, notice: Picoseconds): void {
    const { sim, settings, stages, packets } = this;
    const size = packets.size[packet];
    const request = packets.request[packet];
    const asked = (sim.now + notice) as Picoseconds;
    packets.via[packet] = from.index;
    let found: number = asked;
    const { dma } = from.settings;
    if (dma !== null) {
      // Descriptor and payload, looked up together.
      const { reads } = this.iommu;
      if (
        !this.translated(
          dma,
          reads,
          asked,
          request,
          from.nextDescriptor(transmitSlots(size)),
          packets.page[packet],
        )
      ) {
        sim.at(reads.done as Picoseconds, this.onRefusedRead, packet);
        return;
      }
      found = reads.done;
    }
    const fetched = (found + settings.dmaRead) as Picoseconds;
    const { onBus, onWire, lead } = this.spans.of(size);
    const bus = this.pcieOut.reserve(fetched, onBus);
    const ready = (bus + lead + settings.dmaRead + settings.pipelineTransmit) as Picoseconds;
    const start = this.egress.reserve(ready, onWire);
    const end = start + onWire;
    if (request >= 0) {
      const { timeline } = this.books;
      timeline.mark(request, stages.fetch.id, fetched);
      timeline.mark(request, stages.waitPcie.id, bus);
      timeline.mark(request, stages.fetch.id, ready);
      timeline.mark(request, stages.waitWire.id, start);
      timeline.mark(request, stages.wire.id, end);
    }
    sim.at(end as Picoseconds, this.onDeparture, packet);
  }

  /**
   * Passes the IOMMU; what others held up is marked in the request's life, in front of the slice that it is part of.
   * @returns false where an address is refused.
   */
  private translated(
    dma: Requester,
    port: IommuPort,
    asked: Picoseconds,
    request: number,
    ring: Page,
    buffer: Page,
  ): boolean {
    if (!this.iommu.translate(dma, port, asked, ring, buffer)) return false;
    if (port.waited > 0 && request >= 0) {
      this.books.timeline.add(request, this.stages.waitIommu.id, port.waited);
    }
    return true;
  }

  /** The IOMMU aborts a read: the frame cannot be sent, and its descriptor is written back all the same. */
  private refuseRead(packet: Packet): void {
    const from = this.functions[this.packets.via[packet]];
    const request = this.packets.request[packet];
    if (request >= 0) this.books.timeline.drop(request, this.sim.now, `${from.name}: DMA read refused`);
    from.writtenBack();
  }

  private depart(packet: Packet): void {
    const from = this.functions[this.packets.via[packet]];
    this.departed.send(packet);
    from.departed(framesOf(this.packets.size[packet]));
  }

  /** The remote peer starts to send a frame now. */
  receive(packet: Packet): void {
    const { sim, settings, stages, packets, books } = this;
    const size = packets.size[packet];
    const request = packets.request[packet];
    const { onBus, onWire } = this.spans.of(size);
    const start = this.ingress.reserve(sim.now, onWire);
    const arrived = (start + onWire + settings.propagation + settings.pipelineReceive) as Picoseconds;
    const target = this.routes[packets.flow[packet]];
    const bus = this.pcieIn.reserve(arrived, onBus);
    if (request >= 0) {
      const { timeline } = books;
      timeline.mark(request, stages.waitWire.id, start);
      timeline.mark(request, stages.wire.id, arrived);
      timeline.mark(request, stages.waitPcieIn.id, bus);
    }
    const stored = (bus + onBus) as Picoseconds;
    let found: number = stored;
    const { dma } = target.settings;
    if (dma !== null) {
      found = this.translatedWrite(target, dma, stored, request);
      if (found === REFUSED) {
        sim.at(this.iommu.writes.done as Picoseconds, this.onRefusedWrite, packet);
        return;
      }
    }
    const visible = found + settings.dmaWrite;
    if (request >= 0) books.timeline.mark(request, stages.store.id, visible as Picoseconds);
    sim.at(visible as Picoseconds, this.onArrival, packet);
  }

  /**
   * When a frame may be written: its buffer and descriptor are known, and the frames before it went first, as PCIe keeps
   * the writes of a device in order. Where no buffer is posted so far there is nothing to look up.
   */
  private translatedWrite(target: NicFunction, dma: Requester, stored: Picoseconds, request: number): number {
    const { writes } = this.iommu;
    const buffer = target.nextBuffer();
    if (buffer === NO_BUFFER) return target.inOrder(stored);
    if (!this.translated(dma, writes, stored, request, target.bufferDescriptor, buffer)) return REFUSED;
    const found = target.inOrder(writes.done);
    if (found > writes.done && request >= 0) {
      this.books.timeline.add(request, this.stages.waitIommu.id, found - writes.done);
    }
    return found;
  }

  /** The IOMMU drops a write: the frame is lost, and its buffer stays where it is in the ring. */
  private refuseWrite(packet: Packet): void {
    const target = this.routes[this.packets.flow[packet]];
    target.landed();
    this.lose(target, packet, 'DMA write refused');
  }

  private arrive(packet: Packet): void {
    const target = this.routes[this.packets.flow[packet]];
    if (target.settings.dma !== null) this.packets.page[packet] = target.landed();
    if (!target.deliver(packet)) this.lose(target, packet, 'no receive buffer');
  }

  private lose(target: NicFunction, packet: Packet, reason: string): void {
    const request = this.packets.request[packet];
    if (request >= 0) this.books.timeline.drop(request, this.sim.now, `${target.name}: ${reason}`);
    this.packets.release(packet);
  }
}
