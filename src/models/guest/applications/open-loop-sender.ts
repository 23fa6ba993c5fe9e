import type { Picoseconds } from '../../../units.ts';
import { type Context, type Program, RUN, WAIT } from '../../hardware/context.ts';
import { OPEN } from '../../hardware/mode.ts';
import type { Processor } from '../../hardware/processor.ts';
import type { Arrivals } from '../arrivals.ts';
import { Application, type Endpoint } from './application.ts';

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
    const { queue } = stack;
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
      const work = queue.send(cpu, packet, this.paid);
      if (work !== null) yield cpu.call(work);
      cpu.serveNobody();
      cpu.mode = OPEN;
    }
  }
}
