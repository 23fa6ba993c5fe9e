/**
 * Linux's virtio_net driver (drivers/net/virtio_net.c): one queue pair, NAPI on both queues, completion interrupts
 * delayed to 3/4 of what is outstanding. The receive side is in `virtio-net-receive.ts`.
 */
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { BH_OFF } from '../hardware/mode.ts';
import { PacketQueue } from '../hardware/packet-queue.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { Access } from '../hardware/register-port.ts';
import type { Doorbell, NetDevice, Stack } from '../linux/net-device.ts';
import { DriverQueue, NOTHING } from '../virtio/driver-queue.ts';
import type { GuestMemory } from '../virtio/guest-memory.ts';
import { VIRTIO_NET_HEADER } from '../virtio/net-buffer.ts';
import type { SplitRing } from '../virtio/split-ring.ts';
import { VirtioNetReceive } from './virtio-net-receive.ts';
import { napiVector, reapChecked } from './virtio-net-vector.ts';
import type { VringDma } from './vring-dma.ts';

/** Packets that may be published before the first of them is mapped: as many as a ring takes. */
const TX_PENDING = 1024;
/** The queue stops below 2 + MAX_SKB_FRAGS free descriptors. */
const STOP_BELOW = 19;

export interface VirtioNetOptions {
  readonly indirect: boolean;
  /** Module parameter napi_tx: completions interrupt; off: packets are orphaned when sent. */
  readonly napi_tx: boolean;
  /** Guest kernels 5.13–6.3 without the callback fix. */
  readonly rearmsWhileReaping: boolean;
  /** Teaching: the driver asks for no completion interrupts, unless its queue is full. */
  readonly completionInterrupts: boolean;
}

export interface VirtioNetParts {
  readonly tx: SplitRing;
  readonly rx: SplitRing;
  readonly memory: GuestMemory;
  readonly packets: Packets;
  readonly kickTx: Doorbell;
  readonly kickRx: Doorbell;
  readonly stackRx: Cost;
  /** Behind an IOMMU that the guest sees; else descriptors hold the memory's own addresses. */
  readonly dma?: VringDma | undefined;
}

export class VirtioNet implements NetDevice {
  readonly doorbell: Doorbell;
  readonly txLine: InterruptLine;
  readonly rxLine: InterruptLine;
  private readonly cpu: Processor;
  private readonly tx: DriverQueue;
  private readonly parts: VirtioNetParts;
  private readonly options: VirtioNetOptions;
  private readonly txCost: Cost;
  private readonly reapCost: Cost;
  private readonly napiComplete: Cost;
  private readonly txNapi: Context;
  /** Behind an IOMMU: published, and not yet added to the ring. */
  private readonly pending = new PacketQueue(TX_PENDING);
  private readonly stageMap: Stage;
  private readonly waitQemu: Stage;
  private stack!: Stack;
  stopped = false;

  constructor(cpu: Processor, parts: VirtioNetParts, options: VirtioNetOptions) {
    const { costs, timeline } = cpu.books;
    this.stageMap = timeline.working('guest: DMA map');
    this.waitQemu = timeline.waiting('wait: exit to QEMU');
    this.cpu = cpu;
    this.parts = parts;
    this.options = options;
    this.tx = new DriverQueue(parts.tx, options);
    this.txCost = costs.cost('virtioNet.tx');
    this.reapCost = costs.cost('virtioNet.txClean');
    this.napiComplete = costs.cost('napi.complete');
    this.doorbell =
      parts.dma === undefined
        ? parts.kickTx
        : { leave: () => {}, act: (context) => this.transmitMapped(context), enter: () => {} };
    const { rx, memory, packets, kickRx, stackRx } = parts;
    const receive = new VirtioNetReceive(
      cpu,
      {
        ring: rx,
        memory,
        packets,
        kick: kickRx,
        stackRx,
        dma: parts.dma,
        cleanTransmitted: (context) => this.cleanTransmitted(context),
        received: (packet) => this.stack.received(packet),
      },
      options,
    );
    this.rxLine = receive.line;
    this.txNapi = cpu.softirq('virtio-net tx napi', (context) => this.poll(context));
    this.txLine = napiVector(cpu, 'virtio-net tx', this.tx, this.txNapi);
    if (!options.completionInterrupts) this.tx.disableCallbacks();
  }

  attach(stack: Stack): void {
    this.stack = stack;
  }

  /**
   * The vector for changes of the configuration; its handler is made when the first one comes. Linux's driver looks
   * for the state of the link and for announcements: that the device needs a reset is lost on it.
   * Simplification: the work item that reads those two costs nothing; it comes once in a device's life.
   */
  configLine(): InterruptLine {
    return this.cpu.interrupt('virtio-net config', function* (line): Program {
      yield WAIT;
      for (;;) {
        line.enter();
        line.leave();
        yield RUN;
        yield WAIT;
      }
    });
  }

  /** Buffers reaped in `publish`, whose cost the next packet's start_xmit pays: how many is known too late. */
  private owed = 0;

  prepare(cpu: Context, _packet: Packet): void {
    if (this.owed > 0) cpu.charge(this.reapCost, this.owed);
    this.owed = 0;
    cpu.charge(this.txCost);
  }

  publish(_cpu: Context, packet: Packet, more: boolean): boolean {
    if (this.parts.dma === undefined) return this.add(packet, this.parts.memory.allocate(), more);
    this.pending.push(packet);
    return true;
  }

  /**
   * Behind an IOMMU each packet is mapped before it is added, and what is found used is unmapped; bottom halves are off,
   * as in all of start_xmit, so that nobody else transmits in between.
   */
  private *transmitMapped(cpu: Context): Access {
    const { parts, pending } = this;
    const dma = parts.dma as VringDma;
    const outer = cpu.mode;
    cpu.mode = BH_OFF;
    while (pending.length > 0) {
      const packet = pending.shift();
      const address = parts.memory.allocate();
      cpu.serve(parts.packets.request[packet], this.stageMap, this.waitQemu);
      yield* dma.mapping(cpu, address);
      cpu.serveNobody();
      if (this.add(packet, address, false)) {
        parts.kickTx.leave(cpu);
        yield RUN;
        const work = parts.kickTx.act(cpu);
        if (work !== null) yield cpu.call(work);
        parts.kickTx.enter(cpu);
      }
      yield* dma.unmapping(cpu);
    }
    cpu.mode = outer;
  }

  /** @returns whether the device wants a kick. */
  private add(packet: Packet, address: number, more: boolean): boolean {
    const { tx, parts, options } = this;
    const interrupts = this.completionsInterrupt;
    do {
      if (interrupts) tx.disableCallbacks();
      this.owed += this.reapTransmitted();
    } while (interrupts && !more && !tx.enableCallbacksDelayed());
    parts.memory.write(address, packet);
    if (!tx.addOne(address, VIRTIO_NET_HEADER + parts.packets.size[packet], false, address)) {
      this.drop(packet, address);
      return false;
    }
    if (!options.napi_tx) this.stack.freed(packet);
    if (tx.numFree < STOP_BELOW) this.stop();
    return (!more || this.stopped) && tx.kickPrepare();
  }

  /** The queue is broken (it never runs full here): start_xmit frees what it cannot add. */
  private drop(packet: Packet, address: number): void {
    const { cpu, parts, stack } = this;
    const { memory, packets } = parts;
    const request = packets.request[packet];
    memory.release(address);
    if (request >= 0) cpu.books.timeline.drop(request, cpu.sim.now, 'virtio-net tx: queue broken');
    stack.freed(packet);
    packets.release(packet);
  }

  private get completionsInterrupt(): boolean {
    return this.options.napi_tx && this.options.completionInterrupts;
  }

  /** Too few descriptors are left for another packet with fragments. */
  private stop(): void {
    const { tx, options } = this;
    this.stopped = true;
    if (tx.enableCallbacksDelayed()) return;
    if (options.napi_tx) {
      this.txNapi.signal();
      return;
    }
    this.owed += this.reapTransmitted();
    if (tx.numFree < STOP_BELOW) return;
    this.stopped = false;
    tx.disableCallbacks();
  }

  /** free_old_xmit: takes back all used transmit buffers. @returns how many. */
  private reapTransmitted(): number {
    const { tx, parts, options, stack } = this;
    let count = 0;
    for (
      let address = reapChecked(tx, this.cpu, 'virtio-net tx');
      address !== NOTHING;
      address = reapChecked(tx, this.cpu, 'virtio-net tx')
    ) {
      const packet = parts.memory.read(address);
      if (options.napi_tx) stack.freed(packet);
      parts.packets.release(packet);
      parts.dma?.unmap(address);
      parts.memory.release(address);
      count++;
    }
    return count;
  }

  private chargeReaped(cpu: Context, count: number): void {
    if (count > 0) cpu.charge(this.reapCost, count);
  }

  private restart(): void {
    if (!this.stopped || this.tx.numFree < STOP_BELOW) return;
    this.stopped = false;
    this.stack.restarted();
  }

  private *poll(cpu: Context): Program {
    const { tx } = this;
    yield WAIT;
    for (;;) {
      tx.disableCallbacks();
      this.chargeReaped(cpu, this.reapTransmitted());
      if (this.parts.dma !== undefined) yield* this.parts.dma.unmapping(cpu);
      cpu.charge(this.napiComplete);
      yield RUN;
      this.restart();
      // Orphaned packets need no interrupts unless the queue is stopped.
      if ((this.completionsInterrupt || this.stopped) && tx.enableCallbacks()) cpu.signal();
      yield WAIT;
    }
  }

  /** virtnet_poll_cleantx: the receive poll also reaps what was transmitted. */
  private cleanTransmitted(cpu: Context): void {
    const { tx } = this;
    if (!this.completionsInterrupt) return;
    do {
      tx.disableCallbacks();
      this.chargeReaped(cpu, this.reapTransmitted());
    } while (!tx.enableCallbacksDelayed());
    this.restart();
  }
}
