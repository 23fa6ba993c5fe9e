import type { Picoseconds } from '../../../units.ts';
import { type Context, type Program, RUN, WAIT } from '../../hardware/context.ts';
import { OPEN } from '../../hardware/mode.ts';
import type { Processor } from '../../hardware/processor.ts';
import { Application, type Endpoint } from './application.ts';

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
    const { queue } = stack;
    for (;;) {
      const packet = this.prepare(cpu, sim.now);
      yield RUN;
      const work = queue.send(cpu, packet, this.paid);
      if (work !== null) yield cpu.call(work);
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
