/** The physical function under a polling switch: received bursts are handed to the VMs' ports, sent ones to the wire. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import type { Timeline } from '../../accounting/timeline.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { type Context, type Program, RUN } from '../hardware/context.ts';
import type { NicFunction } from '../hardware/nic-function.ts';
import { PacketQueue } from '../hardware/packet-queue.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import { BURST, type Pmd, type PolledQueue } from './pmd.ts';

/** Takes bursts that arrive for a VM. */
export interface PmdPort {
  enqueue(cpu: Context, burst: readonly Packet[]): Program;
}

export class PmdNic implements PolledQueue {
  readonly function: NicFunction;
  private readonly sim: Simulation;
  private readonly timeline: Timeline;
  private readonly packets: Packets;
  private readonly inFlight: PacketQueue;
  private readonly ports: PmdPort[] = [];
  private readonly rx: Cost;
  private readonly tx: Cost;
  private readonly forward: Cost;
  private readonly doorbell: Cost;
  private readonly stageRx: Stage;
  private readonly stageTx: Stage;
  private readonly wait: Stage;

  constructor(sim: Simulation, books: Accounting, packets: Packets, parts: { fn: NicFunction; pmd: Pmd }) {
    const { costs, timeline } = books;
    const { fn, pmd } = parts;
    this.sim = sim;
    this.timeline = timeline;
    this.packets = packets;
    this.function = fn;
    this.inFlight = new PacketQueue(fn.settings.txRing);
    this.rx = costs.cost('pmd.nicRx');
    this.tx = costs.cost('pmd.nicTx');
    this.forward = costs.cost('pmd.forward');
    this.doorbell = costs.cost('nicDriver.doorbell');
    this.stageRx = timeline.working('host: receive');
    this.stageTx = timeline.working('host: transmit');
    this.wait = timeline.waiting('wait: PMD');
    fn.post(fn.settings.rxRing);
    fn.poll(() => {
      this.freeSent();
      pmd.notice();
    });
    pmd.add(this);
  }

  /** Frames of `flow` go to `port`. */
  route(flow: number, port: PmdPort): void {
    this.ports[flow] = port;
  }

  get ready(): boolean {
    return this.function.received.length > 0;
  }

  /** One burst from the wire, handed on in runs for one port. */
  *serve(cpu: Context): Program {
    const { function: fn, packets } = this;
    const burst: Packet[] = [];
    while (burst.length < BURST && fn.received.length > 0) {
      const packet = fn.received.shift();
      cpu.serve(packets.request[packet], this.stageRx, this.wait);
      cpu.charge(this.rx);
      cpu.charge(this.forward);
      burst.push(packet);
    }
    cpu.serveNobody();
    cpu.charge(this.doorbell);
    yield RUN;
    fn.post(burst.length);
    for (let begin = 0; begin < burst.length; ) {
      const port = this.ports[packets.flow[burst[begin]]];
      let end = begin + 1;
      while (end < burst.length && this.ports[packets.flow[burst[end]]] === port) end++;
      yield cpu.call(port.enqueue(cpu, burst.slice(begin, end)));
      begin = end;
    }
  }

  /** A burst to the wire with one doorbell; what finds the ring full is dropped. */
  *transmit(cpu: Context, burst: readonly Packet[]): Program {
    const { packets } = this;
    for (const packet of burst) {
      cpu.serve(packets.request[packet], this.stageTx, this.wait);
      cpu.charge(this.forward);
      cpu.charge(this.tx);
    }
    cpu.charge(this.doorbell);
    yield RUN;
    cpu.serveNobody();
    for (const packet of burst) {
      if (this.inFlight.push(packet)) this.function.transmit(packet);
      else this.drop(packet);
    }
  }

  private drop(packet: Packet): void {
    const request = this.packets.request[packet];
    if (request >= 0) this.timeline.drop(request, this.sim.now, `${this.function.name}: transmit ring full`);
    this.packets.release(packet);
  }

  /** Simplification: what was sent is freed at once; the driver's share of that work is in the price of sending. */
  private freeSent(): void {
    const { function: fn } = this;
    for (; fn.transmitted > 0; fn.transmitted--) this.packets.release(this.inFlight.shift());
  }
}
