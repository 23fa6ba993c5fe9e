import type { Stage } from '../../../accounting/stages.ts';
import type { Picoseconds } from '../../../units.ts';
import { type Context, type Program, RUN, WAIT } from '../../hardware/context.ts';
import { OPEN } from '../../hardware/mode.ts';
import type { Processor } from '../../hardware/processor.ts';
import type { Arrivals } from '../arrivals.ts';
import { Application, type Endpoint } from './application.ts';

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
    const { queue } = endpoint.stack;
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
        // A sender that has to wait for room first tells of what it has sent.
        const more = i < due.length - 1 && !endpoint.socket.full;
        const work = queue.send(cpu, packet, this.paid, more);
        if (work !== null) yield cpu.call(work);
        cpu.serveNobody();
        cpu.mode = OPEN;
      }
    }
  }
}
