import { type Context, type Program, RUN, WAIT } from '../../hardware/context.ts';
import { OPEN } from '../../hardware/mode.ts';
import { Application } from './application.ts';

/** Sends as fast as its send buffer lets it (a bulk stream with bounded outstanding). */
export class StreamSender extends Application {
  protected *program(cpu: Context): Program {
    yield WAIT;
    const { sim, endpoint } = this;
    const { socket, stack } = endpoint;
    const { queue } = stack;
    for (;;) {
      while (socket.full) yield WAIT;
      const packet = this.prepare(cpu, sim.now);
      yield RUN;
      const work = queue.send(cpu, packet, this.paid);
      if (work !== null) yield cpu.call(work);
      cpu.serveNobody();
      cpu.mode = OPEN;
    }
  }
}
