/**
 * Generic receive offload (net/core/gro.c, tcp_gro_receive): a NAPI poll merges the frames of a packet that follow each
 * other in a flow, so that the stack is paid once for all of them.
 *
 * Simplifications: the flows at hand are not bounded (8 a bucket of 8 in Linux); a datagram is never merged, nor is what
 * was merged before. Each packet ends with PSH, so two are never merged into one.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import type { Context } from '../hardware/context.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import { isSegmented, TCP_HEADERS } from '../hardware/segmentation.ts';

/** What is merged stays below this many bytes, counted from the IP header on. */
const GRO_MAX_SIZE = 65_536;
const ETH_HLEN = 14;

/** What a packet pays above its driver, and the stage of its life that this is. */
export interface WayUp {
  readonly cost: Cost;
  readonly stage: Stage;
  readonly wait: Stage;
}

export class Gro {
  private readonly packets: Packets;
  private readonly way: WayUp;
  private readonly merge: Cost;
  /** By flow: what its frames have been merged into so far. */
  private readonly held = new Map<number, Packet>();

  constructor({ costs }: Accounting, packets: Packets, way: WayUp) {
    this.packets = packets;
    this.way = way;
    this.merge = costs.cost('gro.merge');
  }

  /** napi_gro_receive: charges the merge, adds to `up` what goes up the stack now, and charges its way. */
  receive(cpu: Context, packet: Packet, up: Packet[]): void {
    const first = up.length;
    this.sort(cpu, packet, up);
    this.charge(cpu, up, first);
  }

  /** napi_gro_flush, at the end of each poll: with HZ below 1000 nothing is held longer. Charges as `receive`. */
  flush(cpu: Context, up: Packet[]): void {
    if (this.held.size === 0) return;
    const first = up.length;
    for (const packet of this.held.values()) up.push(packet);
    this.held.clear();
    this.charge(cpu, up, first);
    cpu.serveNobody();
  }

  private charge(cpu: Context, up: readonly Packet[], first: number): void {
    const { cost, stage, wait } = this.way;
    for (let i = first; i < up.length; i++) {
      cpu.serve(this.packets.request[up[i]], stage, wait);
      cpu.charge(cost);
    }
  }

  private sort(cpu: Context, packet: Packet, up: Packet[]): void {
    const { packets, held } = this;
    const { size, flow, train, whole } = packets;
    if (train[packet] === 0 && held.size === 0) {
      up.push(packet);
      return;
    }
    const before = held.get(flow[packet]);
    const follows = before !== undefined && train[before] === train[packet];
    if (
      before !== undefined &&
      (!follows || size[before] - ETH_HLEN + size[packet] - TCP_HEADERS >= GRO_MAX_SIZE)
    ) {
      held.delete(flow[packet]);
      up.push(before);
      this.hold(packet, up);
    } else if (before === undefined) this.hold(packet, up);
    else {
      cpu.charge(this.merge);
      const last = whole[packet] !== 0;
      packets.append(before, packet);
      if (!last) return;
      held.delete(flow[before]);
      up.push(before);
    }
  }

  private hold(packet: Packet, up: Packet[]): void {
    const { size, flow, train, whole } = this.packets;
    if (train[packet] === 0 || whole[packet] !== 0 || isSegmented(size[packet])) up.push(packet);
    else this.held.set(flow[packet], packet);
  }
}
