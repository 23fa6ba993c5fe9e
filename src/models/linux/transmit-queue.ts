/** A qdisc (pfifo_fast) in front of a driver: bypassed while the queue is empty and running. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { BH_OFF, OPEN } from '../hardware/mode.ts';
import { PacketQueue } from '../hardware/packet-queue.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Processor } from '../hardware/processor.ts';
import type { NetDevice } from './net-device.ts';

export interface TransmitQueueSettings {
  readonly name: string;
  /** txqueuelen of the device, packets. */
  readonly length: number;
  /** Stages: `host: transmit` or `guest: transmit`. */
  readonly stage: Stage;
}

/** Packets per qdisc run before the softirq starts over (dev_weight). */
const DEV_WEIGHT = 64;

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
  /** The softirq has a packet in hand: whoever comes now queues behind it. */
  private inHand = false;
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
    this.now = () => cpu.sim.now;
    this.softirq = cpu.softirq(`${settings.name} net_tx`, (context) => this.run(context));
  }

  /** A packet goes straight to the driver (TCQ_F_CAN_BYPASS, and nobody runs the qdisc). */
  private get direct(): boolean {
    return !this.device.stopped && this.queue.length === 0 && !this.inHand;
  }

  /**
   * Charges the driver for a packet that goes straight to it; one that has to queue pays when it is dequeued.
   * @returns whether it has paid, for `submit` after the commit.
   */
  prepare(cpu: Context, packet: Packet): boolean {
    const { direct } = this;
    if (direct) this.device.prepare(cpu, packet);
    return direct;
  }

  /**
   * Hands the packet over.
   * @param paid what `prepare` answered.
   * @param more another packet follows at once, so the doorbell may wait (xmit_more).
   * @returns whether to ring the doorbell.
   */
  submit(cpu: Context, packet: Packet, paid: boolean, more = false): boolean {
    if (paid && this.direct) return this.device.publish(cpu, packet, more);
    if (!this.queue.push(packet)) {
      this.drop(packet);
      return false;
    }
    if (paid) this.paid.add(packet);
    // The driver may have restarted while the packet was on its way.
    if (!this.device.stopped) this.softirq.signal();
    return false;
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

  /** NET_TX softirq: the backlog goes out while the driver takes it. */
  private *run(cpu: Context): Program {
    const { device, queue, settings, waitQdisc, packets } = this;
    yield WAIT;
    for (;;) {
      for (let sent = 0; sent < DEV_WEIGHT && queue.length > 0 && !device.stopped; sent++) {
        const packet = queue.shift();
        this.inHand = true;
        cpu.mode = BH_OFF;
        cpu.serve(packets.request[packet], settings.stage, waitQdisc);
        cpu.charge(this.dequeue);
        if (!this.paid.delete(packet)) device.prepare(cpu, packet);
        yield RUN;
        this.inHand = false;
        if (device.publish(cpu, packet, false)) {
          // Published is public: another thread's doorbell may announce it first.
          cpu.serveNobody();
          device.doorbell.leave(cpu);
          yield RUN;
          const work = device.doorbell.act(cpu);
          if (work !== null) yield cpu.call(work);
          cpu.serveNobody();
          device.doorbell.enter(cpu);
        }
        cpu.serveNobody();
        cpu.mode = OPEN;
      }
      if (queue.length > 0 && !device.stopped) cpu.signal();
      yield WAIT;
    }
  }
}
