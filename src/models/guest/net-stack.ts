/** The local network stack of a VM or of bare metal: sockets above one network device. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import type { Context } from '../hardware/context.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Processor } from '../hardware/processor.ts';
import { Reassembly } from '../hardware/reassembly.ts';
import type { NetDevice } from '../linux/net-device.ts';
import { TransmitQueue } from '../linux/transmit-queue.ts';
import type { Socket } from './socket.ts';

/** txqueuelen of an Ethernet device. */
const TX_QUEUE_LENGTH = 1000;

export class NetStack {
  readonly device: NetDevice;
  readonly queue: TransmitQueue;
  readonly stage: Stage;
  private readonly books: Accounting;
  private readonly packets: Packets;
  private readonly reassembly: Reassembly;
  private readonly now: () => number;
  private readonly sockets: Socket[] = [];
  private readonly stackTx: Cost;
  private readonly copyPerByte: Cost;

  constructor(cpu: Processor, packets: Packets, device: NetDevice) {
    const { costs, timeline } = cpu.books;
    this.books = cpu.books;
    this.packets = packets;
    this.reassembly = new Reassembly(packets);
    this.device = device;
    this.now = () => cpu.sim.now;
    this.stage = timeline.working('stack: transmit');
    this.stackTx = costs.cost('stack.tx');
    this.copyPerByte = costs.cost('copy.perByte');
    this.queue = new TransmitQueue(cpu, packets, device, {
      name: 'guest',
      length: TX_QUEUE_LENGTH,
      stage: this.stage,
    });
    this.queue.dropped = (packet) => {
      this.freed(packet);
      packets.release(packet);
    };
    device.attach({
      received: (packet) => this.received(packet),
      freed: (packet) => this.freed(packet),
      restarted: () => this.queue.restarted(),
    });
  }

  /** Packets of `flow` belong to `socket`. */
  bind(flow: number, socket: Socket): void {
    this.sockets[flow] = socket;
  }

  /** Charges the way of a packet from the system call down to the driver. */
  chargeTransmit(cpu: Context, packet: Packet): void {
    cpu.charge(this.stackTx);
    cpu.charge(this.copyPerByte, this.packets.size[packet]);
  }

  private freed(packet: Packet): void {
    const { size, flow, train, whole } = this.packets;
    // Frames that the stack itself cut give back what their packet took when the last of them is freed.
    const freed = train[packet] === 0 ? size[packet] : whole[packet];
    if (freed > 0) this.sockets[flow[packet]].freed(freed);
  }

  /** Simplification: the application is woken when a packet that came in parts is whole, and reads it at once. */
  private received(packet: Packet): void {
    const { packets } = this;
    if (!this.reassembly.complete(packet)) {
      this.drop(packet, 'socket: a frame of the packet is missing');
      return;
    }
    if (packets.train[packet] !== 0) {
      if (packets.whole[packet] === 0) {
        packets.release(packet);
        return;
      }
      packets.size[packet] = packets.whole[packet];
    }
    if (!this.sockets[packets.flow[packet]].deliver(packet)) this.drop(packet, 'socket: receive buffer full');
  }

  private drop(packet: Packet, reason: string): void {
    const request = this.packets.request[packet];
    if (request >= 0) this.books.timeline.drop(request, this.now() as never, reason);
    this.packets.release(packet);
  }
}
