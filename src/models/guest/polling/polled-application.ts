/** What runs above a poll loop: it builds packets in the memory of the port and takes those that came, without a kernel. */
import type { Accounting } from '../../../accounting/accounting.ts';
import type { Cost } from '../../../accounting/cost.ts';
import type { Stage } from '../../../accounting/stages.ts';
import type { WorkloadRecord } from '../../../accounting/workload-record.ts';
import type { Simulation } from '../../../kernel/simulation.ts';
import type { Picoseconds } from '../../../units.ts';
import type { Context } from '../../hardware/context.ts';
import type { Packet, Packets } from '../../hardware/packets.ts';
import type { Sizes } from '../arrivals.ts';

/** What it runs in: the loop that polls the port. */
export interface Loop {
  readonly sim: Simulation;
  readonly books: Accounting;
  /** Packets of `flow` belong to `application`. */
  add(flow: number, application: PolledApplication): void;
}

export interface PolledEndpoint {
  readonly record: WorkloadRecord;
  /** Number of the flow: the peer and the loop tell workloads apart by it. */
  readonly flow: number;
  readonly packets: Packets;
  readonly sizes: Sizes;
}

export abstract class PolledApplication {
  /** When it sends next, ps; Infinity: not before something arrives. */
  abstract readonly due: number;
  /** Packets that the transmit ring has not taken yet, the oldest first. */
  readonly built: Packet[] = [];
  protected readonly loop: Loop;
  private readonly endpoint: PolledEndpoint;
  private readonly work: Cost;
  private readonly headers: Cost;
  private readonly waitSender: Stage;
  private readonly waitBatch: Stage;
  private readonly waitProcessor: Stage;

  constructor(loop: Loop, endpoint: PolledEndpoint) {
    const { costs, timeline } = loop.books;
    this.loop = loop;
    this.endpoint = endpoint;
    this.work = costs.cost('app.work');
    this.headers = costs.cost('pmd.headers');
    this.waitSender = timeline.waiting('wait: sender');
    this.waitBatch = timeline.waiting('wait: batch assembly');
    this.waitProcessor = timeline.waiting('wait: processor');
    loop.add(endpoint.flow, this);
  }

  /** Moves on to the next request. @returns the intended start of the one that is due. */
  protected abstract begin(): Picoseconds;

  /** Opens the request that is due and charges building its packet. */
  open(cpu: Context, stage: Stage): Packet {
    const { loop, endpoint } = this;
    const { timeline } = loop.books;
    const { due } = this;
    const intended = this.begin();
    const size = endpoint.sizes.next();
    const request = timeline.open(endpoint.record, intended, loop.sim.now, size);
    if (due > intended) timeline.mark(request, this.waitBatch.id, due);
    const packet = endpoint.packets.create(size, request, endpoint.flow);
    cpu.serve(request, stage, this.waitSender);
    cpu.charge(this.work);
    cpu.charge(this.headers);
    return packet;
  }

  /** Charges what the application does with a packet that came. */
  chargeReceive(cpu: Context): void {
    cpu.charge(this.headers);
    cpu.charge(this.work);
  }

  /** The application is done with the packet: its request is complete. */
  received(packet: Packet): void {
    const { loop, endpoint } = this;
    const { timeline } = loop.books;
    const { now } = loop.sim;
    const request = endpoint.packets.request[packet];
    // An interrupt may have come between the last instruction of the batch and this one.
    timeline.mark(request, this.waitProcessor.id, now);
    timeline.close(request, now);
    endpoint.packets.release(packet);
  }
}
