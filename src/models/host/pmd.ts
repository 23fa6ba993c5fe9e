/**
 * A polling thread of DPDK or Open vSwitch: it looks at each of its queues in turn, serves a burst of each that has
 * something, and never sleeps.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { BusyPoll } from '../hardware/busy-poll.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { Thread } from '../hardware/thread.ts';

/** Packets taken from a queue before the next one gets its turn (MAX_PKT_BURST, NETDEV_MAX_BURST). */
export const BURST = 32;

/** A queue that is polled. */
export interface PolledQueue {
  /** There is something to serve. */
  readonly ready: boolean;
  /** Serves one burst. */
  serve(cpu: Context): Program;
}

export class Pmd {
  private readonly queues: PolledQueue[] = [];
  private readonly look: Cost;
  private readonly idle: Cost;
  private poll: BusyPoll | null = null;

  constructor({ costs }: Accounting) {
    this.look = costs.cost('pmd.poll');
    this.idle = costs.cost('pmd.idle');
  }

  add(queue: PolledQueue): void {
    this.queues.push(queue);
  }

  /** One of the queues has something. */
  notice(): void {
    this.poll?.notice();
  }

  /** The program of the thread `thread`, whose context must be signalled once. */
  *program(cpu: Context, thread: Thread): Program {
    const { queues, look } = this;
    yield WAIT;
    const poll = new BusyPoll(cpu, thread, this.idle, () => look.price * queues.length);
    this.poll = poll;
    for (;;) {
      if (!queues.some(({ ready }) => ready)) {
        // What is charged comes first: something may arrive meanwhile.
        if (cpu.idle) poll.spin();
        yield RUN;
        continue;
      }
      cpu.charge(look, queues.length);
      for (const queue of queues) if (queue.ready) yield cpu.call(queue.serve(cpu));
    }
  }
}
