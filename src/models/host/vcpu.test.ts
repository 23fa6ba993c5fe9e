/** A vCPU's life: guest code, exits, halting, polling, blocking, and how interrupts reach it in each state. */
import { describe, expect, test } from 'vitest';
import { ps } from '../../units.ts';
import { Bench, type BenchSettings, type Body, whenever } from '../hardware/bench-machine.test-support.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import { EXIT_USER } from '../hardware/mode.ts';
import { deviceOf, NO_POLLING, type VmSettings, vcpuOn } from './vcpu.test-support.ts';
import type { VCpu } from './vcpu.ts';

const PRICES = {
  contextSwitch: 13,
  idleEnter: 3,
  exitLight: 100,
  exitMsr: 80,
  exitEoi: 70,
  postedDelivery: 7,
  injection: 300,
  irqEntry: 5,
  taskSwitch: 31,
  pollution: 17,
};
/** Share of an exit before the host acts: 60 ps out, 40 ps back. */
const OUT = 60;
const BACK = 40;
/** From the first instant to HLT: switch to the vCPU's thread, guest idle loop, way out. */
const HALTED = 13 + 3 + OUT;

const machine = (vm: VmSettings = {}, settings: BenchSettings = {}) => {
  const bench = new Bench({ ...settings, prices: { ...PRICES, ...settings.prices } });
  const vcpu = vcpuOn(bench, vm);
  const exits = (kind: string) => bench.count('exits.other', kind, 'web');
  return { bench, vcpu, exits };
};

const working = (bench: Bench, span: number, name = 'task'): Body =>
  function* (cpu) {
    bench.note(name);
    cpu.charge(bench.costs.work, span);
    yield RUN;
    bench.note(`${name} done`);
  };

/** A thread of the host on core 0. */
const hostThread = (bench: Bench, span: number, policy: 'fair' | 'fifo' = 'fair') =>
  bench.thread('host', working(bench, span, 'host'), { policy });

describe('an idle vCPU', () => {
  test('halts, blocks and leaves its core to others', () => {
    const { bench, vcpu, exits } = machine();
    bench.run(1_000_000);
    expect([vcpu.asleep, vcpu.thread.runnable, exits('halt')]).toEqual([true, false, 1]);
    expect(bench.books.ledger.busy('core0')).toBe(HALTED);
    expect(bench.bill('web vcpu0 idle')).toEqual({
      'vcpu-k contextSwitch': [13, 1],
      idleEnter: [3, 1],
      'vcpu-k exitLight': [OUT, 0],
    });
    expect(bench.gaps()).toEqual([0]);
  });

  test('whose guest stops its tick writes its timer on the way in, and on the way out before a task runs', () => {
    const { bench, vcpu, exits } = machine({ tickStop: true });
    const task = vcpu.task('task', whenever(working(bench, 50)));
    bench.at(1000, () => task.signal());
    bench.run(1999);
    const awake = 1000 + 13 + BACK;
    expect(bench.seen).toEqual([`${awake + 80 + 31} task`, `${awake + 80 + 31 + 50} task done`]);
    expect([exits('halt'), exits('timer')]).toEqual([2, 3]);
    // Two ways in, one way out.
    const msr = [
      bench.bill('web vcpu0 idle')['vcpu-k exitMsr'],
      bench.bill('web vcpu0 task')['vcpu-k exitMsr'],
    ];
    expect(msr).toEqual([
      [160, 2],
      [80, 1],
    ]);
  });

  test('runs its task, in whatever instant of the way there an interrupt of the host comes', () => {
    for (let at = 1000; at <= 1000 + 13 + BACK + 60; at++) {
      const { bench, vcpu } = machine();
      const task = vcpu.task('task', whenever(working(bench, 50)));
      const line = bench.cores[0].interrupt('nic', ({ context }) => whenever(working(bench, 20))(context));
      bench.at(at, line.raise); // before the vCPU's own events of that instant
      bench.at(1000, () => task.signal());
      bench.run(9000);
      // The handler's work and the task's.
      expect([at, bench.seen.filter((note) => note.endsWith('done')).length]).toEqual([at, 2]);
    }
  });

  test('is woken through the core’s idle state, a thread switch and the way back into the guest', () => {
    const idleStates = [{ name: 'C1', after: ps(0), exitLatency: ps(200) }];
    const { bench, vcpu } = machine({}, { idleStates });
    const line = deviceOf(bench, vcpu, 'irq', 50);
    bench.at(1000, line.raise);
    bench.run(1_000_000);
    expect(bench.seen).toEqual([`${1000 + 200 + 13 + BACK} irq`]);
    expect(bench.bill('web vcpu0 irq')).toEqual({ irqEntry: [5, 1], work: [50, 50] });
  });

  test('that is woken at a steady rate is busy for rate × cost and not more', () => {
    const { bench, vcpu, exits } = machine();
    const line = deviceOf(bench, vcpu, 'irq', 50);
    for (let i = 1; i <= 1000; i++) bench.at(i * 1000, line.raise);
    bench.run(1_000_999);
    const perWake = 13 + BACK + 5 + 50 + 3 + OUT;
    expect(bench.books.ledger.busy('core0')).toBe(HALTED + 1000 * perWake);
    expect(bench.books.ledger.idle.get('core0')).toBe(1_000_999 - HALTED - 1000 * perWake);
    expect([exits('halt'), exits('external-interrupt'), exits('eoi')]).toEqual([1001, 0, 0]);
    expect(bench.count('interrupts.taken', 'irq', 'web')).toBe(1000);
    expect(bench.count('wakeups', 'web vcpu0')).toBe(0); // the bench's own scheduler does not count
  });

  test('whose interrupt comes on the way into HLT does not block', () => {
    for (const at of [HALTED - OUT, HALTED - 1, HALTED]) {
      const { bench, vcpu, exits } = machine();
      const line = deviceOf(bench, vcpu, 'irq', 50);
      bench.at(at, line.raise);
      bench.run(10_000);
      // It sees the bit before it blocks: no second switch, no delivery, straight back in.
      expect(bench.seen).toEqual([`${HALTED + BACK} irq`]);
      expect(bench.bill('web vcpu0 idle')['vcpu-k contextSwitch']).toEqual([13, 1]);
      expect(exits('halt')).toBe(2);
    }
  });

  test('whose interrupt comes in the instant after it blocked is woken like any other', () => {
    const { bench, vcpu } = machine();
    const line = deviceOf(bench, vcpu, 'irq', 50);
    bench.at(HALTED - 1, () => bench.at(HALTED, line.raise)); // fires after the end of the exit
    bench.run(10_000);
    expect(bench.seen).toEqual([`${HALTED + 13 + BACK} irq`]);
  });

  test('whose interrupt comes in the guest’s idle loop takes it there and goes on to halt', () => {
    const { bench, vcpu, exits } = machine();
    const line = deviceOf(bench, vcpu, 'irq', 50);
    bench.at(14, line.raise);
    bench.run(10_000);
    expect(bench.seen).toEqual(['14 irq']);
    expect(bench.books.ledger.busy('core0')).toBe(HALTED + 7 + 5 + 50);
    expect(exits('halt')).toBe(1);
  });

  test('signals that come before it is started are not lost', () => {
    const { bench, vcpu, exits } = machine();
    const line = deviceOf(bench, vcpu, 'irq', 0);
    vcpu.task('task', whenever(working(bench, 50))).signal();
    line.raise();
    bench.run(10_000);
    expect(bench.seen.map((note) => note.replace(/^\d+ /, ''))).toEqual(['irq', 'task', 'task done']);
    expect(exits('halt')).toBe(1);
  });
});

describe('tasks of a guest', () => {
  test('run in the order in which they were woken, each for as long as it likes', () => {
    const { bench, vcpu } = machine();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => vcpu.task(name, whenever(working(bench, 100, name))));
    a.signal();
    bench.at(50, () => c.signal());
    bench.at(60, () => b.signal());
    bench.run(10_000);
    // The thread switch is the vCPU's; each task pays the guest's own switch.
    expect(bench.seen).toEqual(['44 a', '144 a done', '175 c', '275 c done', '306 b', '406 b done']);
    expect(bench.bill('web vcpu0 task')['taskSwitch']).toEqual([93, 3]);
  });

  test('that was signalled while it ran goes on without a switch', () => {
    const { bench, vcpu } = machine();
    const task = vcpu.task('task', whenever(working(bench, 100)));
    task.signal();
    bench.at(50, () => task.signal());
    bench.run(10_000);
    expect(bench.seen).toEqual(['44 task', '144 task done', '144 task', '244 task done']);
  });
});

describe('an interrupt', () => {
  /** Raised at 500 on a vCPU that runs a task of 1,000 ps from 44 on; the handler works 50 ps. */
  const toRunning = (vm: VmSettings, level = false) => {
    const { bench, vcpu, exits } = machine(vm);
    vcpu.task('task', whenever(working(bench, 1000))).signal();
    const line = deviceOf(bench, vcpu, 'irq', 50, level);
    bench.at(500, line.raise);
    bench.run(1999);
    const done = Number(bench.seen.at(-1)?.split(' ')[0]);
    return {
      added: done - 1044,
      exits: ['external-interrupt', 'eoi'].map(exits),
      bill: bench.bill('web vcpu0 irq'),
    };
  };
  const HANDLER = 5 + 50;

  test.each([
    [{ apicv: true, pvEoi: true }, false, 7 + HANDLER, [0, 0]],
    [{ apicv: true, pvEoi: false }, false, 7 + HANDLER, [0, 0]],
    [{ apicv: true, pvEoi: true }, true, 7 + HANDLER + 70, [0, 1]],
    [{ apicv: false, pvEoi: true }, false, 300 + HANDLER, [1, 0]],
    [{ apicv: false, pvEoi: false }, false, 300 + HANDLER + 70, [1, 1]],
    [{ apicv: false, pvEoi: true }, true, 300 + HANDLER + 70, [1, 1]],
  ])(
    'of a running guest with %j, level-triggered %s, takes %i ps and exits %j',
    (vm, level, added, exits) => {
      const run = toRunning(vm, level);
      expect([run.added, run.exits]).toEqual([added, exits]);
    },
  );

  test('of a running guest without APICv is paid by KVM on its behalf, with APICv by the guest', () => {
    expect(toRunning({ apicv: false, pvEoi: false }).bill).toEqual({
      'vcpu-k injection': [300, 1],
      irqEntry: [5, 1],
      work: [50, 50],
      'vcpu-k exitEoi': [70, 1],
    });
    expect(toRunning({}).bill).toEqual({ postedDelivery: [7, 1], irqEntry: [5, 1], work: [50, 50] });
  });

  test.each([true, false])('of a halted vCPU needs neither delivery nor injection (APICv %s)', (apicv) => {
    const { bench, vcpu, exits } = machine({ apicv });
    const line = deviceOf(bench, vcpu, 'irq', 50);
    bench.at(1000, line.raise);
    bench.run(2000);
    expect(bench.bill('web vcpu0 irq')).toEqual({ irqEntry: [5, 1], work: [50, 50] });
    expect(exits('external-interrupt')).toBe(0);
  });

  test('that hits an exit is taken at the VM entry, not earlier, and needs no delivery', () => {
    const { bench, vcpu } = machine();
    const task = vcpu.task('task', function* (cpu) {
      yield WAIT;
      const exit = vcpu.exits.leave(cpu, bench.costs.exitLight);
      cpu.mode = EXIT_USER;
      cpu.charge(bench.costs.work, 500);
      yield RUN;
      vcpu.exits.enter(cpu, exit);
      cpu.charge(bench.costs.work, 500);
      yield RUN;
      bench.note('done');
      yield WAIT;
    });
    task.signal();
    const line = deviceOf(bench, vcpu, 'irq', 50);
    bench.at(200, line.raise);
    bench.run(10_000);
    const entered = 44 + OUT + 500 + BACK;
    expect(bench.seen).toEqual([`${entered} irq`, `${entered + HANDLER + 500} done`]);
  });

  test('that is raised again while it is pending merges and is taken once', () => {
    const { bench, vcpu } = machine();
    const line = deviceOf(bench, vcpu, 'irq', 50);
    for (const at of [1000, 1001, 1052]) bench.at(at, line.raise); // taken at 1053
    bench.at(1060, line.raise); // in the handler: remembered
    bench.run(10_000);
    expect(bench.seen).toEqual(['1053 irq', `${1053 + 55} irq`]);
    expect(bench.count('interrupts.taken', 'irq', 'web')).toBe(2);
  });

  test('that reaches the core while an interrupt of the host is handled there is taken at the VM entry', () => {
    const { bench, vcpu, exits } = machine({}, { cores: 2 });
    vcpu.task('task', whenever(working(bench, 1000))).signal();
    const line = deviceOf(bench, vcpu, 'irq', 50);
    const host = bench.cores[0].interrupt('nic', function* ({ context }) {
      for (;;) {
        yield WAIT;
        context.charge(bench.costs.work, 200);
        yield RUN;
      }
    });
    bench.at(500, host.raise);
    bench.at(600, line.raise);
    bench.run(10_000);
    // The guest has left: the interrupt of the host, the entry, then the guest's own; no delivery to a running guest.
    expect(bench.seen.slice(1)).toEqual([
      `${500 + 200 + 100} irq`,
      `${1044 + 200 + 100 + 17 + HANDLER} task done`,
    ]);
    expect(exits('external-interrupt')).toBe(1);
  });

  test('of a vCPU without its core waits until it has it again', () => {
    const { bench, vcpu, exits } = machine();
    vcpu.task('task', whenever(working(bench, 1000))).signal();
    const line = deviceOf(bench, vcpu, 'irq', 50);
    const host = hostThread(bench, 300, 'fifo');
    bench.at(500, () => host.context.signal());
    bench.at(600, line.raise);
    bench.at(700, line.raise);
    bench.run(10_000);
    const back = 500 + 13 + 300 + 13 + 100;
    expect(bench.seen).toEqual([
      '44 task',
      '513 host',
      '813 host done',
      `${back} irq`,
      `${back + HANDLER + 17 + (1044 - 500)} task done`,
    ]);
    expect(exits('external-interrupt')).toBe(1);
    expect(bench.count('interrupts.taken', 'irq', 'web')).toBe(1);
  });
});

describe('a guest timer', () => {
  test('costs an exit to arm, interrupts without any device, and wakes the task through HLT', () => {
    const { bench, vcpu, exits } = machine();
    const task = vcpu.task('task', function* (cpu) {
      yield WAIT;
      timer.arm(ps(5000));
      yield WAIT;
      bench.note('woken');
      cpu.charge(bench.costs.work, 10);
      yield RUN;
      yield WAIT;
    });
    const timer = vcpu.timer(task);
    task.signal();
    bench.run(10_000);
    // Thread switch, way back in, interrupt, and the guest's switch from idle to the task.
    expect(bench.seen).toEqual([`${5000 + 13 + BACK + 5 + 31} woken`]);
    expect(exits('timer')).toBe(1);
    expect(bench.count('interrupts.local', 'timer', 'web')).toBe(1);
    expect(bench.count('interrupts.taken', 'timer', 'web')).toBe(0);
  });

  test('that was armed anew or disarmed does not fire for its old time', () => {
    const { bench, vcpu } = machine();
    const task = vcpu.task('task', function* () {
      yield WAIT;
      timer.arm(ps(1000));
      timer.arm(ps(2000));
      timer.disarm();
      timer.arm(ps(5000));
      yield WAIT;
      bench.note('woken');
      yield WAIT;
    });
    const timer = vcpu.timer(task);
    task.signal();
    bench.run(10_000);
    expect(bench.seen).toEqual(['5089 woken']);
    expect(bench.count('interrupts.local', 'timer', 'web')).toBe(1);
  });
});

describe('halt polling', () => {
  /** Times in ns from here on: 1 ns of thread switch, exits of 1 ns, polls every 50 ns, windows from 10 µs. */
  const NS = 1000;
  const US = 1000 * NS;
  const polling = { haltPoll: { ...NO_POLLING, halt_poll_ns: 200_000 }, haltPollGrid: ps(50 * NS) };
  const prices = { ...PRICES, contextSwitch: NS, idleEnter: 0, exitLight: NS, irqEntry: 0, pollution: 0 };
  const out = 0.6 * NS;
  const back = 0.4 * NS;

  /**
   * A vCPU that was halted for 100 µs and woken once: its window is 10 µs, and from `halted` on it polls.
   * Its interrupts take no time.
   */
  const warm = (vm: VmSettings = {}) => {
    const { bench, vcpu, exits } = machine({ ...polling, ...vm }, { prices });
    const line = deviceOf(bench, vcpu, 'irq', 0);
    const wakeAt = NS + out + 100 * US;
    bench.at(wakeAt, line.raise);
    return { bench, vcpu, exits, line, halted: wakeAt + NS + back + out };
  };
  const polled = (bench: Bench) => bench.bill('web vcpu0 idle')['vcpu-k haltPoll'] ?? [0, 0];

  test('does not happen before the first wake-up', () => {
    const { bench, vcpu } = machine(polling, { prices });
    bench.run(50 * US);
    expect([vcpu.asleep, polled(bench)]).toEqual([true, [0, 0]]);
  });

  test('never happens where halt_poll_ns is 0', () => {
    const { bench, vcpu, halted } = warm({ haltPoll: NO_POLLING });
    bench.run(halted + 5 * US);
    expect([vcpu.asleep, polled(bench)]).toEqual([true, [0, 0]]);
  });

  test('keeps the core busy for the whole window on the VM’s account, then the vCPU blocks', () => {
    const { bench, vcpu, halted } = warm();
    bench.at(halted + 9 * US, () => bench.note(`${vcpu.asleep} ${vcpu.thread.runnable}`));
    bench.run(halted + 50 * US);
    expect(bench.seen.slice(1)).toEqual([`${halted + 9 * US} false true`]);
    expect([vcpu.asleep, vcpu.thread.runnable, polled(bench)]).toEqual([true, false, [10 * US, 1]]);
    expect(bench.gaps()).toEqual([0]);
  });

  test.each([
    [0, 0],
    [1, 50 * NS],
    [50 * NS, 50 * NS],
    [50 * NS + 1, 100 * NS],
    [4_010 * NS, 4_050 * NS],
    [10 * US - 1, 10 * US],
  ])('ended by an interrupt %i ps after HLT sees it at %i ps and goes straight back in', (after, seen) => {
    const { bench, line, halted } = warm();
    bench.at(halted - 1, () => bench.at(halted + after, line.raise)); // fires when the poll has begun
    bench.run(halted + 12 * US);
    expect(bench.seen[1]).toBe(`${halted + seen + back} irq`);
    // No thread switch: one at the start, one after the first, long halt.
    expect(bench.bill('web vcpu0 idle')['vcpu-k contextSwitch']).toEqual([2 * NS, 2]);
  });

  test('that was ended by an interrupt keeps its window', () => {
    const { bench, line, halted } = warm();
    bench.at(halted + 4 * US, line.raise);
    const again = halted + 4 * US + back + out;
    bench.run(again + 50 * US);
    expect(polled(bench)).toEqual([14 * US, 2]);
  });

  test('doubles its window after a block that a longer poll would have avoided', () => {
    const { bench, line, halted } = warm();
    bench.at(halted + 12 * US, line.raise);
    const again = halted + 12 * US + NS + back + out;
    bench.run(again + 50 * US);
    expect(polled(bench)).toEqual([(10 + 20) * US, 2]);
  });

  test('gives up after one block longer than the maximum where the window is small', () => {
    const { bench, line, halted } = warm();
    bench.at(halted + 300 * US, line.raise); // 10 µs halved is less than grow_start
    const again = halted + 300 * US + NS + back + out;
    bench.run(again + 50 * US);
    expect(polled(bench)).toEqual([10 * US, 1]);
  });

  test('ends at the next poll, whatever comes after the first interrupt', () => {
    const { bench, line, vcpu, halted } = warm();
    const other = deviceOf(bench, vcpu, 'other', 0);
    bench.at(halted + 1010 * NS, line.raise);
    bench.at(halted + 1040 * NS, other.raise);
    bench.run(halted + 5 * US);
    expect(bench.seen.slice(1)).toEqual([
      `${halted + 1050 * NS + back} irq`,
      `${halted + 1050 * NS + back} other`,
    ]);
  });

  test('ends at once when another thread wants the core', () => {
    const { bench, vcpu, halted } = warm();
    const host = hostThread(bench, 100);
    bench.at(halted + 3010 * NS, () => host.context.signal());
    bench.run(halted + 50 * US);
    expect(bench.seen[1]).toBe(`${halted + 3010 * NS + NS} host`);
    expect([vcpu.asleep, polled(bench)[0]]).toEqual([true, 3010 * NS]);
  });

  test('ends at once when a real-time thread takes the core', () => {
    const { bench, vcpu, halted, exits } = warm();
    const host = hostThread(bench, 100, 'fifo');
    bench.at(halted + 3010 * NS, () => host.context.signal());
    bench.run(halted + 50 * US);
    expect(bench.seen[1]).toBe(`${halted + 3010 * NS + NS} host`);
    expect([vcpu.asleep, polled(bench)[0], exits('external-interrupt')]).toEqual([true, 3010 * NS, 0]);
  });

  test('does not begin while another thread wants the core', () => {
    const { bench, halted } = warm();
    const host = hostThread(bench, 100);
    bench.at(halted - 100, () => host.context.signal());
    bench.run(halted + 50 * US);
    expect(bench.seen[1]).toBe(`${halted + NS} host`);
    expect(polled(bench)[0]).toBe(0);
  });

  test('ends when an interrupt of the host on this core wakes another thread', () => {
    const { bench, halted } = warm();
    const host = hostThread(bench, 100);
    const line = bench.cores[0].interrupt('nic', function* ({ context }) {
      for (;;) {
        yield WAIT;
        context.charge(bench.costs.work, 200);
        yield RUN;
        host.context.signal();
      }
    });
    bench.at(halted + 3010 * NS, line.raise);
    bench.run(halted + 50 * US);
    expect(bench.seen[1]).toBe(`${halted + 3010 * NS + 200 + NS} host`);
    expect(polled(bench)[0]).toBe(3010 * NS);
  });

  test('goes on after an interrupt of the host that brings nothing for it', () => {
    const { bench, line, halted, exits } = warm();
    const nic = bench.cores[0].interrupt('nic', function* ({ context }) {
      for (;;) {
        yield WAIT;
        context.charge(bench.costs.work, 200);
        yield RUN;
      }
    });
    bench.at(halted + 3000 * NS, nic.raise);
    bench.at(halted + 5000 * NS + 150, line.raise);
    bench.run(halted + 8 * US);
    // The grid moves with the interruption: 5,050 ns of polling and 0.2 ns of interrupt.
    expect(bench.seen[1]).toBe(`${halted + 5000 * NS + 200 + back} irq`);
    expect([polled(bench)[0], exits('external-interrupt')]).toEqual([8 * US - 200 - back - out, 0]);
    expect(bench.gaps()).toEqual([0]);
  });

  test('does not notice that the books are settled in the middle', () => {
    const { bench, line, halted } = warm();
    bench.at(halted + 4_010 * NS, line.raise);
    bench.at(halted + 1_234_567, () => bench.settle());
    bench.run(halted + 4_500 * NS);
    expect(bench.seen[1]).toBe(`${halted + 4_050 * NS + back} irq`);
  });
});

describe('time in an exit', () => {
  test('is time in which no other context of the guest makes progress', () => {
    const { bench, vcpu } = machine();
    const slow = vcpu.task('slow', function* (cpu) {
      yield WAIT;
      const exit = vcpu.exits.leave(cpu, bench.costs.exitLight);
      cpu.charge(bench.costs.work, 1000);
      yield RUN;
      vcpu.exits.enter(cpu, exit);
      yield RUN;
      bench.note('slow done');
      yield WAIT;
    });
    const other = vcpu.task('other', whenever(working(bench, 10, 'other')));
    const softirq = vcpu.softirq('napi', whenever(working(bench, 10, 'napi')));
    slow.signal();
    bench.at(300, () => {
      other.signal();
      softirq.signal();
    });
    bench.run(10_000);
    const entered = 44 + OUT + 1000 + BACK;
    expect(bench.seen.slice(0, 3)).toEqual([
      `${entered} napi`,
      `${entered + 10} napi done`,
      `${entered + 10} slow done`,
    ]);
    expect(bench.seen[3]).toBe(`${entered + 10 + 31} other`);
  });

  test('of a vCPU that another thread preempts goes on where it was, without an exit of its own', () => {
    const { bench, vcpu, exits } = machine();
    const task: Body = function* (cpu) {
      const exit = vcpu.exits.leave(cpu, bench.costs.exitLight);
      cpu.charge(bench.costs.work, 1000);
      vcpu.exits.enter(cpu, exit);
      yield RUN;
      bench.note('task done');
    };
    vcpu.task('task', whenever(task)).signal();
    const host = hostThread(bench, 300, 'fifo');
    bench.at(500, () => host.context.signal());
    bench.run(10_000);
    expect(bench.seen.at(-1)).toBe(`${44 + OUT + 1000 + BACK + 13 + 300 + 13} task done`);
    expect(exits('external-interrupt')).toBe(0);
  });
});

describe('two vCPUs on one core', () => {
  test('share it by slices, each leaving its guest by one exit per slice', () => {
    const bench = new Bench({ slice: 1000, prices: PRICES });
    const hogs: VCpu[] = ['web', 'mail'].map((vm) => {
      const vcpu = vcpuOn(bench, { vm });
      vcpu.task('hog', whenever(working(bench, 1_000_000, vm))).signal();
      return vcpu;
    });
    bench.run(10_000);
    // From 0 on each has the core for 1,000 ps in turn: five turns each, nine switches after the first.
    expect(hogs.map(({ thread }) => thread.runnable)).toEqual([true, true]);
    expect(bench.busy('web vcpu0 task')).toBe(5000);
    expect(bench.busy('mail vcpu0 task')).toBe(5000);
    expect(bench.count('exits.other', 'external-interrupt', 'web')).toBe(5);
    expect(bench.count('exits.other', 'external-interrupt', 'mail')).toBe(5);
    expect(bench.gaps()).toEqual([0]);
  });
});
