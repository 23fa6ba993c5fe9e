/** The receive side of Linux's virtio_net (drivers/net/virtio_net.c): NAPI polls up to 64 packets and refills the ring. */
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { Access } from '../hardware/register-port.ts';
import { GRO_NORMAL_BATCH, NAPI_POLL_WEIGHT } from '../linux/napi.ts';
import type { Doorbell } from '../linux/net-device.ts';
import { type DriverOptions, type DriverQueue, NOTHING } from '../virtio/driver-queue.ts';
import { BUFFER_SIZE, type GuestMemory } from '../virtio/guest-memory.ts';
import type { Virtqueue } from '../virtio/virtqueue.ts';
import { type QueueVectors, reapChecked } from './virtio-net-vector.ts';
import type { VringDma } from './vring-dma.ts';

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
  private readonly stage: Stage;
  private readonly waitInterrupt: Stage;

  constructor(cpu: Processor, parts: ReceiveParts, options: Omit<DriverOptions, 'inOrder'>) {
    const { costs, timeline } = cpu.books;
    this.cpu = cpu;
    this.parts = parts;
    // Receive queues carry a context pointer, so Linux never uses indirect descriptors there.
    this.rx = parts.queue.driver({ ...options, indirect: false });
    this.rxCost = costs.cost('virtioNet.rx');
    this.napiComplete = costs.cost('napi.complete');
    this.ringLine = costs.cost('ring.line');
    this.stage = timeline.working('stack: receive');
    this.waitInterrupt = timeline.waiting('wait: guest interrupt and softirq');
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
        while (taken < NAPI_POLL_WEIGHT && group.length < GRO_NORMAL_BATCH && rx.moreUsed) {
          const address = reapChecked(rx, this.cpu, 'virtio-net rx');
          if (address === NOTHING) break;
          const packet = memory.read(address);
          parts.dma?.unmap(address);
          memory.release(address);
          cpu.serve(packets.request[packet], this.stage, this.waitInterrupt);
          cpu.charge(this.rxCost);
          cpu.charge(parts.stackRx);
          group.push(packet);
          taken++;
        }
        cpu.serveNobody();
        this.chargeLines(cpu);
        if (parts.dma !== undefined) yield* parts.dma.unmapping(cpu);
        yield RUN;
        for (const packet of group) parts.received(packet);
        group.length = 0;
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

  /** What it took to read the ring since the last call. */
  private chargeLines(cpu: Context): void {
    const lines = this.rx.takeLines();
    if (lines > 0) cpu.charge(this.ringLine, lines);
  }

  private fill(): void {
    const { rx, parts } = this;
    while (rx.numFree > 0 && rx.fault === null) {
      const address = parts.memory.allocate();
      parts.dma?.map(address);
      this.add(address);
    }
  }

  /** As `fill`, where each buffer is mapped first. */
  private *fillMapped(cpu: Context, dma: VringDma): Access {
    const { rx, parts } = this;
    while (rx.numFree > 0 && rx.fault === null) {
      const address = parts.memory.allocate();
      yield* dma.mapping(cpu, address);
      this.add(address);
    }
  }

  private add(address: number): void {
    this.rx.addOne(address, Math.min(BUFFER_SIZE, 1536), true, address);
  }
}
