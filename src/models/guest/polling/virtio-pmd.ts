/**
 * DPDK's poll-mode driver of a virtio network device (drivers/net/virtio/virtio_rxtx.c): it asks for no interrupts, takes
 * bursts of at most 32 packets, and asks once a burst whether the device wants a kick.
 * Simplification: a receive burst is not cut at the end of a cache line of descriptors.
 */
import type { Cost } from '../../../accounting/cost.ts';
import type { Stage } from '../../../accounting/stages.ts';
import { type Context, type Program, RUN, WAIT } from '../../hardware/context.ts';
import type { Packet, Packets } from '../../hardware/packets.ts';
import type { InterruptLine, Processor } from '../../hardware/processor.ts';
import type { Doorbell, NetDevice } from '../../linux/net-device.ts';
import { type DriverQueue, NOTHING } from '../../virtio/driver-queue.ts';
import { BUFFER_SIZE, type GuestMemory } from '../../virtio/guest-memory.ts';
import type { Virtqueue } from '../../virtio/virtqueue.ts';
import { TransmitBuffers } from '../virtio-net-transmit-buffers.ts';
import { reapChecked } from '../virtio-net-vector.ts';

/** Packets that an application takes or sends at once (MAX_PKT_BURST of DPDK's examples). */
export const BURST = 32;

/** tx_free_thresh where the application sets none: DEFAULT_TX_FREE_THRESH, but at most a quarter of the ring. */
const FREE_THRESHOLD = 32;

export interface VirtioPmdOptions {
  readonly indirect: boolean;
  /** The header before each frame, bytes. */
  readonly header: number;
  /** The header needs a descriptor of its own. */
  readonly headerApart: boolean;
}

export interface VirtioPmdParts {
  readonly tx: Virtqueue;
  readonly rx: Virtqueue;
  readonly memory: GuestMemory;
  readonly packets: Packets;
  readonly kickTx: Doorbell;
  readonly kickRx: Doorbell;
}

export class VirtioPmd implements NetDevice {
  readonly doorbell: Doorbell;
  readonly tso = false;
  /** Of the receive queue, whose refill may have to be announced. */
  readonly refillDoorbell: Doorbell;
  readonly txLine: InterruptLine;
  readonly rxLine: InterruptLine;
  private readonly cpu: Processor;
  private readonly parts: VirtioPmdParts;
  private readonly tx: DriverQueue;
  private readonly rx: DriverQueue;
  private readonly buffers: TransmitBuffers;
  /** Descriptors that a packet takes. */
  private readonly slots: number;
  private readonly freeThreshold: number;
  private readonly txCost: Cost;
  private readonly rxCost: Cost;
  private readonly cleanCost: Cost;
  private readonly ringLine: Cost;
  private readonly stage: Stage;
  private readonly waitLook: Stage;
  /** The device has used something that is looked at: a received frame, or room that somebody waits for. */
  noticed: () => void = () => {};

  constructor(cpu: Processor, parts: VirtioPmdParts, { indirect, header, headerApart }: VirtioPmdOptions) {
    const { costs, timeline } = cpu.books;
    this.cpu = cpu;
    this.parts = parts;
    this.tx = parts.tx.driver({ indirect, rearmsWhileReaping: false });
    this.rx = parts.rx.driver({ indirect: false, rearmsWhileReaping: false });
    this.buffers = new TransmitBuffers(this.tx, parts.memory, { size: header, apart: headerApart });
    this.slots = headerApart && !indirect ? 2 : 1;
    this.freeThreshold = Math.min(this.tx.size / 4, FREE_THRESHOLD);
    this.txCost = costs.cost('virtioPmd.tx');
    this.rxCost = costs.cost('virtioPmd.rx');
    this.cleanCost = costs.cost('virtioPmd.txClean');
    this.ringLine = costs.cost('ring.line');
    this.stage = timeline.working('guest PMD: receive');
    this.waitLook = timeline.waiting('wait: guest PMD');
    this.doorbell = parts.kickTx;
    this.refillDoorbell = parts.kickRx;
    this.txLine = this.unasked('virtio-pmd tx');
    this.rxLine = this.unasked('virtio-pmd rx');
    this.tx.disableCallbacks();
    this.rx.disableCallbacks();
    parts.rx.pollUsed(() => this.noticed());
    parts.tx.pollUsed(() => {
      if (this.tx.numFree < this.slots) this.noticed();
    });
    this.fill();
    this.rx.kickPrepare();
  }

  /** No kernel's stack is above it: who polls it asks for what was received. */
  attach(): void {}

  /** An interrupt that the driver did not ask for: vfio-pci's handler signals an eventfd that nobody waits on. */
  private unasked(name: string): InterruptLine {
    return this.cpu.interrupt(name, function* (line): Program {
      yield WAIT;
      for (;;) {
        line.enter();
        line.leave();
        yield RUN;
        yield WAIT;
      }
    });
  }

  /** The vector for changes of the configuration: that the device needs a reset is lost on the driver. */
  configLine(): InterruptLine {
    return this.unasked('virtio-pmd config');
  }

  // --- transmit ---------------------------------------------------------------------------------------------------

  get stopped(): boolean {
    const { tx } = this;
    return tx.fault === null && tx.numFree < this.slots && !tx.moreUsed;
  }

  /**
   * Frees what was sent, as tx_burst does at its start: of a split ring all that is used, once that is more than the
   * ring without its threshold, else what the burst lacks; of a packed ring only what it lacks. Charges for it.
   * @returns how many of a burst of `count` packets the ring takes; a broken one takes, and loses, them all.
   */
  makeRoom(cpu: Context, count: number): number {
    const { tx, slots } = this;
    const { usedCount } = tx;
    let cleaned = 0;
    if (usedCount !== null && usedCount > tx.size - this.freeThreshold) cleaned = this.clean(tx.size);
    const lacking = count * slots - tx.numFree;
    if (lacking > 0) cleaned += this.clean(tx.numFree + lacking);
    if (cleaned > 0) cpu.charge(this.cleanCost, cleaned);
    this.chargeLines(cpu, tx);
    return tx.fault === null ? Math.min(count, Math.floor(tx.numFree / slots)) : count;
  }

  /** Takes sent buffers back until `free` descriptors are, or none is left. @returns how many buffers. */
  private clean(free: number): number {
    const { tx, parts } = this;
    let count = 0;
    while (tx.numFree < free) {
      const address = reapChecked(tx, this.cpu, 'virtio-pmd tx');
      if (address === NOTHING) break;
      parts.packets.release(parts.memory.read(address));
      this.buffers.release(address);
      count++;
    }
    return count;
  }

  prepare(cpu: Context): void {
    cpu.charge(this.txCost);
  }

  publish(_cpu: Context, packet: Packet, more: boolean): boolean {
    if (!this.buffers.add(packet, this.parts.packets.size[packet])) this.drop(packet);
    return !more && this.tx.kickPrepare();
  }

  private drop(packet: Packet): void {
    const { cpu, parts } = this;
    const request = parts.packets.request[packet];
    if (request >= 0) cpu.books.timeline.drop(request, cpu.sim.now, 'virtio-pmd tx: queue broken');
    parts.packets.release(packet);
  }

  // --- receive ----------------------------------------------------------------------------------------------------

  /** The used ring has something. */
  get ready(): boolean {
    return this.rx.moreUsed;
  }

  /** Takes a burst and charges for it; commit, then `refill`. */
  receive(cpu: Context): Packet[] {
    const { rx, parts } = this;
    const { memory, packets } = parts;
    const burst: Packet[] = [];
    while (burst.length < BURST) {
      const address = reapChecked(rx, this.cpu, 'virtio-pmd rx');
      if (address === NOTHING) break;
      const packet = memory.read(address);
      memory.release(address);
      cpu.serve(packets.request[packet], this.stage, this.waitLook);
      cpu.charge(this.rxCost);
      burst.push(packet);
    }
    this.chargeLines(cpu, rx);
    cpu.serveNobody();
    return burst;
  }

  /** Puts new buffers in the place of those that were taken. @returns whether the device must be kicked. */
  refill(): boolean {
    return this.fill() && this.rx.kickPrepare();
  }

  private fill(): boolean {
    const { rx, parts } = this;
    const { numFree } = rx;
    while (rx.numFree > 0 && rx.fault === null) {
      const address = parts.memory.allocate();
      rx.addOne(address, Math.min(BUFFER_SIZE, 1536), true, address);
    }
    return rx.numFree < numFree;
  }

  private chargeLines(cpu: Context, queue: DriverQueue): void {
    const lines = queue.takeLines();
    if (lines > 0) cpu.charge(this.ringLine, lines);
  }
}
