/** A guest with cpuidle-haltpoll: it polls for tasks by itself, without exits, before it halts. Times in ps. */
import { describe, expect, test } from 'vitest';
import { Bench } from '../hardware/bench-machine.test-support.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import { deviceOf, type VmSettings, vcpuOn } from './vcpu.test-support.ts';

const PRICES = { contextSwitch: 13, idleEnter: 3, exitLight: 100, exitMsr: 80, taskSwitch: 31, irqEntry: 5 };
/** Thread switch and way back. */
const RESUMED = 13 + 40;
/** The governor with limits of 1,000 and 2,000 ps. */
const GOVERNOR = {
  guest_halt_poll_ns: 2,
  guest_halt_poll_grow: 2,
  guest_halt_poll_grow_start: 1,
  guest_halt_poll_shrink: 2,
  guest_halt_poll_allow_shrink: true,
};

const machine = (vm: VmSettings = {}) => {
  const bench = new Bench({ prices: PRICES });
  const vcpu = vcpuOn(bench, { haltpoll: GOVERNOR, ...vm });
  const task = vcpu.task('task', function* (cpu) {
    for (;;) {
      yield WAIT;
      bench.note('task');
      cpu.charge(bench.costs.work, 10);
      yield RUN;
    }
  });
  const wake = (...times: number[]) => {
    for (const at of times) bench.at(at, () => task.signal());
  };
  const halts = () => bench.count('exits.other', 'halt', 'web');
  const polled = () => bench.bill('web vcpu0 idle')['idlePoll'] ?? [0, 0];
  return { bench, vcpu, task, wake, halts, polled };
};

/** When the task that was woken at 500 is done, and the guest is back in its idle loop. */
const IDLE = 500 + RESUMED + 31 + 10;

describe('an idle guest that polls', () => {
  test('halts where it has not been halted before', () => {
    const { bench, vcpu, halts, polled } = machine();
    bench.run(400);
    expect([vcpu.asleep, halts(), polled()]).toEqual([true, 1, [0, 0]]);
  });

  test('polls in the guest for its limit, then halts', () => {
    const { bench, vcpu, wake, halts, polled } = machine();
    wake(500);
    // It was halted from 13 + 3 + 60 to 553 ps: longer than its limit, not longer than the most, so that the limit is 1,000 from now on.
    const end = IDLE + 3 + 1000;
    bench.at(end - 1, () => bench.note(`${vcpu.inGuestMode} ${halts()}`));
    bench.run(end + 100);
    expect(bench.seen).toEqual([`${500 + RESUMED + 31} task`, `${end - 1} true 1`]);
    expect([vcpu.asleep, halts(), polled()]).toEqual([true, 2, [1000, 1]]);
    expect(bench.gaps()).toEqual([0]);
  });

  test('starts a task that is woken while it polls without an exit or a thread switch, and polls again', () => {
    const { bench, wake, halts, polled } = machine();
    wake(500, IDLE + 3 + 400, IDLE + 3 + 1100);
    bench.run(IDLE + 3 + 1100 + 31 + 100);
    expect(bench.seen.slice(1)).toEqual([`${IDLE + 3 + 400 + 31} task`, `${IDLE + 3 + 1100 + 31} task`]);
    // Of the second poll 1100 − (400 + 31 + 10 + 3) were done; the third is under way.
    expect(halts()).toBe(1);
    expect(polled()[0]).toBe(400 + (1100 - 444) + (100 - 10 - 3));
    expect(bench.gaps()).toEqual([0]);
  });

  test('takes an interrupt that brings no task, and polls on', () => {
    const { bench, vcpu, wake, halts, polled } = machine();
    const line = deviceOf(bench, vcpu, 'irq', 20);
    wake(500);
    bench.at(IDLE + 3 + 400, line.raise);
    bench.run(IDLE + 3 + 1000 + 25 + 50);
    expect(bench.seen.at(-1)).toBe(`${IDLE + 3 + 400} irq`);
    expect([halts(), polled()]).toEqual([2, [1000, 1]]);
  });

  test('halts for longer and longer waits until it gives up polling', () => {
    const { bench, wake, halts, polled } = machine();
    // A halt of more than 2,000 ps halves the limit of 1,000, which is less than the least: it halts at once from then on.
    wake(500, 10_000, 20_000);
    bench.run(30_000);
    expect([halts(), polled()]).toEqual([4, [1000, 1]]);
  });

  test('leaves its tick alone while it polls, and stops it before it halts', () => {
    const { bench, wake } = machine({ tickStop: true });
    wake(700);
    bench.run(740);
    const before = bench.count('exits.other', 'timer', 'web');
    bench.run(1500);
    const polling = bench.count('exits.other', 'timer', 'web');
    bench.run(5000);
    expect([before, polling, bench.count('exits.other', 'timer', 'web')]).toEqual([1, 2, 3]);
  });

  test('gives its core to a thread of the host, and goes on when it has it back', () => {
    const { bench, wake, polled } = machine();
    const host = bench.thread(
      'host',
      function* (cpu) {
        cpu.charge(bench.costs.work, 500);
        yield RUN;
      },
      { policy: 'fifo' },
    );
    wake(500);
    bench.at(IDLE + 3 + 400, () => host.context.signal());
    bench.run(IDLE + 3 + 400 + 513 + 5000);
    expect(polled()).toEqual([1000, 1]);
    expect(bench.gaps()).toEqual([0]);
  });
});
