/** The machine at the other end of the wire: a sink, an answering server, and a source of traffic. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Stage } from '../../accounting/stages.ts';
import type { WorkloadRecord } from '../../accounting/workload-record.ts';
import type { Handler, Simulation } from '../../kernel/simulation.ts';
import { Station } from '../../kernel/station.ts';
import type { Picoseconds } from '../../units.ts';
import type { Nic } from './nic.ts';
import type { Packet, Packets } from './packets.ts';
import { Reassembly } from './reassembly.ts';
import { isSegmented } from './segmentation.ts';

/** What the peer does with frames of one flow. */
export type PeerRole =
  | { readonly kind: 'sink' }
  | { readonly kind: 'server'; readonly response: number; readonly service: () => Picoseconds };

/** Frames on their way to the peer at once; the wire and the peer's queue hold fewer. */
const SERVERS = 64;

export class RemotePeer {
  private readonly sim: Simulation;
  private readonly books: Accounting;
  private readonly nic: Nic;
  private readonly packets: Packets;
  private readonly reassembly: Reassembly;
  private readonly roles: PeerRole[] = [];
  private readonly respond: Handler;
  private readonly reached: Handler;
  private readonly stageService: Stage;
  private readonly stageWire: Stage;
  private readonly waitPeer: Stage;
  private readonly station: Station;
  private readonly started: number[] = [];

  constructor(sim: Simulation, books: Accounting, packets: Packets, nic: Nic) {
    this.sim = sim;
    this.books = books;
    this.nic = nic;
    this.packets = packets;
    this.reassembly = new Reassembly(packets);
    this.stageService = books.timeline.working('peer: service');
    this.stageWire = books.timeline.working('wire');
    this.waitPeer = books.timeline.waiting('wait: peer');
    this.station = new Station(sim, 'peer', { servers: SERVERS });
    this.respond = sim.handler((packet) => this.answer(packet), 'peer answer');
    this.reached = sim.handler((packet) => this.serve(packet), 'peer receive');
    nic.departed.connect((packet) => this.received(packet));
  }

  role(flow: number, role: PeerRole): void {
    this.roles[flow] = role;
  }

  /** The last bit of a frame has left the NIC under test. */
  private received(packet: Packet): void {
    const { packets, books, sim } = this;
    const request = packets.request[packet];
    const whole = this.reassembly.complete(packet);
    if (request < 0) return;
    if (!whole) {
      books.timeline.drop(request, sim.now, 'peer: a frame of the packet is missing');
      return;
    }
    const role = this.roles[packets.flow[packet]];
    if (role.kind === 'sink') {
      books.timeline.close(request, sim.now);
      return;
    }
    // The sender's driver still owns the packet; the answer is one of its own.
    const answer = packets.create(role.response, request, packets.flow[packet]);
    sim.after(this.nic.settings.propagation, this.reached, answer);
  }

  private serve(answer: Packet): void {
    const { packets, books, sim } = this;
    books.timeline.mark(packets.request[answer], this.stageWire.id, sim.now);
    const role = this.roles[packets.flow[answer]];
    const service = role.kind === 'server' ? role.service() : (0 as Picoseconds);
    this.started[answer] = service;
    this.station.arrive(service, this.respond, answer);
  }

  private answer(answer: Packet): void {
    const { timeline } = this.books;
    const request = this.packets.request[answer];
    timeline.mark(request, this.waitPeer.id, this.sim.now - this.started[answer]);
    timeline.mark(request, this.stageService.id, this.sim.now);
    this.transmit(answer);
  }

  /** The peer sends a packet of its own, intended for this instant. */
  send(record: WorkloadRecord, flow: number, size: number): void {
    const { sim, books, packets } = this;
    const request = books.timeline.open(record, sim.now, sim.now, size);
    this.transmit(packets.create(size, request, flow));
  }

  /** Its own NIC cuts what is longer than a frame. */
  private transmit(packet: Packet): void {
    const { nic, packets } = this;
    if (!isSegmented(packets.size[packet])) nic.receive(packet);
    else for (const frame of packets.segment(packet)) nic.receive(frame);
  }
}
