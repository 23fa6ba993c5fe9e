/**
 * QEMU's main loop thread: ppoll, then file descriptors, then bottom halves, all under the BQL; and other monitors' event
 * loops, which have epoll_wait and no such lock.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { Access } from '../hardware/register-port.ts';
import type { Lock } from './big-lock.ts';
import type { EventLoop, Source } from './event-loop.ts';
import { type Monitor, QEMU_MONITOR } from './monitor.ts';

interface Registered {
  ready: boolean;
  readonly run: (cpu: Context) => Access;
}

export class MainLoop implements EventLoop {
  readonly lock: Lock;
  readonly monitor: Monitor;
  private readonly iteration: Cost;
  private readonly sources: Registered[] = [];
  /** poll-max-ns of QEMU's main loop is 0. */
  readonly polling = false;
  private cpu!: Context;
  private sleeping = true;

  constructor(books: Accounting, lock: Lock, monitor: Monitor = QEMU_MONITOR) {
    this.lock = lock;
    this.monitor = monitor;
    this.iteration = books.costs.cost(monitor.costs.iteration);
  }

  get asleep(): boolean {
    return this.sleeping && this.cpu.waiting;
  }

  source(run: (cpu: Context) => Access): Source {
    const registered: Registered = { ready: false, run };
    this.sources.push(registered);
    return {
      raise: () => {
        const { asleep } = this;
        registered.ready = true;
        // A loop at work looks again before it sleeps; it may wait for something else meanwhile.
        if (this.sleeping) this.cpu.signal();
        return asleep;
      },
    };
  }

  notice(): void {}

  /** The thread's program. */
  *program(cpu: Context): Program {
    this.cpu = cpu;
    yield WAIT;
    for (;;) {
      if (!this.sources.some(({ ready }) => ready)) {
        this.sleeping = true;
        yield WAIT;
        continue;
      }
      this.sleeping = false;
      cpu.charge(this.iteration);
      yield RUN;
      yield* this.lock.acquire(cpu);
      const due = this.sources.filter(({ ready }) => ready);
      for (const source of due) source.ready = false;
      for (const source of due) yield* source.run(cpu);
      this.lock.release(cpu);
    }
  }
}
