/** Who runs when on a processor, on both levels: interrupts, softirqs and threads against every mode. */
import { describe, expect, test } from 'vitest';
import { deviceOf, vcpuOn } from '../host/vcpu.test-support.ts';
import { Bench, type Body, whenever } from './bench-machine.test-support.ts';
import { type Context, RUN, WAIT } from './context.ts';
import { BH_OFF, EXIT_KERNEL, EXIT_USER, IRQ_OFF, type Mode, OPEN, SPIN } from './mode.ts';
import type { Processor } from './processor.ts';

/** 100 ps open, 100 ps in `mode`, 100 ps open, as one batch. */
const around = (bench: Bench, mode: Mode): Body =>
  function* (cpu) {
    const parts: Mode[] = [OPEN, mode, OPEN];
    for (const part of parts) {
      cpu.mode = part;
      cpu.charge(bench.costs.work, 100);
    }
    yield RUN;
    bench.note('done');
  };

/** Notes its name when it begins, and works for `span`. */
const busy = (bench: Bench, name: string, span = 30): Body =>
  function* (cpu) {
    bench.note(name);
    cpu.charge(bench.costs.work, span);
    yield RUN;
  };

/** A hard interrupt of a host core. */
const lineOf = (bench: Bench, processor: Processor, name: string, span = 30) =>
  processor.interrupt(name, ({ context }) => whenever(busy(bench, name, span))(context));

type Kind = 'irq' | 'softirq' | 'slice' | 'wake';

/** Lets something of `kind` come to core 0 at `at`; a thread whose turn a slice's end makes has waited since 0. */
const disturb = (bench: Bench, kind: Kind, at: number): void => {
  const [core] = bench.cores;
  if (kind === 'irq') bench.at(at, lineOf(bench, core, kind).raise);
  else if (kind === 'softirq') {
    const softirq = core.softirq(kind, whenever(busy(bench, kind)));
    bench.at(at, () => softirq.signal());
  } else {
    const rival = bench.thread('rival', busy(bench, kind), { policy: kind === 'wake' ? 'fifo' : 'fair' });
    bench.at(kind === 'wake' ? at : 0, () => rival.context.signal());
  }
};

const MODES = ['open', 'with BH off', 'with IRQ off', 'of spinning', 'in KVM', 'in QEMU'];
const INSTANTS = [
  ['start', 100],
  ['middle', 150],
  ['end', 200],
] as const;
const table = (kinds: readonly Kind[], modes: readonly Mode[]) =>
  kinds.flatMap((kind) =>
    modes.flatMap((mode) =>
      INSTANTS.map(([where, at]) => [kind, where, `${MODES[mode]}`, { mode, at }] as const),
    ),
  );
const GUEST_MODES = [OPEN, BH_OFF, IRQ_OFF, SPIN, EXIT_KERNEL, EXIT_USER] as const;

describe('work of a host thread', () => {
  const HOLDS_OFF: Record<Kind, readonly Mode[]> = {
    irq: [IRQ_OFF],
    softirq: [IRQ_OFF, BH_OFF],
    slice: [IRQ_OFF, BH_OFF],
    wake: [IRQ_OFF, BH_OFF],
  };

  test.each(table(['irq', 'softirq', 'slice', 'wake'], [OPEN, BH_OFF, IRQ_OFF, SPIN]))(
    'gives way to the %s at the %s of a segment %s, or at its end',
    (kind, _where, _mode, { mode, at }) => {
      const bench = new Bench({ slice: at });
      const { context } = bench.thread('task', around(bench, mode));
      bench.at(0, () => context.signal());
      disturb(bench, kind, at);
      bench.run(1000);

      const from = HOLDS_OFF[kind].includes(mode) ? 200 : at;
      expect(bench.seen).toEqual([`${from} ${kind}`, '330 done']);
      expect(bench.bill('task')['work']).toEqual([300, 300]);
      expect(bench.gaps()).toEqual([0]);
    },
  );
});

describe('work of a guest', () => {
  const inGuest = (mode: Mode, at: number): boolean => at === 200 || mode < EXIT_KERNEL;

  test.each(table(['irq', 'softirq'], GUEST_MODES))(
    'gives way to its own %s at the %s of a segment %s, or at its end',
    (kind, _where, _mode, { mode, at }) => {
      const bench = new Bench({ prices: { postedDelivery: 7 } });
      const vcpu = vcpuOn(bench);
      vcpu.task('task', whenever(around(bench, mode))).signal();
      const line = deviceOf(bench, vcpu, 'irq', 30);
      const softirq = vcpu.softirq('softirq', whenever(busy(bench, 'softirq')));
      bench.at(at, () => (kind === 'irq' ? line.raise() : softirq.signal()));
      bench.run(1000);

      const heldOff = mode === IRQ_OFF || mode >= EXIT_KERNEL || (kind === 'softirq' && mode === BH_OFF);
      const delivery = kind === 'irq' && inGuest(mode, at) ? 7 : 0;
      expect(bench.seen).toEqual([`${heldOff ? 200 : at} ${kind}`, `${330 + delivery} done`]);
      expect(bench.bill('web vcpu0 task')['work']?.[0]).toBe(mode >= EXIT_KERNEL ? 200 : 300);
      expect(bench.gaps()).toEqual([0]);
    },
  );

  test.each(table(['irq', 'softirq', 'slice', 'wake'], GUEST_MODES))(
    'gives way at once to the %s of the host at the %s of a segment %s, by one exit if it was guest code',
    (kind, _where, _mode, { mode, at }) => {
      const bench = new Bench({ slice: at, prices: { exitLight: 10, pollution: 5 } });
      const vcpu = vcpuOn(bench);
      vcpu.task('task', whenever(around(bench, mode))).signal();
      disturb(bench, kind, at);
      bench.run(1000);

      const exits = inGuest(mode, at) ? 1 : 0;
      expect(bench.seen).toEqual([`${at} ${kind}`, `${330 + 15 * exits} done`]);
      expect(bench.count('exits.other', 'external-interrupt', 'web')).toBe(exits);
      expect(bench.gaps()).toEqual([0]);
    },
  );
});

/** The same rules hold on a core and on a vCPU: each test runs on both. */
describe.each(['a core', 'a vCPU'])('on %s', (level) => {
  const machine = () => {
    const bench = new Bench();
    const processor: Processor = level === 'a core' ? bench.cores[0] : vcpuOn(bench);
    const task = (body: Body): Context => processor.task('task', whenever(body));
    const softirq = (name: string, span?: number) =>
      processor.softirq(name, whenever(busy(bench, name, span)));
    return { bench, processor, task, softirq };
  };

  test('what comes at one instant runs in the order hard interrupt, softirq, task', () => {
    const { bench, processor, task, softirq } = machine();
    const line = lineOf(bench, processor, 'irq');
    const napi = softirq('napi');
    const program = task(busy(bench, 'task'));
    bench.at(1000, () => {
      program.signal();
      napi.signal();
      line.raise();
    });
    bench.run(2000);
    expect(bench.seen).toEqual(['1000 irq', '1030 napi', '1060 task']);
    expect(bench.gaps()).toEqual([0]);
  });

  test('an interrupt cuts a softirq, which then goes on before any task', () => {
    const { bench, processor, task, softirq } = machine();
    const line = lineOf(bench, processor, 'irq');
    const napi = softirq('napi', 100);
    const program = task(busy(bench, 'task'));
    bench.at(0, () => napi.signal());
    bench.at(40, () => {
      program.signal();
      line.raise();
    });
    bench.run(2000);
    expect(bench.seen).toEqual(['0 napi', '40 irq', '130 task']);
  });

  test('a softirq cuts a task but no other softirq: softirqs run first come, first served', () => {
    const { bench, task, softirq } = machine();
    const program = task(around(bench, OPEN));
    const [first, second, third] = ['first', 'second', 'third'].map((name) => softirq(name, 50));
    bench.at(0, () => program.signal());
    bench.at(100, () => second.signal());
    bench.at(110, () => first.signal());
    bench.at(120, () => third.signal());
    bench.run(2000);
    expect(bench.seen).toEqual(['100 second', '150 first', '200 third', '450 done']);
  });

  test('a softirq signalled while it runs runs once more', () => {
    const { bench, softirq } = machine();
    const napi = softirq('napi', 100);
    bench.at(0, () => napi.signal());
    for (const at of [30, 60]) bench.at(at, () => napi.signal());
    bench.run(2000);
    expect(bench.seen).toEqual(['0 napi', '100 napi']);
  });

  test('an interrupt does not cut another: they run first come, first served', () => {
    const { bench, processor } = machine();
    const [first, second] = ['first', 'second'].map((name) => lineOf(bench, processor, name, 50));
    bench.at(100, second.raise);
    bench.at(110, first.raise);
    bench.run(2000);
    expect(bench.seen).toEqual(['100 second', '150 first']);
  });

  test('interrupts that come while one is pending merge; one that comes while it is handled does not', () => {
    const { bench, processor, task } = machine();
    const line = lineOf(bench, processor, 'irq', 50);
    const program = task(around(bench, IRQ_OFF));
    bench.at(0, () => program.signal());
    for (const at of [110, 120, 190]) bench.at(at, line.raise); // pending until 200, then handled until 250
    for (const at of [210, 220]) bench.at(at, line.raise);
    bench.run(2000);
    expect(bench.seen).toEqual(['200 irq', '250 irq', '400 done']);
  });

  test('interrupts stay off from one batch to the next until the program switches them on', () => {
    const { bench, processor, task } = machine();
    const line = lineOf(bench, processor, 'irq');
    const program = task(function* (cpu) {
      cpu.mode = IRQ_OFF;
      for (let i = 0; i < 3; i++) {
        cpu.charge(bench.costs.work, 100);
        yield RUN;
        bench.note('batch');
      }
      cpu.mode = OPEN;
      cpu.charge(bench.costs.work, 100);
      yield RUN;
      bench.note('done');
    });
    bench.at(0, () => program.signal());
    bench.at(50, line.raise);
    bench.run(2000);
    expect(bench.seen).toEqual(['100 batch', '200 batch', '300 batch', '300 irq', '430 done']);
  });

  test('while softirqs wait for bottom halves to be switched on, hard interrupts are taken', () => {
    const { bench, processor, task, softirq } = machine();
    const line = lineOf(bench, processor, 'irq');
    const napi = softirq('napi');
    const program = task(around(bench, BH_OFF));
    bench.at(0, () => program.signal());
    bench.at(110, () => napi.signal());
    bench.at(150, line.raise);
    bench.run(2000);
    expect(bench.seen).toEqual(['150 irq', '230 napi', '360 done']);
  });

  describe('a signal', () => {
    /** A task that works 100 ps per signal. */
    const perSignal = () => {
      const { bench, task } = machine();
      return { bench, program: task(busy(bench, 'runs', 100)) };
    };

    test('that comes before the first WAIT has been reached by the clock is not lost', () => {
      const { bench, program } = perSignal();
      program.signal();
      bench.run(1000);
      expect(bench.seen).toEqual(['0 runs']);
    });

    test('that comes during a batch makes the next WAIT return at once', () => {
      const { bench, program } = perSignal();
      bench.at(0, () => program.signal());
      bench.at(50, () => program.signal());
      bench.run(1000);
      expect(bench.seen).toEqual(['0 runs', '100 runs']);
    });

    test('that comes at the instant at which the batch ends is not lost, on whichever side of the end', () => {
      const { bench, program } = perSignal();
      bench.at(100, () => program.signal()); // scheduled before the end of the batch: fires before it
      bench.at(0, () => program.signal());
      bench.at(200, () => bench.at(300, () => program.signal()));
      bench.run(1000);
      expect(bench.seen).toEqual(['0 runs', '100 runs', '300 runs']);
    });

    test('that comes at the same instant, but after the program went to sleep, wakes it', () => {
      const { bench, program } = perSignal();
      bench.at(0, () => program.signal());
      // This event at 100 is scheduled at 50, when the end of the batch has long been scheduled: it fires after it.
      bench.at(50, () => bench.at(100, () => program.signal()));
      bench.run(1000);
      expect(bench.seen).toEqual(['0 runs', '100 runs']);
    });

    test('merges with others that come before the program sleeps', () => {
      const { bench, program } = perSignal();
      for (const at of [0, 10, 20, 30]) bench.at(at, () => program.signal());
      bench.run(1000);
      expect(bench.seen).toEqual(['0 runs', '100 runs']);
    });

    test('to itself is remembered like any other', () => {
      const { bench, task } = machine();
      let rounds = 0;
      const program = task(function* (cpu) {
        if (++rounds < 3) cpu.signal();
        yield* busy(bench, 'runs', 100)(cpu);
      });
      program.signal();
      bench.run(1000);
      expect(bench.seen).toEqual(['0 runs', '100 runs', '200 runs']);
    });

    test('that comes while charges made before WAIT still run ends that WAIT', () => {
      const { bench, task } = machine();
      const program = task(function* (cpu) {
        cpu.charge(bench.costs.work, 100);
        yield WAIT;
        bench.note('woken');
      });
      bench.at(0, () => program.signal());
      bench.at(40, () => program.signal());
      bench.run(1000);
      expect(bench.seen).toEqual(['100 woken']);
    });
  });
});
