/**
 * Linux's virtio_net driver (drivers/net/virtio_net.c): one queue pair, NAPI on both queues, completion interrupts
 * delayed to 3/4 of what is outstanding. The receive side is in `virtio-net-receive.ts`.
 */
import type { Cost } from '../../accounting/cost.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { Doorbell, NetDevice, Stack } from '../linux/net-device.ts';
import { type DriverQueue, NOTHING } from '../virtio/driver-queue.ts';
import type { GuestMemory } from '../virtio/guest-memory.ts';
import { VIRTIO_NET_HEADER } from '../virtio/net-buffer.ts';
import type { Virtqueue } from '../virtio/virtqueue.ts';
import { MappedTransmit } from './virtio-net-mapped-transmit.ts';
import { VirtioNetReceive } from './virtio-net-receive.ts';
import type { ReceiveKind } from './virtio-net-receive-buffers.ts';
import { TransmitBuffers } from './virtio-net-transmit-buffers.ts';
import { napiVector, type QueueVectors, reapChecked } from './virtio-net-vector.ts';
import type { VringDma } from './vring-dma.ts';

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
  /** The header before each frame, bytes; 12 where not given. */
  readonly header?: number;
  /** The header needs a descriptor of its own: neither VERSION_1 nor ANY_LAYOUT. */
  readonly headerApart?: boolean;
  /** HOST_TSO4 was negotiated; not so where not given. */
  readonly tso?: boolean;
  /** Kind of its receive buffers; mergeable where not given. */
  readonly receives?: ReceiveKind;
}

export interface VirtioNetParts {
  readonly tx: Virtqueue;
  readonly rx: Virtqueue;
  readonly memory: GuestMemory;
  readonly packets: Packets;
  readonly kickTx: Doorbell;
  readonly kickRx: Doorbell;
  readonly stackRx: Cost;
  /** A vector for each queue where not given. */
  readonly vectors?: QueueVectors;
  /** Behind an IOMMU that the guest sees; else descriptors hold the memory's own addresses. */
  readonly dma?: VringDma | undefined;
}

export class VirtioNet implements NetDevice {
  readonly doorbell: Doorbell;
  readonly tso: boolean;
  readonly txLine: InterruptLine;
  readonly rxLine: InterruptLine;
  private readonly cpu: Processor;
  private readonly tx: DriverQueue;
  private readonly buffers: TransmitBuffers;
  private readonly parts: VirtioNetParts;
  private readonly options: VirtioNetOptions;
  private readonly txCost: Cost;
  private readonly reapCost: Cost;
  private readonly ringLine: Cost;
  private readonly napiComplete: Cost;
  private readonly txNapi: Context;
  /** Behind an IOMMU. */
  private readonly mapped: MappedTransmit | null;
  private stack!: Stack;
  stopped = false;

  constructor(cpu: Processor, parts: VirtioNetParts, options: VirtioNetOptions) {
    const { costs } = cpu.books;
    this.cpu = cpu;
    this.parts = parts;
    this.options = options;
    this.tso = options.tso ?? false;
    this.tx = parts.tx.driver(options);
    const { header = VIRTIO_NET_HEADER, headerApart = false } = options;
    this.buffers = new TransmitBuffers(this.tx, parts.memory, { size: header, apart: headerApart });
    this.txCost = costs.cost('virtioNet.tx');
    this.reapCost = costs.cost('virtioNet.txClean');
    this.ringLine = costs.cost('ring.line');
    this.napiComplete = costs.cost('napi.complete');
    const { rx, memory, packets, kickTx, kickRx, stackRx, dma } = parts;
    const add = (packet: Packet, address: number): boolean => this.add(packet, false, address);
    this.mapped = dma === undefined ? null : new MappedTransmit(cpu, { memory, packets, kickTx, dma, add });
    this.doorbell = this.mapped ?? kickTx;
    const vectors: QueueVectors =
      parts.vectors ?? ((name, queue, napi) => napiVector(cpu, name, queue, napi));
    const receive = new VirtioNetReceive(
      cpu,
      {
        queue: rx,
        memory,
        packets,
        kick: kickRx,
        stackRx,
        dma,
        cleanTransmitted: (context) => this.cleanTransmitted(context),
        received: (packet) => this.stack.received(packet),
        vectors,
      },
      options,
    );
    this.rxLine = receive.line;
    this.txNapi = cpu.softirq('virtio-net tx napi', (context) => this.poll(context));
    this.txLine = vectors('virtio-net tx', this.tx, this.txNapi);
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

  /**
   * Buffers reaped in `publish`, whose cost the next packet's start_xmit pays, as that of the ring's lines that were
   * fetched: how many is known too late.
   */
  private owed = 0;

  prepare(cpu: Context, _packet: Packet): void {
    if (this.owed > 0) cpu.charge(this.reapCost, this.owed);
    this.owed = 0;
    this.chargeLines(cpu);
    cpu.charge(this.txCost);
  }

  /** What it took to read the ring since the last call. */
  private chargeLines(cpu: Context): void {
    const lines = this.tx.takeLines();
    if (lines > 0) cpu.charge(this.ringLine, lines);
  }

  publish(_cpu: Context, packet: Packet, more: boolean): boolean {
    return this.mapped === null ? this.add(packet, more) : this.mapped.push(packet);
  }

  /** @param address of its buffer, where that is mapped already. @returns whether the device wants a kick. */
  private add(packet: Packet, more: boolean, address?: number): boolean {
    const { tx, parts, options } = this;
    const interrupts = this.completionsInterrupt;
    do {
      if (interrupts) tx.disableCallbacks();
      this.owed += this.reapTransmitted();
    } while (interrupts && !more && !tx.enableCallbacksDelayed());
    if (!this.buffers.add(packet, parts.packets.size[packet], address)) {
      if (address !== undefined) parts.dma?.unmap(address);
      this.drop(packet);
      return false;
    }
    if (!options.napi_tx) this.stack.freed(packet);
    if (tx.numFree < STOP_BELOW) this.stop();
    return (!more || this.stopped) && tx.kickPrepare();
  }

  /** The queue is broken (it never runs full here): start_xmit frees what it cannot add. */
  private drop(packet: Packet): void {
    const { cpu, parts, stack } = this;
    const { packets } = parts;
    const request = packets.request[packet];
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
      this.buffers.release(address);
      count++;
    }
    return count;
  }

  private chargeReaped(cpu: Context, count: number): void {
    if (count > 0) cpu.charge(this.reapCost, count);
    this.chargeLines(cpu);
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
