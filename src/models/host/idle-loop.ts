/**
 * What a vCPU does without a task: the guest's idle loop with cpuidle-haltpoll, where it has that, tick stop and HLT; KVM's
 * halt polling, block; and the way back.
 */
import type { Simulation } from '../../kernel/simulation.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { EXIT_KERNEL, HALT_POLL, OPEN, SPIN } from '../hardware/mode.ts';
import type { HostCore } from '../hardware/thread.ts';
import { HaltpollGovernor } from '../linux/haltpoll-governor.ts';
import type { Exit, Exits } from './exits.ts';
import { HaltPoll } from './halt-poll.ts';
import type { VCpuCosts, VCpuFeatures } from './vcpu-parts.ts';

/** The vCPU that idles. */
interface Idler {
  readonly sim: Simulation;
  readonly exits: Exits;
  /** Anything to do for a vCPU that is about to halt. */
  readonly workPending: boolean;
  /** No other thread waits for its core. */
  readonly aloneOnCore: boolean;
}

export class IdleLoop {
  /** It was halted since a task ran last. */
  halted = false;
  private readonly vcpu: Idler;
  private readonly costs: VCpuCosts;
  private readonly features: VCpuFeatures;
  private readonly poll: HaltPoll;
  private readonly governor: HaltpollGovernor | null;
  private cpu!: Context;
  /** The HLT exit whose poll by KVM is under way, until that sees work. */
  private polling: Exit | null = null;
  /** The guest's own poll is under way, until that sees a task. */
  guestPolls = false;
  private haltedAt = 0;
  /** The guest's governor has yet to hear of the last halt. */
  private untold = false;

  constructor(
    vcpu: Idler,
    { costs, features }: { readonly costs: VCpuCosts; readonly features: VCpuFeatures },
  ) {
    this.vcpu = vcpu;
    this.costs = costs;
    this.features = features;
    this.poll = new HaltPoll(features.haltPoll);
    this.governor = features.haltpoll === undefined ? null : new HaltpollGovernor(features.haltpoll);
  }

  /** KVM's poll sees work, which leads straight to the VM entry: nothing can come between, so they are one event. */
  endPoll(core: HostCore): void {
    const { cpu, polling, vcpu } = this;
    if (polling !== null) vcpu.exits.enter(cpu, polling);
    core.endSpin(cpu, this.features.haltPollGrid);
    if (polling === null) return;
    this.poll.adapt(vcpu.sim.now + cpu.left - polling.rest - this.haltedAt);
    this.halted = true;
    this.polling = null;
  }

  /** A task is to run: need_resched ends the guest's poll. Simplification: at once, not at its next look. */
  left(): void {
    this.tell();
    this.halted = false;
    if (!this.guestPolls) return;
    this.guestPolls = false;
    this.cpu.endSpin(0);
  }

  *program(cpu: Context): Program {
    this.cpu = cpu;
    const { vcpu, costs, features, poll, governor } = this;
    const { exits, sim } = vcpu;
    yield WAIT;
    for (;;) {
      cpu.mode = OPEN;
      cpu.charge(costs.idleEnter);
      if (governor !== null && governor.limit > 0) {
        yield* this.guestPoll(cpu, governor.limit);
        if (!this.guestPolls) continue;
        this.guestPolls = false;
      }
      if (features.tickStop) exits.handled(cpu, costs.exitMsr, exits.timer);
      exits.halt.value++;
      const exit = exits.leave(cpu, costs.exitLight);
      yield RUN;
      this.haltedAt = sim.now;
      if (!vcpu.workPending && poll.enabled && poll.window > 0 && vcpu.aloneOnCore) {
        cpu.mode = HALT_POLL;
        cpu.spend(costs.haltPoll, poll.window, 1);
        cpu.mode = EXIT_KERNEL;
        this.polling = exit;
        yield RUN;
        if (this.polling === null) continue;
        this.polling = null;
      }
      if (!vcpu.workPending) yield WAIT;
      if (poll.enabled) poll.adapt(sim.now - this.haltedAt);
      this.halted = true;
      exits.enter(cpu, exit);
      this.untold = governor !== null;
      yield RUN;
      this.tell();
    }
  }

  /** haltpoll_reflect. Simplification: the halt is counted from when KVM hears of it. */
  private tell(): void {
    if (!this.untold) return;
    this.untold = false;
    this.governor?.adjust(this.vcpu.sim.now - this.haltedAt);
  }

  /**
   * poll_idle: the tick runs on, interrupts are taken. Simplifications: the time that they or the host take comes on top of
   * the limit, and PAUSE in a loop causes no exits (PLE).
   */
  private *guestPoll(cpu: Context, limit: number): Program {
    yield RUN;
    cpu.mode = SPIN;
    cpu.spend(this.costs.idlePoll, limit, 1);
    cpu.mode = OPEN;
    this.guestPolls = true;
    yield RUN;
  }
}
