import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../accounting/invariant.ts';
import { ps } from '../../units.ts';
import { Bench, type BenchSettings, type Body, whenever } from '../hardware/bench-machine.test-support.ts';
import { type Context, RUN, WAIT } from '../hardware/context.ts';
import { EXIT_USER } from '../hardware/mode.ts';
import { BigLock } from './big-lock.ts';
import { deviceOf, fairly, vcpuOn } from './vcpu.test-support.ts';

const HANDOFF = 20;

const machine = (cores = 4, scheduler?: BenchSettings['scheduler']) => {
  const prices = { 'bql.handoff': HANDOFF, contextSwitch: 3 };
  const bench = new Bench({ cores, prices, ...(scheduler === undefined ? {} : { scheduler }) });
  const lock = new BigLock(bench.books, 'web');
  /** Takes the lock, works `inside` ps under it, gives it back. */
  const locked = (name: string, inside: number): Body =>
    function* (cpu) {
      yield* lock.acquire(cpu);
      bench.note(`${name} has it`);
      cpu.charge(bench.costs.work, inside);
      yield RUN;
      lock.release(cpu);
      bench.note(`${name} gives it back`);
    };
  const contended = () => bench.count('locks.contended', 'BQL', 'web');
  return { bench, lock, locked, contended };
};

describe('a free lock', () => {
  test('is taken at once and for nothing', () => {
    const { bench, lock, locked, contended } = machine(1);
    const { context } = bench.thread('main', locked('main', 100));
    context.signal();
    bench.at(50, () => bench.note(`${lock.holder === context} ${lock.waiters.length}`));
    bench.run(1000);
    expect(bench.seen).toEqual(['3 main has it', '50 true 0', '103 main gives it back']);
    expect([lock.holder, contended()]).toEqual([null, 0]);
    expect(bench.bill('main')).toEqual({ contextSwitch: [3, 1], work: [100, 100] });
  });

  test('may be taken again by whoever just gave it back', () => {
    const { bench, locked, contended } = machine(1);
    const { context } = bench.thread('main', locked('main', 10));
    context.signal();
    bench.at(5, () => context.signal());
    bench.run(1000);
    expect(bench.seen.filter((note) => note.endsWith('has it'))).toEqual(['3 main has it', '13 main has it']);
    expect(contended()).toBe(0);
  });
});

describe('a lock that is held', () => {
  /** Threads a, b, c, d on cores of their own ask for it at 0, 10, 20, 30 and hold it for 100 ps each. */
  const queue = () => {
    const { bench, lock, locked, contended } = machine();
    const threads = ['a', 'b', 'c', 'd'].map((name, id) => {
      const { context } = bench.thread(name, locked(name, 100), { affinity: [id] });
      bench.at(10 * id, () => context.signal());
      return context;
    });
    return { bench, lock, contended, threads };
  };

  test('is handed over first come, first served; each waiter pays the switch back in and the hand-over', () => {
    const { bench, contended } = queue();
    bench.run(10_000);
    expect(bench.seen.filter((note) => note.endsWith('has it'))).toEqual([
      '3 a has it',
      '106 b has it',
      `${106 + 3 + HANDOFF + 100} c has it`,
      `${229 + 3 + HANDOFF + 100} d has it`,
    ]);
    expect(contended()).toBe(3);
    // One switch to ask for it, one when it was granted.
    expect(bench.bill('b')).toEqual({ contextSwitch: [6, 2], 'bql.handoff': [HANDOFF, 1], work: [100, 100] });
    expect(bench.gaps()).toEqual([0, 0, 0, 0]);
  });

  test('shows its holder and its waiters in their order', () => {
    const { bench, lock, threads } = queue();
    bench.sim.run(ps(50));
    expect([lock.holder, ...lock.waiters]).toEqual(threads);
    bench.sim.run(ps(110));
    expect([lock.holder, ...lock.waiters]).toEqual(threads.slice(1));
  });

  test('leaves the core of a waiter to others: it sleeps', () => {
    const { bench, lock, threads } = queue();
    bench.run(100);
    expect(threads.map(({ waiting }) => waiting)).toEqual([false, true, true, true]);
    expect(bench.busy('b')).toBe(3);
    expect(bench.books.ledger.idle.get('core1')).toBe(97);
    expect(lock.waiters.length).toBe(3);
  });

  test('belongs to the waiter from the moment of the hand-over, so that nobody slips in between', () => {
    const { bench, locked, contended } = machine(3);
    const { context: a } = bench.thread('a', locked('a', 100));
    const { context: b } = bench.thread('b', locked('b', 100), { affinity: [1] });
    const { context: late } = bench.thread('late', locked('late', 100), { affinity: [2] });
    a.signal();
    bench.at(10, () => b.signal());
    bench.at(100, () => late.signal()); // asks at 103, the very instant at which a gives it back
    bench.run(10_000);
    expect(bench.seen.filter((note) => note.endsWith('has it')).map((note) => note.split(' ')[1])).toEqual([
      'a',
      'b',
      'late',
    ]);
    expect(contended()).toBe(2);
  });

  test('cannot be given back by anybody else', () => {
    const { bench, lock, threads } = queue();
    bench.run(50);
    expect(() => lock.release(threads[1])).toThrow(InvariantError);
    expect(() => new BigLock(bench.books, 'web').release(threads[0])).toThrow(InvariantError);
  });
});

describe('a signal to a thread that waits for the lock', () => {
  /** b asks at 14 and is granted the lock at 103; when it has given it back it waits for signals. */
  const waiting = (signals: readonly number[]) => {
    const { bench, locked, lock } = machine(2);
    const { context: a } = bench.thread('a', locked('a', 100));
    const { context: b } = bench.thread(
      'b',
      function* (cpu) {
        cpu.charge(bench.costs.work, 10);
        yield RUN;
        yield* lock.acquire(cpu);
        bench.note('b has it');
        cpu.charge(bench.costs.work, 100);
        yield RUN;
        lock.release(cpu);
        for (;;) {
          yield WAIT;
          bench.note('b woken');
        }
      },
      { affinity: [1] },
    );
    a.signal();
    bench.at(1, () => b.signal());
    for (const at of signals) bench.at(at, () => b.signal());
    bench.run(10_000);
    return bench.seen.filter((note) => note.includes('b '));
  };
  const granted = 103 + 3;
  const done = granted + HANDOFF + 100;

  test('does not give it the lock', () => {
    expect(waiting([50])[0]).toBe(`${granted} b has it`);
  });

  test.each([[[50]], [[50, 60]], [[103]], [[150]]])('at %j is not lost: its next WAIT returns', (signals) => {
    expect(waiting(signals)).toEqual([`${granted} b has it`, `${done} b woken`]);
  });

  test('that was remembered before it asked is not lost either', () => {
    expect(waiting([8])).toEqual([`${granted} b has it`, `${done} b woken`]);
  });

  test('is not invented: without one it sleeps on', () => {
    expect(waiting([])).toEqual([`${granted} b has it`]);
  });
});

describe('a vCPU that needs the lock inside an exit', () => {
  /** The guest asks for the lock in an exit at 103 + 3, while QEMU's main loop on core 1 holds it until `held`. */
  const contending = (held: number, scheduler?: BenchSettings['scheduler']) => {
    const { bench, lock } = machine(2, scheduler);
    const { context: qemu } = bench.thread(
      'qemu',
      function* (cpu) {
        yield* lock.acquire(cpu);
        cpu.charge(bench.costs.work, held - 3);
        yield RUN;
        lock.release(cpu);
      },
      { affinity: [1] },
    );
    qemu.signal();
    const vcpu = vcpuOn(bench);
    const access = function* (cpu: Context) {
      const exit = vcpu.exits.leave(cpu, bench.costs.exitLight);
      cpu.mode = EXIT_USER;
      yield RUN;
      yield* lock.acquire(cpu);
      cpu.charge(bench.costs.work, 40);
      yield RUN;
      lock.release(cpu);
      vcpu.exits.enter(cpu, exit);
    };
    const task = vcpu.task('task', function* (cpu) {
      yield WAIT;
      cpu.charge(bench.costs.work, 100);
      yield RUN;
      yield* access(cpu);
      bench.note('access done');
      cpu.charge(bench.costs.work, 50);
      yield RUN;
      bench.note('task done');
      yield WAIT;
    });
    task.signal();
    return { bench, vcpu, lock };
  };
  const HELD = 1000;
  const accessed = HELD + 3 + HANDOFF + 40;

  test('sleeps, and the guest makes no progress until it was handed over', () => {
    const { bench, vcpu } = contending(HELD);
    bench.at(500, () => bench.note(`${vcpu.thread.runnable} ${vcpu.asleep}`));
    bench.run(10_000);
    expect(bench.seen).toEqual(['500 false false', `${accessed} access done`, `${accessed + 50} task done`]);
    expect(bench.gaps()).toEqual([0, 0]);
  });

  test('pays the hand-over as QEMU’s work, and nothing while it sleeps', () => {
    const { bench } = contending(HELD);
    bench.run(HELD - 1);
    expect(bench.books.ledger.busy('core0')).toBe(103);
    bench.run(10_000);
    expect(bench.bill('web vcpu0 task')).toMatchObject({
      'vcpu-u bql.handoff': [HANDOFF, 1],
      'vcpu-u work': [40, 40],
      work: [150, 150],
    });
  });

  test('leaves its core to another thread meanwhile', () => {
    const { bench } = contending(HELD);
    const { context } = bench.thread('other', function* (cpu) {
      cpu.charge(bench.costs.work, 300);
      yield RUN;
      bench.note('other done');
    });
    bench.at(200, () => context.signal());
    bench.run(10_000);
    expect(bench.seen[0]).toBe('503 other done');
    expect(bench.seen[1]).toBe(`${accessed} access done`);
  });

  test('takes no interrupt before the VM entry, and is not woken by one', () => {
    const { bench, vcpu } = contending(HELD);
    const line = deviceOf(bench, vcpu, 'irq', 30);
    bench.at(500, line.raise);
    bench.run(HELD - 1);
    expect(bench.books.ledger.busy('core0')).toBe(103);
    expect([vcpu.thread.runnable, vcpu.asleep]).toEqual([false, false]);
    bench.run(10_000);
    expect(bench.seen).toEqual([`${accessed} access done`, `${accessed} irq`, `${accessed + 80} task done`]);
  });

  test('has one wake-up, by the lock, however many interrupts come meanwhile', () => {
    const { bench, vcpu } = contending(HELD, fairly());
    const line = deviceOf(bench, vcpu, 'irq', 30);
    for (const at of [300, 500, 700]) bench.at(at, line.raise);
    bench.run(HELD - 1);
    expect(bench.count('wakeups', 'web vcpu0')).toBe(1); // its start
    bench.run(accessed);
    expect(bench.count('wakeups', 'web vcpu0')).toBe(2);
  });

  test('runs no softirq and no other task of the guest meanwhile', () => {
    const { bench, vcpu } = contending(HELD);
    const body = (name: string): Body =>
      function* (cpu) {
        bench.note(name);
        cpu.charge(bench.costs.work, 30);
        yield RUN;
      };
    const softirq = vcpu.softirq('napi', whenever(body('napi')));
    const other = vcpu.task('other', whenever(body('other')));
    bench.at(500, () => {
      softirq.signal();
      other.signal();
    });
    bench.run(10_000);
    expect(bench.seen).toEqual([
      `${accessed} access done`,
      `${accessed} napi`,
      `${accessed + 80} task done`,
      `${accessed + 80} other`,
    ]);
  });

  test('in an interrupt handler keeps the whole guest waiting just the same', () => {
    const { bench, lock } = machine(2);
    const vcpu = vcpuOn(bench);
    const { context: qemu } = bench.thread(
      'qemu',
      function* (cpu) {
        yield* lock.acquire(cpu);
        cpu.charge(bench.costs.work, HELD - 3);
        yield RUN;
        lock.release(cpu);
      },
      { affinity: [1] },
    );
    qemu.signal();
    const line = vcpu.interrupt('nic', function* ({ context }) {
      for (;;) {
        yield WAIT;
        const exit = vcpu.exits.leave(context, bench.costs.exitLight);
        yield RUN;
        yield* lock.acquire(context);
        context.charge(bench.costs.work, 40);
        yield RUN;
        lock.release(context);
        vcpu.exits.enter(context, exit);
        yield RUN;
        bench.note('irq done');
      }
    });
    vcpu
      .task(
        'task',
        whenever(function* (cpu) {
          cpu.charge(bench.costs.work, 500);
          yield RUN;
          bench.note('task done');
        }),
      )
      .signal();
    bench.at(103, line.raise);
    bench.run(10_000);
    expect(bench.seen).toEqual([`${accessed} irq done`, `${accessed + 400} task done`]);
    expect(bench.books.ledger.busy('core0')).toBe(3 + 500 + 3 + HANDOFF + 40);
  });
});
