/**
 * A NIC function that is itself a virtio device: it reads the guest's rings by DMA and writes them, without a backend.
 *
 *   doorbell ─► read avail ring ─► fetch descriptor and payload ─► wire
 *   wire ─► payload into a buffer fetched before ─► used ring ─► message, if the ring asks for one
 *
 * Assumed, since such devices document little of it: it reads on until the avail ring is empty and then asks for a
 * doorbell; receive buffers are fetched ahead as far as the function's ring reaches. Simplification: reads and writes of
 * the rings pay the latency of a DMA, not bandwidth.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Counter, Counters } from '../../accounting/counters.ts';
import type { Handler, Simulation } from '../../kernel/simulation.ts';
import { Fifo } from '../../models/hardware/fifo.ts';
import type { Page } from '../../models/hardware/iommu-domain.ts';
import type { NicSettings } from '../../models/hardware/nic.ts';
import type { NicFunction } from '../../models/hardware/nic-function.ts';
import type { Packet, Packets } from '../../models/hardware/packets.ts';
import { takeFrame } from '../../models/host/guest-frame.ts';
import type { Doorbell } from '../../models/linux/net-device.ts';
import { countError } from '../../models/virtio/device-error.ts';
import { BROKEN, type DeviceQueue } from '../../models/virtio/device-queue.ts';
import type { GuestMemory } from '../../models/virtio/guest-memory.ts';
import { type Coalescing, NotificationTimer } from './coalescing.ts';

export interface VirtioNicParts {
  readonly vm: string;
  readonly function: NicFunction;
  readonly nic: Pick<NicSettings, 'dmaRead' | 'dmaWrite'>;
  readonly tx: DeviceQueue;
  readonly rx: DeviceQueue;
  readonly memory: GuestMemory;
  /** Page at which the device finds what the ring says is at `address`. */
  readonly pageOf: (address: number) => Page;
  readonly packets: Packets;
  readonly coalescing: { readonly tx: Coalescing; readonly rx: Coalescing };
  /** Sends the vector's message. */
  readonly message: (queue: 'tx' | 'rx') => void;
}

/** A buffer of the receive ring that the device holds. */
interface Buffer {
  readonly head: number;
  readonly address: number;
}

export class VirtioNic {
  readonly doorbellTx: Doorbell;
  readonly doorbellRx: Doorbell;
  private readonly sim: Simulation;
  private readonly counters: Counters;
  private readonly parts: VirtioNicParts;
  private readonly fetch: Handler;
  private readonly writeBack: Handler;
  private readonly heads = new Fifo<number>();
  private readonly sent = new Fifo<Packet>();
  private readonly buffers = new Fifo<Buffer>();
  private readonly timers: Readonly<Record<'tx' | 'rx', NotificationTimer>>;
  /** The transmit ring is being read. */
  private reading = false;
  private posted = 0;

  constructor(sim: Simulation, books: Accounting, parts: VirtioNicParts) {
    const { coalescing, vm, function: fn } = parts;
    const { counters } = books;
    this.sim = sim;
    this.counters = counters;
    this.parts = parts;
    this.fetch = sim.handler(() => this.readAvail(), 'vdpa reads the avail ring');
    this.writeBack = sim.handler(() => this.completeTx(), 'vdpa writes the used ring');
    const timer = (queue: 'tx' | 'rx'): NotificationTimer => {
      const raised = counters.counter('interrupts.raised', `virtio-net ${queue}`, vm);
      return new NotificationTimer(sim, coalescing[queue], () => {
        if (!parts[queue].shouldSignal()) return;
        raised.value++;
        parts.message(queue);
      });
    };
    this.timers = { tx: timer('tx'), rx: timer('rx') };
    const doorbell = books.costs.cost('nicDriver.doorbell');
    const ring = (kicks: Counter, act: () => void): Doorbell => ({
      leave: (cpu) => {
        kicks.value++;
        cpu.charge(doorbell);
      },
      act: () => {
        act();
        return null;
      },
      enter: () => {},
    });
    this.doorbellTx = ring(counters.counter('kicks', 'tx', vm), () => this.kickedTx());
    this.doorbellRx = ring(counters.counter('kicks', 'rx', vm), () => this.fetchBuffers());
    fn.poll(() => this.completed());
    parts.tx.allowKicks();
  }

  /** The driver is ready (DRIVER_OK): receive buffers are fetched ahead. */
  start(): void {
    this.fetchBuffers();
  }

  private broken(queue: 'tx' | 'rx'): void {
    countError(this.counters, this.parts.vm, `vdpa ${queue}`, this.parts[queue].fault);
  }

  // --- transmit -------------------------------------------------------------------------------------------------

  private kickedTx(): void {
    if (this.reading) return;
    this.reading = true;
    this.parts.tx.suppressKicks();
    this.sim.after(this.parts.nic.dmaRead, this.fetch);
  }

  /** What the read of the avail ring brought; it is read again until it brings nothing. */
  private readAvail(): void {
    const { tx, memory, pageOf, packets, function: fn, nic } = this.parts;
    let found = 0;
    for (;;) {
      const head = tx.pop();
      if (head === BROKEN) {
        // Kicks stay off, nothing more is read: the device needs a reset.
        this.broken('tx');
        return;
      }
      if (head < 0) break;
      const frame = takeFrame(tx, memory, packets);
      packets.page[frame] = pageOf(tx.address[0]);
      this.heads.push(head);
      this.sent.push(frame);
      fn.fetch(frame);
      found++;
    }
    if (found === 0 && !tx.allowKicks()) {
      this.reading = false;
      return;
    }
    tx.suppressKicks();
    this.sim.after(nic.dmaRead, this.fetch);
  }

  private completeTx(): void {
    const { tx, packets } = this.parts;
    packets.release(this.sent.shift() as Packet);
    tx.push(this.heads.shift() as number, 0);
    tx.flush();
    this.timers.tx.packet();
  }

  // --- receive --------------------------------------------------------------------------------------------------

  private fetchBuffers(): void {
    const { rx, pageOf, function: fn } = this.parts;
    let head = 0;
    while (this.posted < fn.settings.rxRing) {
      head = rx.pop();
      if (head < 0) break;
      const address = rx.address[rx.readable];
      this.buffers.push({ head, address });
      fn.postBuffer(pageOf(address));
      this.posted++;
    }
    if (head === BROKEN) this.broken('rx');
    else rx.allowKicks();
  }

  /** A frame has left, or one has arrived in a buffer of the function's ring. */
  private completed(): void {
    const { rx, memory, packets, function: fn, nic } = this.parts;
    for (; fn.transmitted > 0; fn.transmitted--) this.sim.after(nic.dmaWrite, this.writeBack);
    while (fn.received.length > 0) {
      const packet = fn.received.shift();
      const { head, address } = this.buffers.shift() as Buffer;
      this.posted--;
      memory.write(address, packet);
      rx.push(head, packets.size[packet]);
      rx.flush();
      this.timers.rx.packet();
      if (rx.fault === null && rx.availableNow) this.fetchBuffers();
    }
  }
}
