/** The host's network: bridge and taps above the physical function. Its work is charged to whoever calls into it. */
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import type { Picoseconds } from '../../units.ts';
import type { Context, Program } from '../hardware/context.ts';
import type { NicFunction } from '../hardware/nic-function.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Processor } from '../hardware/processor.ts';
import { isSegmented } from '../hardware/segmentation.ts';
import type { NicDriver } from '../linux/nic-driver.ts';
import { BACKLOG, RING, TransmitQueue } from '../linux/transmit-queue.ts';
import type { Tap } from './tap.ts';

/** txqueuelen of the physical device. */
const TX_QUEUE_LENGTH = 1000;

export class HostNetwork {
  readonly stage: Stage;
  readonly queue: TransmitQueue;
  readonly driver: NicDriver;
  readonly function: NicFunction;
  private readonly stackTx: Cost;
  private readonly wake: Cost;
  /** Per frame of what was merged, for a tap that takes frames only. */
  private readonly gso: Cost;
  private readonly taps: Tap[] = [];
  /** Packets whose bytes are somebody's own (skb_zcopy), and whom to tell. */
  private readonly owned = new Map<Packet, () => boolean>();

  /** @param cpu the core that takes the NIC's interrupts. */
  constructor(cpu: Processor, packets: Packets, driver: NicDriver) {
    this.driver = driver;
    this.function = driver.function;
    this.stage = cpu.books.timeline.working('host: transmit');
    this.stackTx = cpu.books.costs.cost('host.stackTx');
    this.wake = cpu.books.costs.cost('wake.waker');
    this.gso = cpu.books.costs.cost('stack.gso');
    this.queue = new TransmitQueue(cpu, packets, driver, {
      name: 'host',
      length: TX_QUEUE_LENGTH,
      stage: this.stage,
    });
    this.queue.dropped = (packet) => {
      this.freed(packet);
      packets.release(packet);
    };
    driver.attach({
      received: (packet) => {
        const tap = this.taps[packets.flow[packet]];
        if (tap.tso || !isSegmented(packets.size[packet])) {
          this.produce(tap, packet, cpu.sim.now);
          return;
        }
        const frames = packets.segment(packet);
        driver.napi.charge(this.gso, frames.length);
        for (const frame of frames) this.produce(tap, frame, cpu.sim.now);
      },
      freed: (packet) => this.freed(packet),
      restarted: () => this.queue.restarted(),
    });
  }

  /** `done` is called when nobody below needs the packet any more; it says whether that wakes somebody. */
  whenFreed(packet: Packet, done: () => boolean): void {
    this.owned.set(packet, done);
  }

  private freed(packet: Packet): void {
    if (this.owned.size === 0) return;
    const done = this.owned.get(packet);
    this.owned.delete(packet);
    if (done?.()) this.driver.napi.charge(this.wake);
  }

  /** Whoever wakes a sleeping backend pays for it: the softirq that forwards the frame. */
  private produce(tap: Tap, packet: Packet, now: Picoseconds): void {
    if (tap.produce(packet, now)) this.driver.napi.charge(this.wake);
  }

  /** The bridge forwards frames of `flow` to `tap`. */
  forward(flow: number, tap: Tap): void {
    this.taps[flow] = tap;
  }

  /** Charges tun, bridge and driver for a frame that leaves a VM. @returns what `submit` asks for after the commit. */
  charge(cpu: Context, packet: Packet): boolean {
    cpu.charge(this.stackTx);
    const paid = this.queue.prepare(cpu, packet);
    if (paid) this.driver.doorbell.leave(cpu);
    return paid;
  }

  /** Hands the frame to the NIC, or to the qdisc in front of it. @returns what the caller must do first, or null. */
  submit(cpu: Context, packet: Packet, paid: boolean): Program | null {
    const submitted = this.queue.submit(cpu, packet, paid);
    if (submitted === RING) this.driver.doorbell.act(cpu);
    return submitted === BACKLOG ? this.queue.run(cpu) : null;
  }
}
