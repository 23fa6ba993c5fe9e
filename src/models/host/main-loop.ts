/**
 * QEMU's main loop thread: ppoll, then file descriptors, then bottom halves, all under the BQL; and other monitors' event
 * loops, which have epoll_wait and no such lock.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { Access } from '../hardware/register-port.ts';
import type { Lock } from './big-lock.ts';
import { type Monitor, QEMU_MONITOR } from './monitor.ts';

/** Something the loop dispatches: a readable descriptor or a bottom half. */
export interface Source {
  /** To be run in the next iteration; once, however often it is asked for. @returns whether that wakes the loop. */
  raise(): boolean;
}

interface Registered {
  ready: boolean;
  readonly run: (cpu: Context) => Access;
}

export class MainLoop {
  readonly lock: Lock;
  readonly monitor: Monitor;
  private readonly iteration: Cost;
  private readonly sources: Registered[] = [];
  private cpu!: Context;
  private sleeping = true;

  constructor(books: Accounting, lock: Lock, monitor: Monitor = QEMU_MONITOR) {
    this.lock = lock;
    this.monitor = monitor;
    this.iteration = books.costs.cost(monitor.costs.iteration);
  }

  /** Blocked in ppoll: whoever makes a source ready pays for a wake-up. */
  get asleep(): boolean {
    return this.sleeping && this.cpu.waiting;
  }

  /** Adds a source; sources are dispatched in the order in which they were added. */
  source(run: (cpu: Context) => Access): Source {
    const registered: Registered = { ready: false, run };
    this.sources.push(registered);
    return {
      raise: () => {
        const { asleep } = this;
        registered.ready = true;
        this.cpu.signal();
        return asleep;
      },
    };
  }

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
