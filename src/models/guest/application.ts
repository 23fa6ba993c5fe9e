/** Application threads: they send and receive requests through a socket, and each is a program on a processor. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import type { WorkloadRecord } from '../../accounting/workload-record.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { BH_OFF, OPEN } from '../hardware/mode.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Processor, Timer } from '../hardware/processor.ts';
import type { Arrivals, Sizes } from './arrivals.ts';
import type { NetStack } from './net-stack.ts';
import type { Socket } from './socket.ts';

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

abstract class Application {
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

/** Sends at the times of an arrival process, whatever becomes of the packets (open loop). */
export class OpenLoopSender extends Application {
  private readonly arrivals: Arrivals;
  /** Intended start of the request at hand; how far it lies back is the sender's lag. */
  intended = 0 as Picoseconds;

  constructor(processor: Processor, endpoint: Endpoint, arrivals: Arrivals) {
    super(processor, endpoint);
    this.arrivals = arrivals;
  }

  protected *program(cpu: Context): Program {
    yield WAIT;
    const { sim, endpoint, arrivals, timer } = this;
    const { socket, stack } = endpoint;
    const { queue, device } = stack;
    const { doorbell } = device;
    for (;;) {
      this.intended = arrivals.next();
      if (this.intended > sim.now) {
        timer.arm(this.intended);
        do yield WAIT;
        while (this.intended > sim.now);
      }
      while (socket.full) yield WAIT;
      const packet = this.prepare(cpu, this.intended);
      yield RUN;
      if (queue.submit(cpu, packet, this.paid)) {
        doorbell.leave(cpu);
        yield RUN;
        const work = doorbell.act(cpu);
        if (work !== null) yield* work;
        cpu.serveNobody();
        doorbell.enter(cpu);
      }
      cpu.serveNobody();
      cpu.mode = OPEN;
    }
  }
}

/** How an open loop gathers packets before it sends them. */
export interface Batching {
  /** Packets sent together, with one doorbell (xmit_more on all but the last). */
  readonly size: number;
  /** A batch that is not full so long after its first arrival is sent as it is. */
  readonly flush: Picoseconds;
}

/** Sends at the times of an arrival process, but only `size` packets at a time. */
export class BatchSender extends Application {
  private readonly arrivals: Arrivals;
  private readonly batching: Batching;
  private readonly waitBatch: Stage;
  /** Intended start of the oldest request at hand. */
  intended = 0 as Picoseconds;

  constructor(processor: Processor, endpoint: Endpoint, arrivals: Arrivals, batching: Batching) {
    super(processor, endpoint);
    this.arrivals = arrivals;
    this.batching = batching;
    this.waitBatch = processor.books.timeline.waiting('wait: batch assembly');
  }

  protected *program(cpu: Context): Program {
    yield WAIT;
    const { sim, endpoint, arrivals, timer, batching, books } = this;
    const { queue, device } = endpoint.stack;
    const { doorbell } = device;
    const due: Picoseconds[] = [];
    let next = arrivals.next();
    for (;;) {
      due.length = 0;
      this.intended = next;
      const latest = next + batching.flush;
      while (due.length < batching.size && next <= latest) {
        due.push(next);
        next = arrivals.next();
      }
      const ready = (due.length === batching.size ? due[due.length - 1] : latest) as Picoseconds;
      if (ready > sim.now) {
        timer.arm(ready);
        do yield WAIT;
        while (ready > sim.now);
      }
      for (let i = 0; i < due.length; i++) {
        while (endpoint.socket.full) yield WAIT;
        const packet = this.prepare(cpu, due[i], (request) => {
          books.timeline.mark(request, this.waitBatch.id, ready);
        });
        yield RUN;
        if (queue.submit(cpu, packet, this.paid, i < due.length - 1)) {
          doorbell.leave(cpu);
          yield RUN;
          const work = doorbell.act(cpu);
          if (work !== null) yield* work;
          cpu.serveNobody();
          doorbell.enter(cpu);
        }
        cpu.serveNobody();
        cpu.mode = OPEN;
      }
    }
  }
}

/** Sends as fast as its send buffer lets it (a bulk stream with bounded outstanding). */
export class StreamSender extends Application {
  protected *program(cpu: Context): Program {
    yield WAIT;
    const { sim, endpoint } = this;
    const { socket, stack } = endpoint;
    const { queue, device } = stack;
    const { doorbell } = device;
    for (;;) {
      while (socket.full) yield WAIT;
      const packet = this.prepare(cpu, sim.now);
      yield RUN;
      if (queue.submit(cpu, packet, this.paid)) {
        doorbell.leave(cpu);
        yield RUN;
        const work = doorbell.act(cpu);
        if (work !== null) yield* work;
        cpu.serveNobody();
        doorbell.enter(cpu);
      }
      cpu.serveNobody();
      cpu.mode = OPEN;
    }
  }
}

/** Sends a request, waits for the response, thinks, and starts over: one outstanding. */
export class RequestClient extends Application {
  private readonly think: Picoseconds;

  constructor(processor: Processor, endpoint: Endpoint, think: Picoseconds) {
    super(processor, endpoint);
    this.think = think;
  }

  protected *program(cpu: Context): Program {
    yield WAIT;
    const { sim, endpoint, timer, think } = this;
    const { socket, stack } = endpoint;
    const { queue, device } = stack;
    const { doorbell } = device;
    for (;;) {
      const packet = this.prepare(cpu, sim.now);
      yield RUN;
      if (queue.submit(cpu, packet, this.paid)) {
        doorbell.leave(cpu);
        yield RUN;
        const work = doorbell.act(cpu);
        if (work !== null) yield* work;
        cpu.serveNobody();
        doorbell.enter(cpu);
      }
      cpu.serveNobody();
      cpu.mode = OPEN;
      while (socket.received.length === 0) yield WAIT;
      const response = socket.received.shift();
      this.chargeReceive(cpu, response);
      yield RUN;
      this.complete(response);
      if (think > 0) {
        const until = (sim.now + think) as Picoseconds;
        timer.arm(until);
        do yield WAIT;
        while (sim.now < until);
      }
    }
  }
}

/** Takes what arrives (open-loop receive). */
export class Receiver extends Application {
  protected *program(cpu: Context): Program {
    yield WAIT;
    const { socket } = this.endpoint;
    for (;;) {
      while (socket.received.length === 0) yield WAIT;
      const packet = socket.received.shift();
      this.chargeReceive(cpu, packet);
      yield RUN;
      this.complete(packet);
    }
  }
}
