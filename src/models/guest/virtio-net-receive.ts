/** The receive side of Linux's virtio_net (drivers/net/virtio_net.c): NAPI polls up to 64 packets and refills the ring. */
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { Access } from '../hardware/register-port.ts';
import { Gro } from '../linux/gro.ts';
import { GRO_NORMAL_BATCH, NAPI_POLL_WEIGHT } from '../linux/napi.ts';
import type { Doorbell } from '../linux/net-device.ts';
import { type DriverOptions, type DriverQueue, NOTHING } from '../virtio/driver-queue.ts';
import type { GuestMemory } from '../virtio/guest-memory.ts';
import { VIRTIO_NET_HEADER } from '../virtio/net-buffer.ts';
import type { Virtqueue } from '../virtio/virtqueue.ts';
import { ReceiveBuffers, type ReceiveKind } from './virtio-net-receive-buffers.ts';
import { type QueueVectors, reapChecked } from './virtio-net-vector.ts';
import type { VringDma } from './vring-dma.ts';

interface ReceiveOptions extends Omit<DriverOptions, 'inOrder'> {
  readonly receives?: ReceiveKind;
  readonly header?: number;
}

export interface ReceiveParts {
  readonly queue: Virtqueue;
  readonly memory: GuestMemory;
  readonly packets: Packets;
  readonly kick: Doorbell;
  readonly stackRx: Cost;
  readonly dma: VringDma | undefined;
  /** virtnet_poll_cleantx: the receive poll also reaps what was transmitted. */
  readonly cleanTransmitted: (cpu: Context) => void;
  readonly received: (packet: Packet) => void;
  readonly vectors: QueueVectors;
}

export class VirtioNetReceive {
  readonly line: InterruptLine;
  private readonly cpu: Processor;
  private readonly rx: DriverQueue;
  private readonly parts: ReceiveParts;
  private readonly rxCost: Cost;
  private readonly napiComplete: Cost;
  private readonly ringLine: Cost;
  /** Per buffer of a packet beyond the first. */
  private readonly fragment: Cost;
  private readonly buffers: ReceiveBuffers;
  private readonly gro: Gro;
  private readonly stage: Stage;
  private readonly waitInterrupt: Stage;

  constructor(cpu: Processor, parts: ReceiveParts, options: ReceiveOptions) {
    const { costs, timeline } = cpu.books;
    this.cpu = cpu;
    this.parts = parts;
    const { receives = 'mergeable', header = VIRTIO_NET_HEADER } = options;
    // Queues of single buffers carry a context pointer, so Linux never uses indirect descriptors there.
    const indirect = receives === 'big' && options.indirect;
    this.rx = parts.queue.driver({ ...options, indirect });
    this.buffers = new ReceiveBuffers(this.rx, receives, header, indirect);
    this.rxCost = costs.cost('virtioNet.rx');
    this.napiComplete = costs.cost('napi.complete');
    this.ringLine = costs.cost('ring.line');
    this.fragment = costs.cost('virtioNet.rxFragment');
    this.stage = timeline.working('stack: receive');
    this.waitInterrupt = timeline.waiting('wait: guest interrupt and softirq');
    const { stage, waitInterrupt: wait } = this;
    this.gro = new Gro(cpu.books, parts.packets, { cost: parts.stackRx, stage, wait });
    const napi = cpu.softirq('virtio-net rx napi', (context) => this.poll(context));
    this.line = parts.vectors('virtio-net rx', this.rx, napi);
    this.fill();
    this.rx.kickPrepare();
  }

  private *poll(cpu: Context): Program {
    const { rx, parts } = this;
    const { memory, packets, kick } = parts;
    const group: Packet[] = [];
    yield WAIT;
    for (;;) {
      parts.cleanTransmitted(cpu);
      if (parts.dma !== undefined) yield* parts.dma.unmapping(cpu);
      let taken = 0;
      while (taken < NAPI_POLL_WEIGHT && rx.moreUsed) {
        for (let i = 0; taken < NAPI_POLL_WEIGHT && i < GRO_NORMAL_BATCH && rx.moreUsed; i++) {
          const address = reapChecked(rx, this.cpu, 'virtio-net rx');
          if (address === NOTHING) break;
          const packet = memory.read(address);
          cpu.serve(packets.request[packet], this.stage, this.waitInterrupt);
          cpu.charge(this.rxCost);
          this.takeOthers(cpu, memory.buffers(address) - 1);
          parts.dma?.unmap(address);
          memory.release(address);
          this.buffers.received(packets.size[packet]);
          this.gro.receive(cpu, packet, group);
          taken++;
        }
        cpu.serveNobody();
        this.chargeLines(cpu);
        if (parts.dma !== undefined) yield* parts.dma.unmapping(cpu);
        yield RUN;
        for (const packet of group) parts.received(packet);
        group.length = 0;
      }
      this.gro.flush(cpu, group);
      if (group.length > 0) {
        yield RUN;
        for (const packet of group.splice(0)) parts.received(packet);
      }
      if (rx.numFree > Math.min(NAPI_POLL_WEIGHT, rx.size) / 2) {
        if (parts.dma === undefined) this.fill();
        else yield* this.fillMapped(cpu, parts.dma);
        if (rx.kickPrepare()) {
          kick.leave(cpu);
          yield RUN;
          const work = kick.act(cpu);
          if (work !== null) yield* work;
          kick.enter(cpu);
        }
      }
      // The full weight: there may be more, and interrupts stay off.
      if (taken === NAPI_POLL_WEIGHT) cpu.signal();
      else {
        this.chargeLines(cpu);
        cpu.charge(this.napiComplete);
        yield RUN;
        if (rx.enableCallbacks()) {
          rx.disableCallbacks();
          cpu.signal();
        }
      }
      yield WAIT;
    }
  }

  /** The other buffers of a packet that fills several: fragments of its skb. */
  private takeOthers(cpu: Context, count: number): void {
    const { rx, parts } = this;
    if (count > 0) cpu.charge(this.fragment, count);
    for (let i = 0; i < count; i++) {
      const address = reapChecked(rx, this.cpu, 'virtio-net rx');
      if (address === NOTHING) return;
      parts.dma?.unmap(address);
      parts.memory.release(address);
    }
  }

  /** What it took to read the ring since the last call. */
  private chargeLines(cpu: Context): void {
    const lines = this.rx.takeLines();
    if (lines > 0) cpu.charge(this.ringLine, lines);
  }

  private fill(): void {
    const { parts } = this;
    while (this.buffers.room) {
      const address = parts.memory.allocate();
      parts.dma?.map(address);
      this.buffers.add(address);
    }
  }

  /** As `fill`, where each buffer is mapped first. */
  private *fillMapped(cpu: Context, dma: VringDma): Access {
    const { parts } = this;
    while (this.buffers.room) {
      const address = parts.memory.allocate();
      yield* dma.mapping(cpu, address);
      this.buffers.add(address);
    }
  }
}
