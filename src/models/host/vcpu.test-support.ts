/** A VM's vCPU and the host's scheduler on a bench machine; what costs time is off unless a test asks for it. */

import { ms, ps } from '../../units.ts';
import type { Bench, BenchSettings } from '../hardware/bench-machine.test-support.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import type { InterruptLine } from '../hardware/processor.ts';
import type { Placement } from '../hardware/thread.ts';
import { FairScheduler, type FairSchedulerSettings } from './fair-scheduler.ts';
import type { HaltPollTunables } from './halt-poll.ts';
import { VCpu } from './vcpu.ts';
import type { VCpuFeatures } from './vcpu-parts.ts';

/** KVM's parameters (Linux ≥ 6.12); polling itself is off. */
export const NO_POLLING: HaltPollTunables = {
  halt_poll_ns: 0,
  halt_poll_ns_grow: 2,
  halt_poll_ns_grow_start: 10_000,
  halt_poll_ns_shrink: 2,
};

const FEATURES: VCpuFeatures = {
  apicv: true,
  pvEoi: true,
  tickStop: false,
  exitOutShare: 0.6,
  taskSlice: ms(3),
  haltPoll: NO_POLLING,
  haltPollGrid: ps(0),
};

export interface VmSettings extends Partial<VCpuFeatures> {
  readonly vm?: string;
  readonly placement?: Placement;
}

/** vCPU 0 of `web`, started; it halts at once unless a task is signalled before the clock runs. */
export const vcpuOn = (bench: Bench, settings: VmSettings = {}): VCpu => {
  const { vm = 'web', placement = { affinity: [0] }, ...features } = settings;
  const identity = { vm, index: 0, placement };
  const vcpu = new VCpu(bench.sim, bench.books, identity, {
    costs: bench.costs,
    features: { ...FEATURES, ...features },
  });
  vcpu.start(bench.cores[placement.affinity[0]]);
  return vcpu;
};

/** An interrupt whose handler notes its name when it is taken, and then works for `work` ps. */
export const deviceOf = (bench: Bench, vcpu: VCpu, name: string, work = 0, level = false): InterruptLine => {
  const kind = level ? 'levelInterrupt' : 'interrupt';
  return vcpu[kind](name, function* ({ context, enter, leave }) {
    for (;;) {
      yield WAIT;
      bench.note(name);
      enter();
      context.charge(bench.costs.work, work);
      leave();
      yield RUN;
    }
  });
};

/** Linux ≥ 6.15 with 8 or more cores at HZ 250. */
export const EEVDF: FairSchedulerSettings = {
  policy: 'eevdf',
  slice: ms(2.8),
  wakeupGranularity: ms(4),
  tick: ms(4),
};

/** The host's own scheduler, for a bench machine. */
export const fairly =
  (settings: Partial<FairSchedulerSettings> = {}): Required<BenchSettings>['scheduler'] =>
  ({ sim, books, costs }) =>
    new FairScheduler(sim, { ...EEVDF, ...settings }, books.counters, costs.migration);
