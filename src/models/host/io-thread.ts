/**
 * An iothread of QEMU: an AioContext with adaptive polling (aio_poll of util/aio-posix.c, QEMU 10, where each handler has its own
 * limit). It looks at its handlers for a while before it blocks; how long follows from how long it had to wait lately.
 *
 *   look, at most the largest limit ─► found: dispatch, no system call ─► adjust
 *                                   └► nothing: ask to be told, look once more, block ─► dispatch ─► adjust
 *
 * It has no big lock: what it serves is its own. Simplification: a handler that polling never finds ready stays in the set, where
 * QEMU takes it out after 7 s.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { ns } from '../../units.ts';
import { BusyPoll, type Placed } from '../hardware/busy-poll.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { SPIN } from '../hardware/mode.ts';
import type { Access } from '../hardware/register-port.ts';
import type { EventLoop, Polled, Source } from './event-loop.ts';

/** Properties of an iothread by their QEMU names, ns; 0 of grow and shrink: double, and to nothing. */
export interface IoThreadProperties {
  readonly 'poll-max-ns': number;
  readonly 'poll-grow': number;
  readonly 'poll-shrink': number;
}

/** A limit that was 0 grows to this first, ns. */
const POLL_START = 4000;

interface Handler {
  ready: boolean;
  /** How long to poll for it, ns. */
  limit: number;
  readonly run: (cpu: Context) => Access;
  readonly polled: Polled | undefined;
}

/** The handler's limit after the loop was without work for `blocked` ns (adjust_polling_time). */
export const adjusted = (limit: number, blocked: number, properties: IoThreadProperties): number => {
  const { 'poll-max-ns': most, 'poll-grow': grow, 'poll-shrink': shrink } = properties;
  if (blocked <= limit) return limit;
  if (blocked > most) return shrink === 0 ? 0 : Math.floor(limit / shrink);
  if (limit >= most || blocked >= most) return limit;
  return Math.min(limit === 0 ? POLL_START : limit * (grow === 0 ? 2 : grow), most);
};

export class IoThread implements EventLoop {
  private readonly sim: Simulation;
  private readonly properties: IoThreadProperties;
  private readonly iteration: Cost;
  private readonly look: Cost;
  private readonly busy: Cost;
  private readonly handlers: Handler[] = [];
  private cpu!: Context;
  private poll!: BusyPoll;
  private blocked = true;
  polling = false;

  constructor(sim: Simulation, { costs }: Accounting, properties: IoThreadProperties) {
    this.sim = sim;
    this.properties = properties;
    this.iteration = costs.cost('iothread.wait');
    this.look = costs.cost('iothread.look');
    this.busy = costs.cost('iothread.busyPoll');
  }

  get asleep(): boolean {
    return this.blocked && this.cpu.waiting;
  }

  source(run: (cpu: Context) => Access, polled?: Polled): Source {
    const handler: Handler = { ready: false, limit: 0, run, polled };
    this.handlers.push(handler);
    return {
      raise: () => {
        const { asleep } = this;
        handler.ready = true;
        this.cpu.signal();
        this.poll.notice();
        return asleep;
      },
    };
  }

  notice(): void {
    if (this.polling) this.poll.notice();
  }

  /** The thread's program; hand it to the host thread `thread`. */
  *program(cpu: Context, thread: Placed): Program {
    this.cpu = cpu;
    this.poll = new BusyPoll(cpu, thread, this.busy, () => this.look.price);
    yield WAIT;
    for (;;) {
      const since = this.sim.now;
      if (!this.anyReady && this.budget > 0) yield* this.spin();
      if (!this.anyReady) yield* this.block(cpu);
      const waited = (this.sim.now - since) / 1000;
      const due = this.handlers.filter((handler) => this.isReady(handler));
      for (const handler of due) {
        handler.ready = false;
        yield* handler.run(cpu);
      }
      for (const handler of due) {
        if (handler.polled !== undefined) handler.limit = adjusted(handler.limit, waited, this.properties);
      }
    }
  }

  /** The longest that any handler is polled for, ns. */
  private get budget(): number {
    return Math.max(0, ...this.handlers.map(({ limit }) => limit));
  }

  private isReady({ ready, polled }: Handler): boolean {
    return ready || (this.polling && polled?.ready === true);
  }

  private get anyReady(): boolean {
    return this.handlers.some((handler) => this.isReady(handler));
  }

  private *spin(): Access {
    const { handlers, cpu } = this;
    if (!this.polling) {
      this.polling = true;
      for (const { polled } of handlers) polled?.begin();
    }
    cpu.charge(this.look);
    yield RUN;
    if (this.anyReady) return;
    this.poll.spin(SPIN, ns(this.budget));
    yield RUN;
  }

  /** Until somebody tells of work. What comes between the last look and the question is found by a look after it. */
  private *block(cpu: Context): Access {
    if (this.polling) {
      this.polling = false;
      for (const handler of this.handlers) if (handler.polled?.end()) handler.ready = true;
    }
    while (!this.anyReady) {
      this.blocked = true;
      yield WAIT;
    }
    this.blocked = false;
    cpu.charge(this.iteration);
    yield RUN;
  }
}
