/** Application threads: they send and receive requests through a socket, and each is a program on a processor. */
import type { Accounting } from '../../../accounting/accounting.ts';
import type { Cost } from '../../../accounting/cost.ts';
import type { Stage } from '../../../accounting/stages.ts';
import type { WorkloadRecord } from '../../../accounting/workload-record.ts';
import type { Simulation } from '../../../kernel/simulation.ts';
import type { Picoseconds } from '../../../units.ts';
import type { Context, Program } from '../../hardware/context.ts';
import { BH_OFF } from '../../hardware/mode.ts';
import type { Packet, Packets } from '../../hardware/packets.ts';
import type { Processor, Timer } from '../../hardware/processor.ts';
import type { Sizes } from '../arrivals.ts';
import type { NetStack } from '../net-stack.ts';
import type { Socket } from '../socket.ts';

/** What every application thread of a workload has. */
export interface Endpoint {
  readonly record: WorkloadRecord;
  /** Number of the flow: the peer and the stack tell workloads apart by it. */
  readonly flow: number;
  readonly socket: Socket;
  readonly stack: NetStack;
  readonly packets: Packets;
  readonly sizes: Sizes;
}

interface Costs {
  readonly work: Cost;
  readonly syscall: Cost;
  readonly receive: Cost;
  readonly copyPerByte: Cost;
}

export abstract class Application {
  protected readonly endpoint: Endpoint;
  protected readonly sim: Simulation;
  protected readonly books: Accounting;
  protected readonly costs: Costs;
  protected readonly cpu: Context;
  protected readonly timer: Timer;
  protected readonly waitSender: Stage;
  protected readonly waitApplication: Stage;
  private readonly waitProcessor: Stage;
  protected readonly stageReceive: Stage;
  /** The packet at hand has paid for the driver. */
  protected paid = false;

  constructor(processor: Processor, endpoint: Endpoint) {
    const { costs, timeline } = processor.books;
    this.sim = processor.sim;
    this.books = processor.books;
    this.endpoint = endpoint;
    this.costs = {
      work: costs.cost('app.work'),
      syscall: costs.cost('syscall'),
      receive: costs.cost('socket.receive'),
      copyPerByte: costs.cost('copy.perByte'),
    };
    this.waitSender = timeline.waiting('wait: sender');
    this.waitApplication = timeline.waiting('wait: application');
    this.waitProcessor = timeline.waiting('wait: processor');
    this.stageReceive = timeline.working('application: receive');
    this.cpu = processor.task(endpoint.record.name, (context) => this.program(context));
    endpoint.socket.owner = this.cpu;
    this.timer = processor.timer(this.cpu);
    this.cpu.signal();
  }

  protected abstract program(cpu: Context): Program;

  /** Opens a request and charges its way to the driver; ends in front of the driver's commit. */
  protected prepare(cpu: Context, intended: Picoseconds, opened?: (request: number) => void): Packet {
    const { endpoint, books, sim, costs } = this;
    const { stack, packets, socket } = endpoint;
    const size = endpoint.sizes.next();
    const request = books.timeline.open(endpoint.record, intended, sim.now, size);
    opened?.(request);
    const packet = packets.create(size, request, endpoint.flow);
    socket.charged(size);
    cpu.serve(request, stack.stage, this.waitSender);
    cpu.charge(costs.work);
    cpu.charge(costs.syscall);
    stack.chargeTransmit(cpu, packet);
    cpu.mode = BH_OFF;
    this.paid = stack.queue.prepare(cpu, packet);
    return packet;
  }

  /** Charges the way of a packet from the socket to the application. */
  protected chargeReceive(cpu: Context, packet: Packet): void {
    const { costs, endpoint } = this;
    cpu.serve(endpoint.packets.request[packet], this.stageReceive, this.waitApplication);
    cpu.charge(costs.syscall);
    cpu.charge(costs.receive);
    cpu.charge(costs.copyPerByte, endpoint.packets.size[packet]);
    cpu.charge(costs.work);
    cpu.serveNobody();
  }

  /** The application has consumed the packet: its request is complete. */
  protected complete(packet: Packet): void {
    const { packets } = this.endpoint;
    const { timeline } = this.books;
    const request = packets.request[packet];
    // An interrupt may have come between the last instruction of the batch and this one.
    timeline.mark(request, this.waitProcessor.id, this.sim.now);
    timeline.close(request, this.sim.now);
    packets.release(packet);
  }
}
