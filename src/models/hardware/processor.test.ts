/** Who runs when on a processor, on both levels: interrupts, softirqs and threads against every mode. */
import { describe, expect, test } from 'vitest';
import { VCpu } from '../host/vcpu.ts';
import { Bench, whenever } from './bench-machine.test-support.ts';
import { RUN, WAIT } from './context.ts';
import { BH_OFF, EXIT_KERNEL, EXIT_USER, IRQ_OFF, type Mode, OPEN, SPIN } from './mode.ts';
import type { Processor } from './processor.ts';

/** The task under test: 100 ps open, 100 ps in `mode`, 100 ps open, as one batch from time 0 on. */
const batchWith = (bench: Bench, mode: Mode) =>
  whenever(function* (cpu) {
    for (const part of [OPEN, mode, OPEN]) {
      cpu.mode = part;
      cpu.charge(bench.costs.work, 100);
    }
    yield RUN;
    bench.note('done');
  });

/** What comes in between; it works 30 ps once it runs. */
const interrupter = (bench: Bench, name: string) =>
  whenever(function* (cpu) {
    bench.note(name);
    cpu.charge(bench.costs.work, 30);
    yield RUN;
  });

/** A vCPU of VM `web` alone on core 0. */
const vcpuOn = (bench: Bench): VCpu => {
  const haltPoll = {
    halt_poll_ns: 0,
    halt_poll_ns_grow: 2,
    halt_poll_ns_grow_start: 0,
    halt_poll_ns_shrink: 2,
  };
  const features = {
    apicv: true,
    pvEoi: true,
    tickStop: false,
    exitOutShare: 0.6,
    haltPoll,
    haltPollGrid: 0 as never,
  };
  const identity = { vm: 'web', index: 0, placement: { affinity: [0] } };
  const vcpu = new VCpu(bench.sim, bench.books, identity, { costs: bench.costs, features });
  vcpu.start(bench.cores[0]);
  return vcpu;
};

/** Makes something happen on `processor` at `at`, by kind. */
const happen = (bench: Bench, processor: Processor, kind: string, at: number): void => {
  if (kind === 'irq') {
    const line = processor.interrupt('nic', ({ context }) => interrupter(bench, kind)(context));
    bench.at(at, line.raise);
  } else if (kind === 'softirq') {
    const softirq = processor.softirq('napi', interrupter(bench, kind));
    bench.at(at, () => softirq.signal());
  } else {
    const policy = kind === 'wake' ? 'fifo' : 'fair';
    const rival = bench.thread(
      'rival',
      function* (cpu) {
        bench.note(kind);
        cpu.charge(bench.costs.work, 30);
        yield RUN;
      },
      { policy },
    );
    bench.at(kind === 'wake' ? at : 0, () => rival.context.signal());
  }
};

const INSTANTS = [
  ['start', 100],
  ['middle', 150],
  ['end', 200],
] as const;
const MODE_NAMES = ['open', 'BH off', 'IRQ off', 'spinning', 'in KVM', 'in QEMU'];

describe('on a physical core', () => {
  /** Modes in which each kind has to wait for the end of the segment. */
  const deferredBy: Record<string, readonly Mode[]> = {
    irq: [IRQ_OFF],
    softirq: [IRQ_OFF, BH_OFF],
    slice: [IRQ_OFF, BH_OFF],
    wake: [IRQ_OFF, BH_OFF],
  };
  const cases = Object.keys(deferredBy).flatMap((kind) =>
    [OPEN, BH_OFF, IRQ_OFF, SPIN].flatMap((mode) =>
      INSTANTS.map(([where, at]) => [kind, where, MODE_NAMES[mode], mode as Mode, at] as const),
    ),
  );

  test.each(cases)(
    'a %s at the %s of a segment with %s runs as soon as that allows',
    (kind, _, __, mode, at) => {
      const bench = new Bench({ slice: at });
      const task = bench.thread('task', function* (cpu) {
        for (const part of [OPEN, mode, OPEN]) {
          cpu.mode = part;
          cpu.charge(bench.costs.work, 100);
        }
        yield RUN;
        bench.note('done');
      });
      bench.at(0, () => task.context.signal());
      happen(bench, bench.cores[0], kind, at);
      bench.run(1000);

      const from = deferredBy[kind].includes(mode) ? 200 : at;
      expect(bench.seen).toEqual([`${from} ${kind}`, '330 done']);
      expect(bench.bill('task')['work']).toEqual([300, 300]);
      expect(bench.gaps()).toEqual([0]);
    },
  );
});

describe('on a vCPU', () => {
  const guestModes = [OPEN, BH_OFF, IRQ_OFF, SPIN, EXIT_KERNEL, EXIT_USER] as const;
  const inGuest = (mode: Mode, at: number) => at === 200 || mode < EXIT_KERNEL;

  const guestCases = ['irq', 'softirq'].flatMap((kind) =>
    guestModes.flatMap((mode) =>
      INSTANTS.map(([where, at]) => [kind, where, MODE_NAMES[mode], mode as Mode, at] as const),
    ),
  );
  test.each(guestCases)(
    'a guest %s at the %s of a segment %s runs as soon as the guest allows',
    (kind, _, __, mode, at) => {
      const bench = new Bench({ prices: { postedDelivery: 7 } });
      const vcpu = vcpuOn(bench);
      vcpu.task('task', batchWith(bench, mode)).signal();
      const line = vcpu.interrupt('nic', function* ({ context, enter, leave }) {
        for (;;) {
          yield WAIT;
          bench.note('irq');
          enter();
          context.charge(bench.costs.work, 30);
          leave();
          yield RUN;
        }
      });
      const softirq = vcpu.softirq('napi', interrupter(bench, 'softirq'));
      bench.at(at, () => (kind === 'irq' ? line.raise() : softirq.signal()));
      bench.run(1000);

      const deferred = mode === IRQ_OFF || mode >= EXIT_KERNEL || (kind === 'softirq' && mode === BH_OFF);
      const delivery = kind === 'irq' && inGuest(mode, at) ? 7 : 0;
      expect(bench.seen).toEqual([`${deferred ? 200 : at} ${kind}`, `${330 + delivery} done`]);
      expect(bench.gaps()).toEqual([0]);
    },
  );

  const hostCases = ['irq', 'softirq', 'slice', 'wake'].flatMap((kind) =>
    guestModes.flatMap((mode) =>
      INSTANTS.map(([where, at]) => [kind, where, MODE_NAMES[mode], mode as Mode, at] as const),
    ),
  );
  test.each(hostCases)(
    'a %s of the host cuts it at once at the %s of a segment %s, by one exit from guest code',
    (kind, _, __, mode, at) => {
      const bench = new Bench({ slice: at, prices: { exitLight: 10, pollution: 5 } });
      const vcpu = vcpuOn(bench);
      vcpu.task('task', batchWith(bench, mode)).signal();
      happen(bench, bench.cores[0], kind, at);
      bench.run(331 + 15);

      const exits = inGuest(mode, at) ? 1 : 0;
      expect(bench.seen).toEqual([`${at} ${kind}`, `${330 + 15 * exits} done`]);
      expect(bench.count('exits.other', 'external-interrupt', 'web')).toBe(exits);
      expect(bench.gaps()).toEqual([0]);
    },
  );
});
