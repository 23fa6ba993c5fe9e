/** One PCI function of a NIC, the physical one or a VF: what a driver programs. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Counter } from '../../accounting/counters.ts';
import { InvariantError } from '../../accounting/invariant.ts';
import { Port } from '../../kernel/port.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { type Picoseconds, ps } from '../../units.ts';
import type { Requester } from './iommu.ts';
import type { Page } from './iommu-domain.ts';
import { type Completion, ModeratedVector, type Moderation } from './moderation.ts';
import { PacketQueue } from './packet-queue.ts';
import type { Packet } from './packets.ts';
import { isSegmented, piecesOf } from './segmentation.ts';

export interface FunctionSettings {
  readonly txRing: number;
  readonly rxRing: number;
  readonly moderation: Moderation;
  /** How its DMA passes the IOMMU; null: untranslated. */
  readonly dma: Requester | null;
}

/** The NIC behind a function. */
interface Device {
  readonly sim: Simulation;
  readonly books: Accounting;
  readonly settings: { readonly doorbellLatency: Picoseconds };
  transmit(from: NicFunction, packet: Packet, notice: Picoseconds): void;
}

/** One descriptor in memory, bytes; as Intel's. */
const DESCRIPTOR_SHIFT = 4;
const PAGE_SHIFT = 12;
/** Pages that a ring of so many descriptors takes. */
export const ringPages = (entries: number): number =>
  Math.ceil((entries << DESCRIPTOR_SHIFT) / 2 ** PAGE_SHIFT);

/** Descriptors that a packet takes: one a piece, and one that says how to cut it (a context descriptor). */
export const transmitSlots = (size: number): number => (isSegmented(size) ? piecesOf(size) + 1 : 1);

/** `nextBuffer`: none is posted for that frame so far. */
export const NO_BUFFER = -1;

interface FunctionIdentity {
  readonly index: number;
  readonly name: string;
  readonly vm: string;
}

export class NicFunction {
  readonly index: number;
  readonly name: string;
  readonly vm: string;
  readonly settings: FunctionSettings;
  readonly vector: ModeratedVector;
  /** The interrupt message leaves for the processor. */
  readonly interrupt = new Port<void>('nic interrupt');
  /** Frames received, written to memory, not yet taken by the driver. */
  readonly received: PacketQueue;
  private readonly nic: Device;
  private posted = 0;
  private look: (() => void) | null = null;
  /** Where the rings lie, and what page each posted buffer lies in. */
  private txRing: Page = 0;
  private rxRing: Page = 0;
  private readonly buffers: Int32Array;
  private txSlot = 0;
  private rxSlot = 0;
  /** Frames that are on their way into posted buffers. */
  private underWay = 0;
  private lastWrite = 0;
  /** Frames transmitted since the driver last cleaned its ring. */
  transmitted = 0;
  private readonly raised: Counter;
  private readonly sentFrames: Counter;
  private readonly receivedFrames: Counter;

  constructor(nic: Device, identity: FunctionIdentity, settings: FunctionSettings) {
    const { name, vm } = identity;
    this.nic = nic;
    this.vm = vm;
    this.index = identity.index;
    this.name = name;
    this.settings = settings;
    this.received = new PacketQueue(settings.rxRing);
    this.buffers = new Int32Array(settings.rxRing);
    this.raised = nic.books.counters.counter('interrupts.raised', name, vm);
    this.sentFrames = nic.books.counters.counter('frames', 'tx', vm);
    this.receivedFrames = nic.books.counters.counter('frames', 'rx', vm);
    this.vector = new ModeratedVector(nic.sim, name, settings.moderation, () => {
      this.raised.value++;
      this.interrupt.send();
    });
  }

  /** Completions raise no interrupt but are seen by whoever looks at the rings: a polling driver, or the device itself. */
  poll(look: () => void): void {
    this.look = look;
  }

  private completed(what: Completion): void {
    if (this.look === null) this.vector.request(what);
    else this.look();
  }

  /** The driver tells where its rings begin. */
  place(txRing: Page, rxRing: Page): void {
    this.txRing = txRing;
    this.rxRing = rxRing;
  }

  /** Doorbell: the frame is in the transmit ring. */
  transmit(packet: Packet): void {
    this.nic.transmit(this, packet, this.nic.settings.doorbellLatency);
  }

  /** The device found the frame in a ring that it reads by itself. */
  fetch(packet: Packet): void {
    this.nic.transmit(this, packet, ps(0));
  }

  /** Page of the next transmit descriptor, of a packet that has `slots` of them. */
  nextDescriptor(slots: number): Page {
    const page = this.txRing + ((this.txSlot << DESCRIPTOR_SHIFT) >> PAGE_SHIFT);
    this.txSlot += slots;
    if (this.txSlot >= this.settings.txRing) this.txSlot -= this.settings.txRing;
    return page;
  }

  /** Doorbell: `count` more receive buffers. */
  post(count: number): void {
    this.posted += count;
    if (this.posted > this.settings.rxRing) throw new InvariantError(`${this.name}: receive ring overfilled`);
  }

  /** Doorbell: one more receive buffer, in `page`. */
  postBuffer(page: Page): void {
    this.buffers[this.slot(this.posted)] = page;
    this.post(1);
  }

  /** The slot `ahead` of the one that is filled next. */
  private slot(ahead: number): number {
    const slot = this.rxSlot + ahead;
    return slot < this.settings.rxRing ? slot : slot - this.settings.rxRing;
  }

  /** A frame is on its way to the next buffer. @returns its page, or NO_BUFFER. */
  nextBuffer(): Page {
    const ahead = this.underWay++;
    return ahead < this.posted ? this.buffers[this.slot(ahead)] : NO_BUFFER;
  }

  /** Page of the descriptor of the buffer that `nextBuffer` answered with. */
  get bufferDescriptor(): Page {
    return this.rxRing + ((this.slot(this.underWay - 1) << DESCRIPTOR_SHIFT) >> PAGE_SHIFT);
  }

  /** A write that could be done at `ready` follows those before it. @returns when it is done. */
  inOrder(ready: number): number {
    if (ready > this.lastWrite) this.lastWrite = ready;
    return this.lastWrite;
  }

  /** The frame has arrived, or was refused on its way. @returns the page of the buffer at the head of the ring. */
  landed(): Page {
    this.underWay--;
    return this.buffers[this.rxSlot];
  }

  /** A frame was written to memory. @returns false when no buffer was posted. */
  deliver(packet: Packet): boolean {
    if (this.posted === 0) return false;
    this.posted--;
    this.rxSlot = this.slot(1);
    this.receivedFrames.value++;
    this.received.push(packet);
    this.completed('rx');
    return true;
  }

  departed(frames: number): void {
    this.sentFrames.value += frames;
    this.writtenBack();
  }

  /** A transmit descriptor is written back: the frame went out, or could not be read. */
  writtenBack(): void {
    this.transmitted++;
    this.completed('tx');
  }
}
