/** A batch of segments by itself, cut and booked by hand; and the lives of the requests that it serves. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../accounting/invariant.ts';
import { ps } from '../../units.ts';
import { vcpuOn } from '../host/vcpu.test-support.ts';
import { Bench, type Body, whenever } from './bench-machine.test-support.ts';
import { Context, RUN, takesInterrupt, takesSoftirq, WAIT } from './context.ts';
import { BH_OFF, EXIT_KERNEL, EXIT_USER, HALT_POLL, IRQ_OFF, type Mode, OPEN, SPIN } from './mode.ts';

const PRICES = { copy: 7, exit: 100, poll: 1 };

/** A context on nothing. */
const alone = () => {
  const bench = new Bench({ prices: PRICES });
  const { books } = bench;
  const account = books.ledger.account('core0', 'me', false);
  const level = {
    stopOf: (context: Context) => context.n,
    pendingAny: false,
    leaveGuest: () => {},
    endSpin: () => {},
    wakeTask: () => {},
  };
  const identity = { name: 'core0 me', payer: 'me', guest: false, kind: 'me' };
  const context = new Context(books, identity, level, () => {}, account);
  const cost = { copy: bench.cost('copy'), exit: bench.cost('exit'), poll: bench.cost('poll') };
  return { bench, context, cost };
};

describe('a batch', () => {
  test('takes the sum of its charges and is booked under their names', () => {
    const { bench, context, cost } = alone();
    context.charge(cost.copy, 3);
    context.charge(cost.exit);
    expect([context.left, context.idle]).toEqual([121, false]);
    context.finish(context.n, 0);
    expect([context.left, context.idle]).toEqual([0, true]);
    expect(bench.bill('me')).toEqual({ copy: [21, 3], exit: [100, 1] });
  });

  test('is booked on the plane of whoever worked: the context, KVM, or QEMU', () => {
    const { bench, context, cost } = alone();
    const modes: Mode[] = [OPEN, BH_OFF, IRQ_OFF, SPIN, EXIT_KERNEL, EXIT_USER, HALT_POLL];
    for (const mode of modes) {
      context.mode = mode;
      context.charge(cost.copy);
    }
    context.finish(context.n, 0);
    expect(bench.bill('me')).toEqual({ copy: [28, 4], 'vcpu-k copy': [14, 2], 'vcpu-u copy': [7, 1] });
  });

  test('of a price drawn per occurrence draws one for each', () => {
    const { bench, context, cost } = alone();
    const draws = [5, 6, 7];
    context.charge({ ...cost.copy, draw: () => ps(draws.shift() as number) }, 3);
    expect(context.left).toBe(18);
    context.finish(context.n, 0);
    expect(bench.bill('me')).toEqual({ copy: [18, 3] });
  });

  test('may spend a time that is no price, as any number of occurrences', () => {
    const { bench, context, cost } = alone();
    context.spend(cost.exit, 60, 0);
    context.spend(cost.exit, 40, 1);
    context.finish(context.n, 0);
    expect(bench.bill('me')).toEqual({ exit: [100, 1] });
  });

  test('that never ends is refused', () => {
    const { context, cost } = alone();
    expect(() => {
      for (let i = 0; i < 100_000; i++) context.charge(cost.copy);
    }).toThrow(InvariantError);
  });
});

describe('a cut', () => {
  /** copy 70 ps, exit 100 ps, copy 7 ps, from time 1000 on, cut at `at`. */
  const cutAt = (at: number) => {
    const parts = alone();
    parts.context.charge(parts.cost.copy, 10);
    parts.context.charge(parts.cost.exit);
    parts.context.charge(parts.cost.copy);
    parts.context.settle(1000, at);
    return parts;
  };

  test.each([
    [1000, {}],
    [1069, { copy: [69, 0] }],
    [1070, { copy: [70, 10] }],
    [1071, { copy: [70, 10], exit: [1, 0] }],
    [1170, { copy: [70, 10], exit: [100, 1] }],
    [1176, { copy: [76, 10], exit: [100, 1] }],
    [1177, { copy: [77, 11], exit: [100, 1] }],
  ])('at %i books what was done and counts what was completed', (at, bill) => {
    const { bench, context } = cutAt(at);
    expect(bench.bill('me')).toEqual(bill);
    expect(context.left).toBe(1177 - at);
  });

  test('beyond the end of the batch is an error of ours', () => {
    expect(() => cutAt(1178)).toThrow(InvariantError);
  });

  test('however often, in whatever places, leaves the same bill as none', () => {
    const spans = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 30 });
    const cuts = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 40 });
    fc.assert(
      fc.property(spans, cuts, (counts, gaps) => {
        const { bench, context, cost } = alone();
        const whole = { copy: [0, 0] };
        for (const count of counts) {
          context.charge(cost.copy, count);
          whole.copy[0] += 7 * count;
          whole.copy[1] += count;
        }
        let now = 0;
        for (const gap of gaps) {
          const until = now + Math.min(gap, context.left);
          context.settle(now, until);
          now = until;
          expect(bench.busy('me')).toBe(now);
        }
        context.finish(context.n, now);
        expect(bench.bill('me')).toEqual(whole.copy[1] === 0 ? {} : whole);
      }),
    );
  });

  test('leaves room for what is charged later', () => {
    const { bench, context, cost } = cutAt(1100);
    context.charge(cost.exit);
    context.finish(context.n, 5000);
    expect(bench.bill('me')).toEqual({ copy: [77, 11], exit: [200, 2] });
  });
});

describe('a prelude', () => {
  test('is paid before what is left, in its own mode', () => {
    const { bench, context, cost } = alone();
    context.charge(cost.copy, 10);
    context.settle(0, 30);
    context.prelude(cost.exit, EXIT_KERNEL);
    expect([context.left, context.modeNow]).toEqual([140, EXIT_KERNEL]);
    context.settle(50, 151);
    expect(bench.bill('me')).toEqual({ copy: [31, 0], 'vcpu-k exit': [100, 1] });
  });

  test('of a context without a batch is all that it has to do', () => {
    const { context, cost } = alone();
    context.prelude(cost.exit, OPEN);
    expect([context.left, context.runnable, context.idle]).toEqual([100, true, false]);
    context.finish(context.n, 0);
    expect([context.left, context.runnable, context.idle]).toEqual([0, false, true]);
  });

  test('goes before earlier preludes', () => {
    const { context, cost } = alone();
    context.prelude(cost.copy, OPEN);
    context.prelude(cost.exit, IRQ_OFF);
    expect(context.modeNow).toBe(IRQ_OFF);
    context.finish(context.at + 1, 0);
    expect([context.modeNow, context.left]).toEqual([OPEN, 7]);
  });
});

describe('what is looked up in a batch:', () => {
  /** open 70, IRQ off 70, BH off 70, spinning 70, in an exit 70. */
  const mixed = () => {
    const { context, cost } = alone();
    const modes: Mode[] = [OPEN, IRQ_OFF, BH_OFF, SPIN, EXIT_KERNEL];
    for (const mode of modes) {
      context.mode = mode;
      context.charge(cost.copy, 10);
    }
    context.mode = OPEN;
    return context;
  };

  test('the mode under way at any instant, a boundary belonging to the segment that begins', () => {
    const context = mixed();
    const at = [0, 69, 70, 139, 140, 210, 349, 350];
    expect(at.map((t) => context.modeAt(t))).toEqual([
      OPEN,
      OPEN,
      IRQ_OFF,
      IRQ_OFF,
      BH_OFF,
      SPIN,
      EXIT_KERNEL,
      OPEN,
    ]);
  });

  test('the next place that takes an interrupt or a softirq, and the time until there', () => {
    const context = mixed();
    const next = () => [
      context.spanTo(context.boundary(takesInterrupt)),
      context.spanTo(context.boundary(takesSoftirq)),
    ];
    expect(next()).toEqual([0, 0]);
    context.settle(0, 90); // in IRQ off: 50 ps of it are left
    expect(next()).toEqual([50, 120]);
    context.settle(90, 300); // in the exit: the rest of the batch
    expect(next()).toEqual([50, 50]);
  });
});

describe('a busy wait', () => {
  test('that is ended is as long as it lasted', () => {
    const { bench, context, cost } = alone();
    context.mode = SPIN;
    context.spend(cost.poll, 1_000_000, 1);
    context.settle(0, 300);
    context.endSpin(40);
    expect(context.left).toBe(40);
    context.finish(context.n, 300);
    expect(bench.bill('me')).toEqual({ poll: [340, 1] });
  });

  test('is never made longer, and nothing else is made shorter', () => {
    const { context, cost } = alone();
    context.mode = SPIN;
    context.spend(cost.poll, 100, 1);
    context.endSpin(200);
    expect(context.left).toBe(100);
    context.finish(context.n, 0);
    context.endSpin(0);
    context.mode = OPEN;
    context.charge(cost.copy);
    context.endSpin(0);
    expect(context.left).toBe(7);
  });
});

describe('the life of a request', () => {
  /** Requests 0, 1, … open at 0 and wait in `queue`; whoever serves them is `serving`. */
  const machine = (slice = Number.POSITIVE_INFINITY) => {
    const bench = new Bench({ slice, prices: { contextSwitch: 13, exitLight: 10, pollution: 5 } });
    const { timeline } = bench.books;
    const record = timeline.workload('echo');
    const [serving, queue] = [timeline.working('serving'), timeline.waiting('queue')];
    timeline.startMeasuring(ps(0));
    const lives: Record<string, number>[] = [];
    /** Serves `count` requests of 100 ps each in one batch, after `before` ps of work that serves none. */
    const server = (count: number, before = 0): Body =>
      function* (cpu) {
        const requests = Array.from({ length: count }, () => timeline.open(record, ps(0), bench.sim.now, 1));
        if (before > 0) cpu.charge(bench.costs.work, before);
        for (const request of requests) {
          cpu.serve(request, serving, queue);
          cpu.charge(bench.costs.work, 100);
        }
        cpu.serveNobody();
        yield RUN;
        for (const request of requests) {
          timeline.mark(request, timeline.waiting('end').id, bench.sim.now);
          timeline.close(request, bench.sim.now);
          const row = record.sample.at(-1) as Float64Array;
          const passed = timeline.stages.list.filter(({ id }) => row[id] > 0);
          lives.push(Object.fromEntries(passed.map(({ id, name }) => [name, row[id]])));
        }
      };
    const busy = (span: number): Body =>
      function* (cpu) {
        cpu.charge(bench.costs.work, span);
        yield RUN;
      };
    const [core] = bench.cores;
    const irq = (at: number, span = 30, then = () => {}) => {
      const line = core.interrupt(`irq at ${at}`, function* ({ context }) {
        for (;;) {
          yield WAIT;
          yield* busy(span)(context);
          then();
        }
      });
      bench.at(at, line.raise);
    };
    const rival = (name: string, policy: 'fair' | 'fifo' = 'fifo') =>
      bench.thread(name, busy(30), { policy });
    const host = (count: number, before?: number) => {
      const { context } = bench.thread('server', server(count, before));
      bench.at(100, () => context.signal());
    };
    return { bench, core, lives, server, busy, irq, rival, host };
  };

  test('waits where its server says until the work for it begins, the context switch included', () => {
    const { bench, lives, host } = machine();
    host(1);
    bench.run(1000);
    expect(lives).toEqual([{ queue: 113, serving: 100 }]);
  });

  test('waits for work that precedes its own in the batch', () => {
    const { bench, lives, host } = machine();
    host(2, 40);
    bench.run(1000);
    expect(lives).toEqual([
      { queue: 153, serving: 100, end: 100 },
      { queue: 253, serving: 100 },
    ]);
  });

  test('that is cut waits for whoever cut it, and what it waited before keeps its own name', () => {
    const { bench, lives, host, irq } = machine();
    host(1);
    irq(150);
    irq(200, 7);
    bench.run(1000);
    expect(lives).toEqual([{ queue: 113, serving: 100, 'preempted by host irq': 37 }]);
  });

  test('that is cut waits for whoever cut it until it runs again, whatever else comes in between', () => {
    const { bench, core, lives, busy, host, irq, rival } = machine();
    const softirq = core.softirq('napi', whenever(busy(20)));
    const { context } = rival('better');
    host(1);
    irq(150, 30, () => {
      softirq.signal();
      context.signal();
    });
    bench.run(1000);
    const away = 30 + 20 + 13 + 30 + 13;
    expect(lives).toEqual([{ queue: 113, serving: 100, 'preempted by host irq': away }]);
  });

  test('that is preempted waits for the thread that took the core, the switches there and back included', () => {
    const { bench, lives, host, rival } = machine();
    const { context } = rival('better');
    host(1);
    bench.at(150, () => context.signal());
    bench.run(1000);
    expect(lives).toEqual([{ queue: 113, serving: 100, 'preempted by better': 13 + 30 + 13 }]);
  });

  test('whose server’s slice ends waits for the thread that is next', () => {
    const { bench, lives, host, rival } = machine(50);
    const { context } = rival('next', 'fair');
    host(1);
    bench.at(110, () => context.signal());
    bench.run(1000);
    // 100–113 switch, 113–150 served; next 150–193; then 13 of switch, 37 of service, and nobody else wants the core.
    expect(lives).toEqual([{ queue: 113, serving: 100, 'preempted by next': 13 + 30 + 13 }]);
  });

  test('that is cut by one and then by another has waited for both', () => {
    const { bench, lives, host, irq, rival } = machine();
    const { context } = rival('better');
    host(1);
    irq(120);
    bench.at(160, () => context.signal());
    bench.run(1000);
    expect(lives).toEqual([
      { queue: 113, serving: 100, 'preempted by host irq': 30, 'preempted by better': 56 },
    ]);
  });

  test('whose server is cut before its turn waits for the cutter from the cut on', () => {
    const { bench, lives, host, irq } = machine();
    host(1, 40);
    irq(130);
    bench.run(1000);
    expect(lives).toEqual([{ queue: 130, 'preempted by host irq': 30 + 23, serving: 100 }]);
  });

  test('behind the one that is cut keeps waiting in its queue', () => {
    const { bench, lives, host, irq } = machine();
    host(2);
    irq(150);
    bench.run(1000);
    expect(lives).toEqual([
      { queue: 113, serving: 100, 'preempted by host irq': 30, end: 100 },
      { queue: 243, serving: 100 },
    ]);
  });

  test('whose turn would have begun at the very cut is the one that waits for the cutter', () => {
    const { bench, lives, host, irq } = machine();
    host(2);
    irq(213);
    bench.run(1000);
    expect(lives).toEqual([
      { queue: 113, serving: 100, end: 130 },
      { queue: 213, serving: 100, 'preempted by host irq': 30 },
    ]);
  });

  test('in a guest waits for the exit, the entry and the refill as part of the interrupt of the host', () => {
    const { bench, lives, server, irq } = machine();
    vcpuOn(bench)
      .task('server', whenever(server(1)))
      .signal();
    irq(50);
    bench.run(1000);
    expect(lives).toEqual([{ queue: 13, serving: 100, 'preempted by host irq': 30 + 10 + 5 }]);
  });

  test('in a guest waits for the guest’s own interrupts under their name', () => {
    const { bench, lives, server, busy } = machine();
    const vcpu = vcpuOn(bench);
    vcpu.task('server', whenever(server(1))).signal();
    const softirq = vcpu.softirq('napi', whenever(busy(20)));
    const line = vcpu.interrupt('nic', function* ({ context }) {
      for (;;) {
        yield WAIT;
        yield* busy(30)(context);
        softirq.signal();
      }
    });
    bench.at(50, line.raise);
    bench.at(110, () => softirq.signal());
    bench.run(1000);
    expect(lives).toEqual([
      { queue: 13, serving: 100, 'preempted by guest irq': 50, 'preempted by guest softirq': 20 },
    ]);
  });

  test('that its own server’s step lets others go before waits for them', () => {
    const { bench, lives, server, rival } = machine();
    const { context: better } = rival('better');
    const { context } = bench.thread('server', function* (cpu) {
      better.signal();
      yield* server(1)(cpu);
    });
    context.signal();
    bench.run(1000);
    expect(lives).toEqual([{ queue: 13, 'preempted by better': 13 + 30 + 13, serving: 100 }]);
  });

  test('adds up to its latency whatever comes in between', () => {
    const times = fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 15 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), times, times, (count, irqs, wakes) => {
        const { bench, lives, host, irq, rival } = machine(70);
        host(count, 20);
        for (const at of irqs) irq(at, 11);
        wakes.forEach((at, i) => {
          const { context } = rival(`rival ${i}`, i % 2 === 0 ? 'fifo' : 'fair');
          bench.at(at, () => context.signal());
        });
        bench.run(100_000); // closing a request that does not add up throws
        expect(lives.length).toBe(count);
        for (const life of lives) expect(life['serving']).toBe(100);
      }),
    );
  });
});
