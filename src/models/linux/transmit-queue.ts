/** A qdisc (pfifo_fast) in front of a driver: bypassed while the queue is empty and running. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { BH_OFF, inExit } from '../hardware/mode.ts';
import { PacketQueue } from '../hardware/packet-queue.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Processor } from '../hardware/processor.ts';
import { isSegmented } from '../hardware/segmentation.ts';
import type { NetDevice } from './net-device.ts';

export interface TransmitQueueSettings {
  readonly name: string;
  /** txqueuelen of the device, packets. */
  readonly length: number;
  /** Stages: `host: transmit` or `guest: transmit`. */
  readonly stage: Stage;
}

/** Packets per run of the qdisc before the rest is left to the softirq (dev_tx_weight). */
const DEV_WEIGHT = 64;

/** `submit`: nothing is left to do. */
export const SENT = 0;
/** `submit`: the doorbell is to be rung. */
export const RING = 1;
/** `submit`: the packet is in the queue, and nobody takes care of it but the caller (`run`). */
export const BACKLOG = 2;
export type Submitted = typeof SENT | typeof RING | typeof BACKLOG;

export class TransmitQueue {
  readonly device: NetDevice;
  private readonly books: Accounting;
  private readonly packets: Packets;
  private readonly settings: TransmitQueueSettings;
  private readonly queue: PacketQueue;
  private readonly softirq: Context;
  private readonly waitQdisc: Stage;
  private readonly now: () => number;
  private readonly dequeue: Cost;
  /** Per frame of a packet that is cut here; null: none is. */
  private readonly gso: Cost | null;
  /** Somebody runs the qdisc: whoever comes now queues behind (qdisc_run_begin). */
  private running = false;
  /** Packets in the queue that paid for the driver when they were submitted. */
  private readonly paid = new Set<Packet>();

  constructor(cpu: Processor, packets: Packets, device: NetDevice, settings: TransmitQueueSettings) {
    this.device = device;
    this.books = cpu.books;
    this.packets = packets;
    this.settings = settings;
    this.queue = new PacketQueue(settings.length);
    this.waitQdisc = cpu.books.timeline.waiting(`wait: ${settings.name} qdisc`);
    this.dequeue = cpu.books.costs.cost('stack.qdisc');
    this.gso = device.tso ? null : cpu.books.costs.cost('stack.gso');
    this.now = () => cpu.sim.now;
    this.softirq = cpu.softirq(`${settings.name} net_tx`, (context) => this.netTx(context));
  }

  /** A packet goes straight to the driver (TCQ_F_CAN_BYPASS, and nobody runs the qdisc). */
  private get direct(): boolean {
    return !this.device.stopped && this.queue.length === 0 && !this.running;
  }

  /**
   * Charges the driver for a packet that goes straight to it; one that has to queue pays when it is dequeued.
   * @returns whether it has paid, for `submit` after the commit.
   */
  prepare(cpu: Context, packet: Packet): boolean {
    const direct = this.direct && !this.toBeCut(packet);
    if (direct) this.device.prepare(cpu, packet);
    return direct;
  }

  /**
   * Hands the packet over; for a caller that rings the doorbell in a way of its own.
   * @param paid what `prepare` answered.
   * @param more another packet follows at once, so the doorbell may wait (xmit_more).
   */
  submit(cpu: Context, packet: Packet, paid: boolean, more = false): Submitted {
    if (paid && this.direct) return this.device.publish(cpu, packet, more) ? RING : SENT;
    if (this.toBeCut(packet)) return this.cut(packet);
    if (!this.queue.push(packet)) {
      this.drop(packet);
      return SENT;
    }
    if (paid) this.paid.add(packet);
    // The driver may have restarted while the packet was on its way.
    return this.device.stopped || this.running ? SENT : BACKLOG;
  }

  /** No device below can cut the packet into frames: GSO does it here. */
  private toBeCut(packet: Packet): boolean {
    return isSegmented(this.packets.size[packet]) && !this.device.tso;
  }

  /**
   * Simplification: Linux cuts the packet as it leaves the qdisc, where it counts as one; here its frames queue, and
   * each is paid for as it leaves. Only
   * the last one works for the request, which waits for the others in the qdisc.
   */
  private cut(packet: Packet): Submitted {
    for (const frame of this.packets.segment(packet)) {
      if (!this.queue.push(frame)) this.drop(frame);
    }
    return this.device.stopped || this.running ? SENT : BACKLOG;
  }

  /** As `submit`. @returns what the caller must do before it goes on, or null. */
  send(cpu: Context, packet: Packet, paid: boolean, more = false): Program | null {
    const submitted = this.submit(cpu, packet, paid, more);
    if (submitted === SENT) return null;
    return submitted === RING ? this.ring(cpu) : this.run(cpu);
  }

  private *ring(cpu: Context): Program {
    const { doorbell } = this.device;
    doorbell.leave(cpu);
    yield RUN;
    const work = doorbell.act(cpu);
    if (work !== null) yield cpu.call(work);
    cpu.serveNobody();
    doorbell.enter(cpu);
  }

  private drop(packet: Packet): void {
    const request = this.packets.request[packet];
    const { timeline } = this.books;
    if (request >= 0) timeline.drop(request, this.now() as never, `${this.settings.name} qdisc: full`);
    this.dropped(packet);
  }

  /** Set by the owner where a dropped packet must give back send-buffer space. */
  dropped = (packet: Packet): void => this.packets.release(packet);

  /** The driver restarted its queue. */
  restarted(): void {
    if (this.queue.length > 0) this.softirq.signal();
  }

  /** __qdisc_run, by whoever comes first: the backlog goes out while the driver takes it. */
  *run(cpu: Context): Program {
    const { device, queue, settings, waitQdisc, packets } = this;
    const outer = cpu.mode;
    if (!inExit(outer)) cpu.mode = BH_OFF;
    this.running = true;
    for (let sent = 0; sent < DEV_WEIGHT && queue.length > 0 && !device.stopped; sent++) {
      const packet = queue.shift();
      cpu.serve(packets.request[packet], settings.stage, waitQdisc);
      cpu.charge(this.gso !== null && packets.train[packet] !== 0 ? this.gso : this.dequeue);
      if (!this.paid.delete(packet)) device.prepare(cpu, packet);
      yield RUN;
      // Published is public: another thread's doorbell may announce it first.
      cpu.serveNobody();
      if (device.publish(cpu, packet, this.trainGoesOn(packet))) yield cpu.call(this.ring(cpu));
    }
    this.running = false;
    cpu.mode = outer;
    if (queue.length > 0 && !device.stopped) this.softirq.signal();
  }

  /** The next frame of the same packet follows at once (dev_hard_start_xmit of a list). */
  private trainGoesOn(packet: Packet): boolean {
    const { packets, queue } = this;
    return packets.train[packet] !== 0 && packets.whole[packet] === 0 && queue.length > 0;
  }

  /** NET_TX softirq: the driver restarted, or somebody had done its share of the backlog. */
  private *netTx(cpu: Context): Program {
    for (;;) {
      yield WAIT;
      if (!this.running) yield cpu.call(this.run(cpu));
    }
  }
}
