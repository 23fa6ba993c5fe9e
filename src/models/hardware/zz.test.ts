/** A physical core: work is cut anywhere and both ledgers stay exact. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ps } from '../../units.ts';
import { deviceOf, vcpuOn } from '../host/vcpu.test-support.ts';
import { Bench, type Body, whenever } from './bench-machine.test-support.ts';
import { type Context, type Program, RUN, WAIT } from './context.ts';
import { BH_OFF, EXIT_KERNEL, EXIT_USER, IRQ_OFF, type Mode, OPEN, SPIN } from './mode.ts';

const PRICES = { a: 7, b: 11, c: 13 };
type Name = keyof typeof PRICES;

interface Segment {
  readonly cost: Name;
  readonly count: number;
  readonly mode: Mode;
}
interface Disturbance {
  readonly kind: string;
  readonly at: number;
  readonly work: number;
}

/** Batches of segments; the last segment is open, so that whatever was held off runs before the end. */
const programs = (modes: readonly Mode[]) => {
  const segment = fc.record<Segment>({
    cost: fc.constantFrom('a', 'b', 'c'),
    count: fc.integer({ min: 0, max: 20 }),
    mode: fc.constantFrom(...modes),
  });
  const batch = fc.array(segment, { minLength: 1, maxLength: 8 });
  const last: Segment = { cost: 'a', count: 1, mode: OPEN };
  return fc.array(batch, { maxLength: 5 }).map((batches) => [...batches, [last]]);
};

const disturbances = (kinds: readonly string[]) =>
  fc.array(
    fc.record<Disturbance>({
      kind: fc.constantFrom(...kinds),
      at: fc.integer({ min: 1, max: 6000 }),
      work: fc.integer({ min: 0, max: 300 }),
    }),
    { maxLength: 25 },
  );

/** Runs the batches one after the other. */
const performing = (bench: Bench, batches: readonly (readonly Segment[])[]): Body =>
  function* (cpu) {
    for (const batch of batches) {
      for (const { cost, count, mode } of batch) {
        cpu.mode = mode;
        cpu.charge(bench.cost(cost), count);
      }
      yield RUN;
    }
    bench.note('done');
  };

/** What an undisturbed run is charged. */
const billOf = (batches: readonly (readonly Segment[])[], planeOf: (mode: Mode) => string = () => '') => {
  const bill: Record<string, [number, number]> = {};
  for (const { cost, count, mode } of batches.flat()) {
    if (count === 0) continue;
    const name = `${planeOf(mode)}${cost}`;
    bill[name] ??= [0, 0];
    bill[name][0] += PRICES[cost] * count;
    bill[name][1] += count;
  }
  return bill;
};

/** When work that begins at 0 is done, if everything that comes until then goes first: a busy core wastes nothing. */
const doneAt = (own: number, disturbing: readonly Disturbance[]): number => {
  let end = own;
  for (const { at, work } of disturbing.toSorted((x, y) => x.at - y.at)) {
    if (at <= end) end += work;
  }
  return end;
};

/**
 * When the task said it was done, against `doneAt`: exactly then, unless ksoftirqd was woken, a thread like the task.
 * It is where a softirq is raised during another one while a better thread waits; what is left to it may come after
 * the task. Its switch is on the bill, even free of charge.
 */
const expectDone = (bench: Bench, own: number, disturbing: readonly Disturbance[]): void => {
  const latest = doneAt(own, disturbing);
  if (!bench.books.ledger.spending().some(({ payer }) => payer.endsWith('ksoftirqd'))) {
    expect(bench.seen).toEqual([`${latest} done`]);
    return;
  }
  const times = bench.seen.map((line) => Number.parseInt(line, 10));
  expect(times.length).toBe(1);
  expect(times[0]).toBeLessThanOrEqual(latest);
  const withoutSoftirqs = disturbing.filter(({ kind }) => !kind.endsWith('softirq'));
  expect(times[0]).toBeGreaterThanOrEqual(doneAt(own, withoutSoftirqs));
};

const total = (bill: Record<string, [number, number]>): number =>
  Object.values(bill).reduce((sum, [busy]) => sum + busy, 0);

/** Only what the program itself charged. */
const ownBill = (bench: Bench, payer: string) =>
  Object.fromEntries(Object.entries(bench.bill(payer)).filter(([name]) => /(^| )[abc]$/.test(name)));

/** Sets up one disturbance of core 0: each has its own line, softirq or thread, so none merge. */
const disturb = (bench: Bench, { kind, at, work }: Disturbance, i: number): void => {
  const body: Body = function* (cpu) {
    cpu.charge(bench.costs.work, work);
    yield RUN;
  };
  const [core] = bench.cores;
  if (kind === 'irq') {
    bench.at(at, core.interrupt(`irq ${i}`, ({ context }) => whenever(body)(context)).raise);
  } else {
    const { context } =
      kind === 'softirq'
        ? { context: core.softirq(`softirq ${i}`, whenever(body)) }
        : bench.thread(`rival ${i}`, body, { policy: 'fifo' });
    bench.at(at, () => context.signal());
  }
};

describe('work that is cut at arbitrary picoseconds', () => {
  test('of a host thread is charged as if undisturbed, and done when its own and all others’ work is done', () => {
    fc.assert(
      fc.property(
        programs([OPEN, BH_OFF, IRQ_OFF, SPIN]),
        disturbances(['irq', 'softirq', 'wake']),
        (batches, disturbing) => {
          const bench = new Bench({ prices: PRICES });
          const { context } = bench.thread('task', performing(bench, batches));
          bench.at(0, () => context.signal());
          disturbing.forEach((each, i) => {
            disturb(bench, each, i);
          });
          bench.run(100_000);

          const bill = billOf(batches);
          expect(ownBill(bench, 'task')).toEqual(bill);
          expectDone(bench, total(bill), disturbing);
          const others = disturbing.reduce((sum, { work }) => sum + work, 0);
          expect(bench.books.ledger.busy('core0')).toBe(total(bill) + others);
          expect(bench.gaps()).toEqual([0]);
        },
      ),
      { numRuns: 300000, seed: -263486171 },
    );
  });

  const planeOf = (mode: Mode): string =>
    mode === EXIT_KERNEL ? 'vcpu-k ' : mode === EXIT_USER ? 'vcpu-u ' : '';
  const guestPrograms = programs([OPEN, BH_OFF, IRQ_OFF, SPIN, EXIT_KERNEL, EXIT_USER]);
  const anyDisturbance = disturbances(['irq', 'softirq', 'wake', 'guest irq', 'guest softirq']);

  const guestRun = (
    batches: readonly (readonly Segment[])[],
    disturbing: readonly Disturbance[],
    prices: Record<string, number> = {},
  ) => {
    const bench = new Bench({ prices: { ...PRICES, ...prices } });
    const vcpu = vcpuOn(bench);
    vcpu.task('task', whenever(performing(bench, batches))).signal();
    disturbing.forEach((each, i) => {
      const { kind, at, work } = each;
      if (kind === 'guest irq') {
        const line = vcpu.interrupt(`irq ${i}`, function* ({ context, enter, leave }) {
          for (;;) {
            yield WAIT;
            enter();
            context.charge(bench.costs.work, work);
            leave();
            yield RUN;
          }
        });
        bench.at(at, line.raise);
      } else if (kind === 'guest softirq') {
        const body: Body = function* (cpu) {
          cpu.charge(bench.costs.work, work);
          yield RUN;
        };
        const softirq = vcpu.softirq(`softirq ${i}`, whenever(body));
        bench.at(at, () => softirq.signal());
      } else disturb(bench, each, i);
    });
    bench.run(1_000_000);
    return bench;
  };

  test('of a guest, by guest and host, is charged as if undisturbed and done when all work is done', () => {
    fc.assert(
      fc.property(guestPrograms, anyDisturbance, (batches, disturbing) => {
        const bench = guestRun(batches, disturbing);
        const bill = billOf(batches, planeOf);
        expect(ownBill(bench, 'web vcpu0 task')).toEqual(bill);
        expectDone(bench, total(bill), disturbing);
        expect(bench.gaps()).toEqual([0]);
      }),
      { numRuns: 300000, seed: -263486171 },
    );
  });

  test('of a guest makes the core busy for exactly count × price of each cost, exits and switches included', () => {
    const prices = {
      contextSwitch: 101,
      exitLight: 41,
      pollution: 17,
      postedDelivery: 23,
      irqEntry: 5,
      taskSwitch: 31,
      idleEnter: 3,
    };
    fc.assert(
      fc.property(guestPrograms, anyDisturbance, (batches, disturbing) => {
        const bench = guestRun(batches, disturbing, prices);
        const all: Record<string, number> = { ...PRICES, work: 1, ...prices };
        for (const { cost, busy, count, plane, payer } of bench.books.ledger.spending()) {
          const price = all[cost] ?? 0;
          // The HLT exit of the idle vCPU is under way for ever: its way back is still to come.
          const halted = cost === 'exitLight' && payer === 'web vcpu0 idle' && plane === 'vcpu-k';
          expect([cost, busy]).toEqual([cost, count * price + (halted ? Math.round(41 * 0.6) : 0)]);
        }
        expect(ownBill(bench, 'web vcpu0 task')).toEqual(billOf(batches, planeOf));
        expect(bench.seen.length).toBe(1);
        expect(bench.gaps()).toEqual([0]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('committing once per packet or once per batch of packets', () => {
  /** Even spans; the disturbances come at odd times, hence never between two packets. */
  const packets = fc.array(
    fc.integer({ min: 1, max: 100 }).map((n) => 2 * n),
    { minLength: 1, maxLength: 30 },
  );
  const oddly = fc.array(
    fc.tuple(
      fc.constantFrom('irq', 'softirq', 'wake'),
      fc.integer({ min: 0, max: 1500 }),
      fc.integer({ max: 50, min: 1 }),
    ),
    { maxLength: 12 },
  );

  const copying = (spans: readonly number[], disturbing: readonly Disturbance[], together: boolean) => {
    const bench = new Bench({ prices: { copy: 2 } });
    const { timeline } = bench.books;
    const record = timeline.workload('packets');
    const [work, wait] = [timeline.working('copy'), timeline.waiting('wait: ring')];
    const done = timeline.waiting('wait: end');
    timeline.startMeasuring(ps(0));
    const requests = spans.map((_, i) => timeline.open(record, ps(0), ps(0), i));
    const { context } = bench.thread('vhost', function* (cpu) {
      for (const [i, span] of spans.entries()) {
        cpu.serve(requests[i], work, wait);
        cpu.charge(bench.cost('copy'), span / 2);
        if (!together) yield RUN;
      }
      if (together) yield RUN;
      bench.note('done');
      for (const request of requests) {
        timeline.mark(request, done.id, bench.sim.now);
        timeline.close(request, bench.sim.now);
      }
    });
    bench.at(0, () => context.signal());
    disturbing.forEach((each, i) => {
      disturb(bench, each, i);
    });
    bench.run(100_000);
    return {
      seen: bench.seen,
      gaps: bench.gaps(),
      spending: bench.books.ledger.spending(),
      stages: timeline.stages.list.map(({ id, name }) => [name, record.stageSums[id]]),
      lives: record.sample,
      events: bench.sim.events,
    };
  };

  test('gives the same ledger, the same lives of all packets and the same times, bit for bit', () => {
    fc.assert(
      fc.property(packets, oddly, (spans, raw) => {
        const disturbing = raw.map(([kind, n, work]) => ({ kind, at: 2 * n + 1, work: 2 * work }));
        const { events: few, ...batched } = copying(spans, disturbing, true);
        const { events: many, ...single } = copying(spans, disturbing, false);
        expect(batched).toEqual(single);
        expect(batched.gaps).toEqual([0]);
        expect(few).toBeLessThanOrEqual(many);
      }),
      { numRuns: 300 },
    );
  });

  test('costs one event instead of one per packet', () => {
    const spans = Array.from({ length: 64 }, () => 10);
    expect(copying(spans, [], false).events - copying(spans, [], true).events).toBe(63);
  });
});

describe('settling the books', () => {
  test('at arbitrary instants changes nothing of what happens, and finds every picosecond booked', () => {
    const instants = fc.array(fc.integer({ min: 0, max: 8000 }), { maxLength: 20 });
    fc.assert(
      fc.property(
        programs([OPEN, BH_OFF, IRQ_OFF, SPIN]),
        disturbances(['irq', 'softirq', 'wake']),
        instants,
        (batches, disturbing, settling) => {
          const runWith = (at: readonly number[]): Bench => {
            const idleStates = [
              { name: 'POLL', after: ps(0), exitLatency: ps(1) },
              { name: 'C1', after: ps(500), exitLatency: ps(40) },
            ];
            const bench = new Bench({
              prices: { ...PRICES, contextSwitch: 19, hostIrqEntry: 3 },
              idleStates,
            });
            const { context } = bench.thread('task', performing(bench, batches));
            bench.at(1000, () => context.signal());
            disturbing.forEach((each, i) => {
              disturb(bench, each, i);
            });
            for (const instant of at) {
              bench.sim.run(ps(Math.max(instant, bench.sim.now)));
              bench.settle();
              expect(bench.gaps()).toEqual([0]);
            }
            bench.run(200_000);
            return bench;
          };
          const [plain, settled] = [runWith([]), runWith(settling.toSorted((x, y) => x - y))];
          expect(settled.seen).toEqual(plain.seen);
          expect(settled.books.ledger.spending()).toEqual(plain.books.ledger.spending());
          expect(settled.books.ledger.idle).toEqual(plain.books.ledger.idle);
        },
      ),
    );
  });

  test('in the middle of a segment books its part without an occurrence, and the rest later', () => {
    const bench = new Bench({ prices: { a: 100 } });
    const { context } = bench.thread('task', function* (cpu) {
      cpu.charge(bench.cost('a'));
      yield RUN;
    });
    context.signal();
    bench.run(30);
    expect(bench.bill('task')).toMatchObject({ a: [30, 0] });
    const before = bench.books.ledger.snapshot();
    bench.run(1000);
    expect(bench.books.ledger.spending(before)).toMatchObject([{ cost: 'a', busy: 70, count: 1 }]);
  });
});

describe('utilisation is rate × cost', () => {
  test('of periodic interrupts, on an idle core: that share is busy and the rest idle', () => {
    const bench = new Bench({ prices: { hostIrqEntry: 40 } });
    const line = bench.cores[0].interrupt('nic', function* ({ context, enter, leave }) {
      for (;;) {
        yield WAIT;
        enter();
        context.charge(bench.costs.work, 260);
        leave();
        yield RUN;
      }
    });
    for (let i = 0; i < 1000; i++) bench.at(i * 1000, line.raise);
    bench.run(1_000_000);
    expect(bench.books.ledger.busy('core0')).toBe(300 * 1000);
    expect(bench.books.ledger.idle.get('core0')).toBe(700 * 1000);
    expect(bench.bill('core0 irq')).toEqual({ hostIrqEntry: [40_000, 1000], work: [260_000, 260_000] });
  });

  test('of periodic interrupts, on a saturated core: what they take is missing from the thread', () => {
    const bench = new Bench();
    const { context } = bench.thread('hog', function* (cpu) {
      for (;;) {
        cpu.charge(bench.costs.work, 777);
        yield RUN;
      }
    });
    context.signal();
    const line = bench.cores[0].interrupt('nic', function* ({ context: irq }) {
      for (;;) {
        yield WAIT;
        irq.charge(bench.costs.work, 300);
        yield RUN;
      }
    });
    for (let i = 0; i < 1000; i++) bench.at(i * 1000 + 1, line.raise);
    bench.run(1_000_000);
    expect([bench.busy('core0 irq'), bench.busy('hog')]).toEqual([300_000, 700_000]);
    expect(bench.books.ledger.idle.get('core0')).toBe(0);
  });

  test('of a spinning thread is one, and it costs no events', () => {
    const bench = new Bench();
    const { context } = bench.thread('pmd', function* (cpu) {
      cpu.mode = SPIN;
      cpu.spend(bench.costs.work, 1e15, 1);
      yield RUN;
    });
    context.signal();
    bench.run(1e12);
    expect(bench.busy('pmd')).toBe(1e12);
    expect(bench.sim.events).toBeLessThan(5);
  });
});

describe('a busy wait', () => {
  const polling = (
    grid: number,
    endings: readonly number[],
    more: (bench: Bench, cpu: Context) => void = () => {},
  ) => {
    const bench = new Bench();
    const { context } = bench.thread('poller', function* (cpu) {
      cpu.mode = SPIN;
      cpu.spend(bench.costs.work, 1_000_000, 1);
      cpu.mode = OPEN;
      yield RUN;
      bench.note('sees it');
    });
    bench.at(1000, () => context.signal());
    more(bench, context);
    for (const at of endings) bench.at(at, () => bench.cores[0].endSpin(context, grid));
    bench.run(2_000_000);
    expect(bench.gaps()).toEqual([0]);
    return bench;
  };

  test.each([
    [0, 1234, 1234],
    [100, 1234, 1300],
    [100, 1300, 1300],
    [100, 1301, 1400],
    [7, 1001, 1007],
  ])('that looks every %i ps sees at %i at what happened by %i', (grid, at, seen) => {
    const bench = polling(grid, [at]);
    expect(bench.seen).toEqual([`${seen} sees it`]);
    expect(bench.bill('poller')['work']).toEqual([seen - 1000, 1]);
  });

  test('ends at the poll after the first event, whatever comes after that', () => {
    expect(polling(100, [1210, 1220, 1299]).seen).toEqual(['1300 sees it']);
  });

  test('ends by itself at its longest', () => {
    expect(polling(100, []).seen).toEqual(['1001000 sees it']);
  });

  test('that is to end while an interrupt has the core ends when it gets the core back', () => {
    const bench = polling(100, [1220], (machine) => {
      disturb(machine, { kind: 'irq', at: 1210, work: 50 }, 0);
    });
    expect(bench.seen).toEqual(['1260 sees it']);
  });

  test('keeps its grid when the books are settled in the middle', () => {
    const bench = polling(100, [1234], (machine) => {
      machine.at(1177, () => machine.settle());
    });
    expect(bench.seen).toEqual(['1300 sees it']);
  });
});

describe('a timer', () => {
  const armed = (arming: (timer: ReturnType<Bench['cores'][0]['timer']>, bench: Bench) => void) => {
    const bench = new Bench({ prices: { timerProgram: 10, timerInterrupt: 25 } });
    const [core] = bench.cores;
    const cpu: Context = core.task('sleeper', function* (self): Program {
      yield WAIT;
      arming(timer, bench);
      yield WAIT;
      bench.note('woken');
      self.charge(bench.costs.work, 1);
      yield RUN;
      yield WAIT;
      bench.note('woken again');
      yield WAIT;
    });
    const timer = core.timer(cpu);
    bench.at(100, () => cpu.signal());
    bench.run(10_000);
    expect(bench.gaps()).toEqual([0]);
    return bench;
  };

  test('interrupts the core at its time and then signals the thread', () => {
    const bench = armed((timer) => timer.arm(ps(500)));
    expect(bench.seen).toEqual(['525 woken']);
    expect(bench.bill('sleeper')).toMatchObject({ timerProgram: [10, 1] });
    expect(bench.bill('core0 irq')).toEqual({ timerInterrupt: [25, 1] });
  });

  test('that is armed again forgets its first time', () => {
    const bench = armed((timer) => {
      timer.arm(ps(500));
      timer.arm(ps(700));
    });
    expect(bench.seen).toEqual(['725 woken']);
  });

  test('that is disarmed stays silent', () => {
    const bench = armed((timer) => {
      timer.arm(ps(500));
      timer.disarm();
    });
    expect(bench.seen).toEqual([]);
    expect(bench.bill('core0 irq')).toEqual({});
  });

  test('that expires while the thread is still on its way to sleep is not lost', () => {
    const bench = armed((timer) => timer.arm(ps(105)));
    expect(bench.seen).toEqual(['135 woken']);
  });
});

describe('switching threads', () => {
  const twoThreads = (slice: number, contextSwitch = 13): Bench => {
    const bench = new Bench({ slice, prices: { contextSwitch } });
    for (const name of ['first', 'second']) {
      const { context } = bench.thread(name, function* (cpu) {
        bench.note(name);
        cpu.charge(bench.costs.work, 100);
        yield RUN;
        bench.note(`${name} done`);
      });
      bench.at(0, () => context.signal());
    }
    bench.run(1000);
    return bench;
  };

  test('costs a context switch of the one that gets the core, each time', () => {
    const bench = twoThreads(1000);
    expect(bench.seen).toEqual(['13 first', '113 first done', '126 second', '226 second done']);
    expect(bench.bill('first')['contextSwitch']).toEqual([13, 1]);
  });

  test('at the end of a slice, which counts from the switch', () => {
    // first 0–50 (13 switch, 37 work), second 50–100, first 100–150, second …; 63 of work are left after the first turn.
    const bench = twoThreads(50);
    expect(bench.seen).toEqual(['13 first', '63 second', '239 first done', '278 second done']);
    expect(bench.bill('first')['contextSwitch']).toEqual([39, 3]);
    expect(bench.bill('second')['contextSwitch']).toEqual([39, 3]);
    expect(bench.gaps()).toEqual([0]);
  });

  test('a thread that wakes its better and goes to sleep in the same step is asleep, not in the queue', () => {
    const bench = new Bench();
    const better = bench.thread(
      'better',
      function* (cpu) {
        cpu.charge(bench.costs.work, 100);
        yield RUN;
      },
      { policy: 'fifo' },
    );
    const waker = bench.thread('waker', function* (cpu) {
      cpu.charge(bench.costs.work, 10);
      yield RUN;
      better.context.signal();
      bench.note('sleeps');
    });
    waker.context.signal();
    bench.at(50, () => bench.note(`${waker.runnable} ${bench.scheduler.waiting(bench.cores[0])}`));
    bench.run(1000);
    expect(bench.seen).toEqual(['10 sleeps', '50 false 0']);
  });

  test('a thread that is woken by the very program it preempts runs before that program’s next batch', () => {
    const bench = new Bench();
    const better = bench.thread(
      'better',
      function* (cpu) {
        cpu.charge(bench.costs.work, 30);
        yield RUN;
        bench.note('better done');
      },
      { policy: 'fifo' },
    );
    const waker = bench.thread('waker', function* (cpu) {
      cpu.charge(bench.costs.work, 100);
      yield RUN;
      better.context.signal();
      cpu.charge(bench.costs.work, 100);
      yield RUN;
      bench.note('waker done');
    });
    waker.context.signal();
    bench.run(1000);
    expect(bench.seen).toEqual(['130 better done', '230 waker done']);
  });

  test('is made up for as soon as a program that held it off lets it happen', () => {
    const bench = new Bench();
    const better = bench.thread(
      'better',
      function* (cpu) {
        bench.note('better');
        cpu.charge(bench.costs.work, 30);
        yield RUN;
      },
      { policy: 'fifo' },
    );
    const task = bench.thread('task', function* (cpu) {
      for (const mode of [BH_OFF, BH_OFF, OPEN] as const) {
        cpu.mode = mode;
        cpu.charge(bench.costs.work, 100);
        yield RUN;
      }
      bench.note('task done');
    });
    task.context.signal();
    bench.at(50, () => better.context.signal());
    bench.run(1000);
    expect(bench.seen).toEqual(['200 better', '330 task done']);
  });

  test('is not brought about by looking again, not even at the very end of a batch', () => {
    const bench = new Bench();
    const { context } = bench.thread('task', function* (cpu) {
      cpu.charge(bench.costs.work, 100);
      yield RUN;
      bench.note('done');
    });
    for (const at of [50, 100]) bench.at(at, () => bench.cores[0].reconsider());
    bench.at(0, () => context.signal());
    bench.run(1000);
    expect(bench.seen).toEqual(['100 done']);
    expect(bench.gaps()).toEqual([0]);
  });

  test('a program that takes no time for ever is caught', () => {
    const bench = new Bench();
    const { context } = bench.thread('loop', function* () {
      for (;;) yield RUN;
    });
    context.signal();
    expect(() => bench.run(1000)).toThrow('without taking time');
  });
});

describe('a guest that is left', () => {
  test('by an interrupt of the host that its own step causes has left by one exit as well', () => {
    const bench = new Bench({ prices: { exitLight: 10, pollution: 5 } });
    const vcpu = vcpuOn(bench);
    const line = bench.cores[0].interrupt('nic', function* ({ context }) {
      for (;;) {
        yield WAIT;
        context.charge(bench.costs.work, 30);
        yield RUN;
      }
    });
    const task = vcpu.task('task', function* (cpu) {
      yield WAIT;
      cpu.charge(bench.costs.work, 100);
      yield RUN;
      line.raise();
      cpu.charge(bench.costs.work, 100);
      yield RUN;
      bench.note('done');
      yield WAIT;
    });
    task.signal();
    bench.run(1000);
    expect(bench.seen).toEqual([`${100 + 30 + 15 + 100} done`]);
    expect(bench.count('exits.other', 'external-interrupt', 'web')).toBe(1);
  });

  test('for its own interrupt and for another thread at one instant pays one exit', () => {
    const bench = new Bench({ cores: 2, prices: { exitLight: 10, pollution: 5 } });
    const vcpu = vcpuOn(bench);
    const task = vcpu.task(
      'task',
      whenever(function* (cpu) {
        cpu.charge(bench.costs.work, 200);
        yield RUN;
        bench.note('done');
      }),
    );
    task.signal();
    const line = deviceOf(bench, vcpu, 'irq', 30);
    const better = bench.thread(
      'better',
      function* (cpu) {
        bench.note('better');
        cpu.charge(bench.costs.work, 50);
        yield RUN;
      },
      { policy: 'fifo' },
    );
    const backend = bench.thread(
      'backend',
      function* (cpu) {
        cpu.charge(bench.costs.work, 100);
        yield RUN;
        line.raise();
        better.context.signal();
      },
      { affinity: [1] },
    );
    backend.context.signal();
    bench.run(1000);
    expect(bench.seen.toSpliced(1, 1)).toEqual(['100 better', `${100 + 50 + 15 + 30 + 100} done`]);
    expect(bench.count('exits.other', 'external-interrupt', 'web')).toBe(1);
  });

  test('again and again while it refills its caches makes no progress but loses nothing', () => {
    const bench = new Bench({ prices: { exitLight: 100, pollution: 50 } });
    const vcpu = vcpuOn(bench);
    vcpu
      .task(
        'task',
        whenever(function* (cpu) {
          cpu.charge(bench.costs.work, 1000);
          yield RUN;
          bench.note('done');
        }),
      )
      .signal();
    const line = bench.cores[0].interrupt('storm', function* ({ context }) {
      for (;;) {
        yield WAIT;
        context.charge(bench.costs.work, 10);
        yield RUN;
      }
    });
    // Each comes 20 ps into the refill after the one before: 10 of interrupt, 100 of entry, 20 of refill.
    const storm = 40;
    for (let i = 0; i < storm; i++) bench.at(500 + i * 130, line.raise);
    bench.run(100_000);
    expect(bench.count('exits.other', 'external-interrupt', 'web')).toBe(storm);
    expect(bench.seen).toEqual([`${1000 + storm * (10 + 100 + 50)} done`]);
    expect(bench.gaps()).toEqual([0]);
  });
});
