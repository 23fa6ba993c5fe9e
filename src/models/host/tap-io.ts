/** What QEMU does with a tap: writev runs the host's network inside the caller, read copies a frame out. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN } from '../hardware/context.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Access } from '../hardware/register-port.ts';
import { isSegmented } from '../hardware/segmentation.ts';
import type { HostNetwork } from './host-network.ts';

export class TapIo {
  private readonly packets: Packets;
  private readonly network: HostNetwork;
  private readonly write: Cost;
  private readonly read: Cost;
  private readonly readEmpty: Cost;
  private readonly copy: Cost;
  private readonly copyPerByte: Cost;
  private readonly stage: Stage;
  private readonly wait: Stage;

  /** @param wait names what a frame waited for before QEMU took it up. @param stage names its way through QEMU. */
  constructor(
    books: Accounting,
    packets: Packets,
    network: HostNetwork,
    wait: string,
    stage = 'qemu: transmit',
  ) {
    const { costs, timeline } = books;
    this.packets = packets;
    this.network = network;
    this.write = costs.cost('tap.write');
    this.read = costs.cost('tap.read');
    this.readEmpty = costs.cost('tap.readEmpty');
    this.copy = costs.cost('copy.setup');
    this.copyPerByte = costs.cost('copy.perByte');
    this.stage = timeline.working(stage);
    this.wait = timeline.waiting(wait);
  }

  /** The charges that follow take `packet` towards the tap. */
  serve(cpu: Context, packet: Packet): void {
    cpu.serve(this.packets.request[packet], this.stage, this.wait);
  }

  /**
   * Charges writev of a frame that is QEMU's to give away: system call, copy into an skb, bridge and NIC driver.
   * @returns what `send` asks for after the commit.
   */
  chargeSend(cpu: Context, packet: Packet, request = this.packets.request[packet]): boolean {
    const { network } = this;
    cpu.charge(this.write);
    this.chargeCopy(cpu, packet);
    cpu.serve(request, network.stage, this.wait);
    const paid = network.charge(cpu, packet);
    cpu.serveNobody();
    return paid;
  }

  /** The frame is at the NIC, or in its qdisc, when writev returns. @returns what the caller must do first, or null. */
  send(cpu: Context, packet: Packet, paid: boolean): Program | null {
    return this.network.submit(cpu, packet, paid);
  }

  /** read: system call and the copy into QEMU's buffer. */
  chargeRead(cpu: Context, packet: Packet): void {
    cpu.charge(this.read);
    this.chargeCopy(cpu, packet);
  }

  /** read that finds nothing (EAGAIN): how a reader learns that it has all. */
  chargeEmptyRead(cpu: Context): void {
    cpu.charge(this.readEmpty);
  }

  /** A copy between the guest's memory and a buffer, or between two buffers. */
  chargeCopy(cpu: Context, packet: Packet): void {
    cpu.charge(this.copy);
    cpu.charge(this.copyPerByte, this.packets.size[packet]);
  }

  /**
   * An emulated NIC sends the frame of a descriptor, from its charges until writev returns.
   * @param charge what the emulation itself costs, by the frame in the guest's memory.
   */
  *transmit(cpu: Context, described: Packet, charge: (cpu: Context, packet: Packet) => void): Access {
    const packet = this.packets.copy(described);
    this.serve(cpu, packet);
    charge(cpu, described);
    yield* this.writev(cpu, packet);
  }

  /**
   * As `transmit`, of a NIC whose peer takes no packet longer than a frame: the emulation cuts it, one writev a frame.
   * Simplification: what the cutting itself costs, the headers of each frame, is left out.
   */
  *transmitCut(cpu: Context, described: Packet, charge: (cpu: Context, packet: Packet) => void): Access {
    const { packets } = this;
    if (!isSegmented(packets.size[described])) return yield* this.transmit(cpu, described, charge);
    const packet = packets.copy(described);
    this.serve(cpu, packet);
    charge(cpu, described);
    const request = packets.request[packet];
    for (const frame of packets.segment(packet)) {
      cpu.serve(request, this.stage, this.wait);
      yield* this.writev(cpu, frame, request);
    }
  }

  /** @param request that the frame is a part of. */
  private *writev(cpu: Context, packet: Packet, request = this.packets.request[packet]): Access {
    const paid = this.chargeSend(cpu, packet, request);
    yield RUN;
    const backlog = this.send(cpu, packet, paid);
    if (backlog !== null) yield cpu.call(backlog);
  }
}
