/**
 * A DPDK application: one thread that polls its port for ever and runs each packet to completion. It has the vCPU for
 * itself: no system call, no stack of a kernel, no timer interrupt, no halt.
 *
 *   look at the ring ─► receive burst ─► application ─► transmit burst ─► look at the ring …
 *
 * Looks in vain are one spin. What becomes due is seen by the next look, for the clock is read there.
 */
import type { Accounting } from '../../../accounting/accounting.ts';
import type { Cost } from '../../../accounting/cost.ts';
import type { Stage } from '../../../accounting/stages.ts';
import type { Handler, Simulation } from '../../../kernel/simulation.ts';
import type { Picoseconds } from '../../../units.ts';
import { BusyPoll, type Placed } from '../../hardware/busy-poll.ts';
import { type Context, type Program, RUN, WAIT } from '../../hardware/context.ts';
import type { Packet, Packets } from '../../hardware/packets.ts';
import type { Processor } from '../../hardware/processor.ts';
import type { Doorbell } from '../../linux/net-device.ts';
import type { Loop, PolledApplication } from './polled-application.ts';
import { BURST, type VirtioPmd } from './virtio-pmd.ts';

const NEVER = Number.POSITIVE_INFINITY;

export class PollLoop implements Loop {
  readonly sim: Simulation;
  readonly books: Accounting;
  private readonly port: VirtioPmd;
  private readonly packets: Packets;
  private readonly applications: PolledApplication[] = [];
  private readonly byFlow: PolledApplication[] = [];
  /** Who sends first in the next round: when the ring is short of room, it is shared. */
  private first = 0;
  private readonly poll: BusyPoll;
  private readonly look: Cost;
  private readonly stageTransmit: Stage;
  private readonly stageReceive: Stage;
  private readonly waitBurst: Stage;
  private readonly wake: Handler;
  private wakeAt = NEVER;
  private wakes = 0;

  /** @param vcpu where the thread of the host is that `cpu` is. */
  constructor(cpu: Processor, vcpu: Placed, packets: Packets, port: VirtioPmd) {
    const { costs, timeline } = cpu.books;
    this.sim = cpu.sim;
    this.books = cpu.books;
    this.port = port;
    this.packets = packets;
    this.look = costs.cost('pmd.poll');
    this.stageTransmit = timeline.working('guest PMD: transmit');
    this.stageReceive = timeline.working('application: receive');
    this.waitBurst = timeline.waiting('wait: guest PMD burst');
    const task = cpu.task('poll loop', (context) => this.program(context));
    this.poll = new BusyPoll(task, vcpu, costs.cost('pmd.idle'), () => this.look.price);
    this.wake = cpu.sim.handler((armed) => this.due(armed), `${cpu.name} poll loop`);
    port.noticed = () => this.poll.notice();
    task.signal();
  }

  add(flow: number, application: PolledApplication): void {
    this.applications.push(application);
    this.byFlow[flow] = application;
  }

  private *program(cpu: Context): Program {
    const { port, applications, look } = this;
    yield WAIT;
    for (;;) {
      if (!port.ready && !applications.some((application) => this.canSend(application))) {
        // What is charged comes first: something may arrive meanwhile.
        if (cpu.idle) this.lookOn();
        yield RUN;
        continue;
      }
      cpu.charge(look);
      if (port.ready) yield cpu.call(this.receive(cpu));
      const { length } = applications;
      for (let i = 0; i < length; i++) {
        const application = applications[(this.first + i) % length];
        if (this.canSend(application)) yield cpu.call(this.transmit(cpu, application));
      }
      this.first = length === 0 ? 0 : (this.first + 1) % length;
    }
  }

  private canSend({ built, due }: PolledApplication): boolean {
    return (built.length > 0 || due <= this.sim.now) && !this.port.stopped;
  }

  /** Nothing to do before something arrives or becomes due. */
  private lookOn(): void {
    const { now } = this.sim;
    const next = this.applications.reduce(
      (least, { due }) => (due > now ? Math.min(least, due) : least),
      NEVER,
    );
    if (next !== this.wakeAt && next !== NEVER) this.sim.at(next as Picoseconds, this.wake, ++this.wakes);
    this.wakeAt = next;
    this.poll.spin();
  }

  private due(armed: number): void {
    if (armed === this.wakes) this.poll.notice();
  }

  private *receive(cpu: Context): Program {
    const { port, packets, stageReceive, byFlow } = this;
    const burst = port.receive(cpu);
    yield RUN;
    for (const packet of burst) this.waited(packet);
    if (port.refill()) yield cpu.call(this.ring(cpu, port.refillDoorbell));
    for (const packet of burst) {
      const application = byFlow[packets.flow[packet]];
      cpu.serve(packets.request[packet], stageReceive, this.waitBurst);
      application.chargeReceive(cpu);
      cpu.serveNobody();
      yield RUN;
      application.received(packet);
    }
  }

  /** Builds what is due, as far as a burst goes, and sends what the ring takes of it. */
  private *transmit(cpu: Context, application: PolledApplication): Program {
    const { port, packets, sim, stageTransmit } = this;
    const { built } = application;
    while (built.length < BURST && application.due <= sim.now)
      built.push(application.open(cpu, stageTransmit));
    const burst = built.splice(0, port.makeRoom(cpu, built.length));
    for (const packet of burst) {
      cpu.serve(packets.request[packet], stageTransmit, this.waitBurst);
      port.prepare(cpu);
    }
    cpu.serveNobody();
    yield RUN;
    let kick = false;
    burst.forEach((packet, i) => {
      this.waited(packet);
      kick = port.publish(cpu, packet, i < burst.length - 1);
    });
    if (kick) yield cpu.call(this.ring(cpu, port.doorbell));
  }

  /** Its burst held it up until now. */
  private waited(packet: Packet): void {
    const request = this.packets.request[packet];
    if (request >= 0) this.books.timeline.mark(request, this.waitBurst.id, this.sim.now);
  }

  private *ring(cpu: Context, doorbell: Doorbell): Program {
    doorbell.leave(cpu);
    yield RUN;
    const work = doorbell.act(cpu);
    if (work !== null) yield cpu.call(work);
    cpu.serveNobody();
    doorbell.enter(cpu);
  }
}
