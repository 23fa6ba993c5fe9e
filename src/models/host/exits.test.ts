import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bench } from '../hardware/bench-machine.test-support.ts';
import { type Context, RUN, WAIT } from '../hardware/context.ts';
import { BH_OFF, EXIT_KERNEL, OPEN } from '../hardware/mode.ts';
import { Exits } from './exits.ts';
import { vcpuOn } from './vcpu.test-support.ts';

/** Runs `body` as the only task of a vCPU from time 0 on, with one exit costing 1,000 ps. */
const inGuest = (body: (cpu: Context, exits: Exits, bench: Bench) => void) => {
  const bench = new Bench({ prices: { kick: 1000 } });
  const vcpu = vcpuOn(bench);
  const task = vcpu.task('task', function* (cpu) {
    yield WAIT;
    body(cpu, vcpu.exits, bench);
    yield RUN;
    bench.note('done');
    for (;;) yield WAIT;
  });
  task.signal();
  bench.run(10_000);
  return bench;
};

test('the way out and the way back add up to the price, to the picosecond, and are one occurrence', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10_000_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (price, share) => {
        const bench = new Bench({ prices: { kick: price } });
        const exits = new Exits(bench.books.counters, 'web', share);
        const cpu = vcpuOn(bench).task('task', function* () {
          for (;;) yield WAIT;
        });
        const exit = exits.leave(cpu, bench.cost('kick'));
        expect(cpu.left).toBe(Math.round(price * share));
        exits.enter(cpu, exit);
        expect(cpu.left).toBe(price);
      },
    ),
  );
});

test('the host acts after its share of the exit, the guest goes on after the rest', () => {
  const bench = new Bench({ prices: { kick: 1000 } });
  const vcpu = vcpuOn(bench, { exitOutShare: 0.6 });
  const task = vcpu.task('task', function* (cpu) {
    yield WAIT;
    cpu.charge(bench.costs.work, 50);
    const exit = vcpu.exits.leave(cpu, bench.cost('kick'));
    yield RUN;
    bench.note('signalled');
    vcpu.exits.enter(cpu, exit);
    cpu.charge(bench.costs.work, 50);
    yield RUN;
    bench.note('done');
    for (;;) yield WAIT;
  });
  task.signal();
  bench.run(10_000);
  expect(bench.seen).toEqual(['650 signalled', '1100 done']);
  expect(bench.bill('web vcpu0 task')).toMatchObject({ work: [100, 100], 'vcpu-k kick': [1000, 1] });
});

test('after the exit the context is in the mode that it had before', () => {
  const bench = new Bench({ prices: { kick: 1000 } });
  const vcpu = vcpuOn(bench);
  const cpu = vcpu.task('task', function* () {
    for (;;) yield WAIT;
  });
  cpu.mode = BH_OFF;
  const exit = vcpu.exits.leave(cpu, bench.cost('kick'));
  expect(cpu.mode).toBe(EXIT_KERNEL);
  vcpu.exits.enter(cpu, exit);
  expect(cpu.mode).toBe(BH_OFF);
  vcpu.exits.handled(cpu, bench.cost('kick'), 'eoi');
  expect(cpu.mode).toBe(BH_OFF);
});

test('an exit that KVM handles alone is paid once, on the host’s side, and counted by its kind', () => {
  const bench = inGuest((cpu, exits, { costs, cost }) => {
    cpu.mode = OPEN;
    cpu.charge(costs.work, 10);
    exits.handled(cpu, cost('kick'), 'timer');
    exits.handled(cpu, cost('kick'), 'eoi');
  });
  expect(bench.seen).toEqual(['2010 done']);
  expect(bench.bill('web vcpu0 task')).toMatchObject({ work: [10, 10], 'vcpu-k kick': [2000, 2] });
  expect(
    ['halt', 'timer', 'eoi', 'external-interrupt'].map((kind) => bench.count('exits.other', kind, 'web')),
  ).toEqual([1, 1, 1, 0]);
});

test('kinds of exits that never happened are reported as zero', () => {
  const bench = new Bench();
  new Exits(bench.books.counters, 'web', 0.5);
  const reported = bench.books.counters.since([]).filter(({ counter }) => counter.metric === 'exits.other');
  expect(reported.map(({ counter, value }) => [counter.component, counter.vm, value])).toEqual([
    ['halt', 'web', 0],
    ['timer', 'web', 0],
    ['eoi', 'web', 0],
    ['external-interrupt', 'web', 0],
  ]);
});

test('accesses of a device are counted by register, apart from other exits', () => {
  const bench = new Bench();
  const exits = new Exits(bench.books.counters, 'web', 0.5);
  for (const register of ['write TDT', 'read ICR', 'write TDT']) exits.countAccess(register);
  expect(bench.count('exits.device', 'write TDT', 'web')).toBe(2);
  expect(bench.count('exits.device', 'read ICR', 'web')).toBe(1);
});
