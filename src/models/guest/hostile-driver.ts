/** A guest whose driver, beside its work, writes a buffer that breaks the ring's rules, and kicks: once or again and again. */
import type { Picoseconds } from '../../units.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { Processor } from '../hardware/processor.ts';
import type { Doorbell } from '../linux/net-device.ts';
import type { Misdeed } from '../virtio/misdeeds.ts';
import type { Virtqueue } from '../virtio/virtqueue.ts';

export interface HostilePlan {
  readonly misdeed: Misdeed;
  /** Simulated time of the first one, ps from the start of the trial. */
  readonly after: Picoseconds;
  /** From one to the next, ps; null: there is only one. */
  readonly every: Picoseconds | null;
}

export class HostileDriver {
  private readonly cpu: Processor;
  private readonly queue: Virtqueue;
  private readonly doorbell: Doorbell;
  private readonly plan: HostilePlan;

  constructor(cpu: Processor, queue: Virtqueue, doorbell: Doorbell, plan: HostilePlan) {
    this.cpu = cpu;
    this.queue = queue;
    this.doorbell = doorbell;
    this.plan = plan;
    cpu.task('hostile driver', (context) => this.program(context)).signal();
  }

  /** Its own work costs nothing: what it makes others do is of interest. */
  private *program(context: Context): Program {
    const { cpu, queue, doorbell, plan } = this;
    yield WAIT;
    const timer = cpu.timer(context);
    for (let at = plan.after; ; at = (at + (plan.every ?? 0)) as Picoseconds) {
      timer.arm(at);
      do yield WAIT;
      while (cpu.sim.now < at);
      queue.misbehave(plan.misdeed);
      doorbell.leave(context);
      yield RUN;
      const work = doorbell.act(context);
      if (work !== null) yield context.call(work);
      doorbell.enter(context);
      yield RUN;
      if (plan.every === null) break;
    }
    for (;;) yield WAIT;
  }
}
