/** One PCI function of a NIC, the physical one or a VF: what a driver programs. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Counter } from '../../accounting/counters.ts';
import { InvariantError } from '../../accounting/invariant.ts';
import { Port } from '../../kernel/port.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { type Picoseconds, ps } from '../../units.ts';
import { type Completion, ModeratedVector, type Moderation } from './moderation.ts';
import { PacketQueue } from './packet-queue.ts';
import type { Packet } from './packets.ts';

export interface FunctionSettings {
  readonly txRing: number;
  readonly rxRing: number;
  readonly moderation: Moderation;
  /** DMA addresses pass the IOMMU. */
  readonly translated: boolean;
}

/** The NIC behind a function. */
interface Device {
  readonly sim: Simulation;
  readonly books: Accounting;
  readonly settings: { readonly doorbellLatency: Picoseconds };
  transmit(from: NicFunction, packet: Packet, notice: Picoseconds): void;
}

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

  /** Doorbell: the frame is in the transmit ring. */
  transmit(packet: Packet): void {
    this.nic.transmit(this, packet, this.nic.settings.doorbellLatency);
  }

  /** The device found the frame in a ring that it reads by itself. */
  fetch(packet: Packet): void {
    this.nic.transmit(this, packet, ps(0));
  }

  /** Doorbell: `count` more receive buffers. */
  post(count: number): void {
    this.posted += count;
    if (this.posted > this.settings.rxRing) throw new InvariantError(`${this.name}: receive ring overfilled`);
  }

  /** A frame was written to memory. @returns false when no buffer was posted. */
  deliver(packet: Packet): boolean {
    if (this.posted === 0) return false;
    this.posted--;
    this.receivedFrames.value++;
    this.received.push(packet);
    this.completed('rx');
    return true;
  }

  departed(): void {
    this.sentFrames.value++;
    this.transmitted++;
    this.completed('tx');
  }
}
