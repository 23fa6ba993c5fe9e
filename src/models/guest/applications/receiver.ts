import { type Context, type Program, RUN, WAIT } from '../../hardware/context.ts';
import { Application } from './application.ts';

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
