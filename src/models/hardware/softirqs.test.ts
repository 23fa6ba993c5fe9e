/** How long softirqs go on at their own level, and how they share the processor as ksoftirqd: by hand-made schedules. */
import { describe, expect, test } from 'vitest';
import { vcpuOn } from '../host/vcpu.test-support.ts';
import { Bench, type Body, whenever } from './bench-machine.test-support.ts';
import { type Context, RUN, WAIT } from './context.ts';
import type { Processor } from './processor.ts';

/** A poll that always finds its full budget: `span` of work, and again. */
const endless = (bench: Bench, span: number, eachTime: () => void = () => {}): Body =>
  function* (cpu) {
    for (;;) {
      yield WAIT;
      cpu.charge(bench.costs.work, span);
      yield RUN;
      eachTime();
      cpu.signal();
    }
  };

/** Never sleeps. */
const hog = (bench: Bench, commit = 100): Body =>
  function* (cpu) {
    for (;;) {
      cpu.charge(bench.costs.work, commit);
      yield RUN;
    }
  };

const flooded = (bench: Bench, processor: Processor, span: number, at = 50): Context => {
  const poll = processor.softirq('poll', endless(bench, span));
  bench.at(at, () => poll.signal());
  return poll;
};

describe('on a core', () => {
  const withHog = (slice = Number.POSITIVE_INFINITY, commit = 100): Bench => {
    const bench = new Bench({ slice });
    bench.thread('hog', hog(bench, commit)).context.signal();
    return bench;
  };

  test('after ten passes ksoftirqd takes over and shares with threads, slice by slice, but no pass is cut', () => {
    const bench = withHog(1000);
    flooded(bench, bench.cores[0], 300);
    bench.run(7450);

    // Ten passes to 3050; ksoftirqd to 4250, where the pass ends that began before 4050; the hog to 5250; and so on.
    expect(bench.busy('core0 softirq')).toBe(3000 + 1200 + 1200);
    expect(bench.busy('hog')).toBe(50 + 1000 + 1000);
    expect(bench.gaps()).toEqual([0]);
  });

  test('no pass begins after two milliseconds', () => {
    const bench = withHog(Number.POSITIVE_INFINITY, 1e9);
    flooded(bench, bench.cores[0], 0.9e9);
    bench.run(10e9);

    expect(bench.busy('core0 softirq')).toBe(3 * 0.9e9);
  });

  test('a thread that was woken on an idle core runs after the pass', () => {
    const bench = new Bench({ slice: 90 });
    const app = bench.thread('app', function* (cpu) {
      bench.note('app');
      cpu.charge(bench.costs.work, 70);
      yield RUN;
    });
    const poll = bench.cores[0].softirq(
      'poll',
      endless(bench, 100, () => app.context.signal()),
    );
    bench.at(0, () => poll.signal());
    bench.run(700);

    // It first waits for one pass. ksoftirqd, from 170 on, has one pass to itself; the slice that is over when the app
    // is woken at 270 is noticed after the pass that follows.
    expect(bench.seen).toEqual(['100 app', '370 app', '640 app']);
  });

  test('what is raised anew comes after the others', () => {
    const bench = new Bench();
    const [core] = bench.cores;
    for (const name of ['a', 'b']) {
      const poll = core.softirq(
        name,
        endless(bench, 10, () => bench.note(name)),
      );
      bench.at(0, () => poll.signal());
    }
    bench.run(40);

    expect(bench.seen).toEqual(['10 a', '20 b', '30 a', '40 b']);
  });

  test('while ksoftirqd is awake an interrupt runs no softirq', () => {
    const bench = new Bench();
    const [core] = bench.cores;
    const main = bench.thread('main', function* (cpu) {
      cpu.charge(bench.costs.work, 5000);
      yield RUN;
      bench.note('main sleeps');
    });
    const other = core.softirq(
      'other',
      whenever(function* () {
        bench.note('other');
        yield RUN;
      }),
    );
    const line = core.interrupt('line', function* () {
      for (;;) {
        yield WAIT;
        bench.note('irq');
        other.signal();
      }
    });
    main.context.signal();
    flooded(bench, core, 100);
    bench.at(500, line.raise);
    bench.at(2000, line.raise);
    bench.run(8000);

    // 5000 of work and ten passes of 100; then ksoftirqd runs both, the one that was raised first first.
    expect(bench.seen).toEqual(['500 irq', '550 other', '2000 irq', '6000 main sleeps', '6100 other']);
  });

  test('a run that is over leaves the next one its full budget', () => {
    const bench = withHog();
    let left = 0;
    const poll = bench.cores[0].softirq('poll', function* (cpu) {
      for (;;) {
        yield WAIT;
        cpu.charge(bench.costs.work, 10);
        yield RUN;
        if (--left > 0) cpu.signal();
      }
    });
    for (const at of [1000, 2000, 3000]) {
      bench.at(at, () => {
        left = 10;
        poll.signal();
      });
    }
    bench.run(4000);

    // Had one been left to ksoftirqd, the hog would not have let it run.
    expect(bench.busy('core0 softirq')).toBe(3 * 10 * 10);
  });
});

test('in a guest ksoftirqd is one of its tasks', () => {
  const bench = new Bench();
  const vcpu = vcpuOn(bench, { taskSlice: 1000 as never });
  const task = vcpu.task('hog', function* (cpu) {
    yield WAIT;
    yield* hog(bench)(cpu);
  });
  task.signal();
  flooded(bench, vcpu, 300);
  bench.run(6500);

  // Ten passes to 3050; ksoftirqd to 4250; the hog, which gives way between commits of 100, to 5300; ksoftirqd to 6500.
  expect(bench.busy('web vcpu0 softirq')).toBe(3000 + 1200 + 1200);
  expect(bench.busy('web vcpu0 task')).toBe(50 + 1050);
  expect(bench.gaps()).toEqual([0]);
});
