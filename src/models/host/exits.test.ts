import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bench } from '../hardware/bench-machine.test-support.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import { BH_OFF, EXIT_KERNEL } from '../hardware/mode.ts';
import { Exits } from './exits.ts';
import { vcpuOn } from './vcpu.test-support.ts';

const machine = (share = 0.6, price = 1000) => {
  const bench = new Bench({ prices: { kick: price } });
  const vcpu = vcpuOn(bench, { exitOutShare: share });
  return { bench, vcpu, exits: vcpu.exits, kick: bench.cost('kick') };
};

test('the way out and the way back add up to the price, to the picosecond', () => {
  const prices = fc.integer({ min: 0, max: 10_000_000 });
  const shares = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(prices, shares, (price, share) => {
      const { vcpu, exits, kick } = machine(share, price);
      const cpu = vcpu.task('task', function* () {
        yield WAIT;
      });
      const exit = exits.leave(cpu, kick);
      expect(cpu.left).toBe(Math.round(price * share));
      exits.enter(cpu, exit);
      expect(cpu.left).toBe(price);
    }),
  );
});

test('the host acts after its share of the exit, and the guest goes on after the rest; it is one exit', () => {
  const { bench, vcpu, exits, kick } = machine(0.6);
  const task = vcpu.task('task', function* (cpu) {
    yield WAIT;
    cpu.charge(bench.costs.work, 50);
    const exit = exits.leave(cpu, kick);
    yield RUN;
    bench.note('host acts');
    exits.enter(cpu, exit);
    cpu.charge(bench.costs.work, 50);
    yield RUN;
    bench.note('guest done');
    yield WAIT;
  });
  task.signal();
  bench.run(10_000);
  expect(bench.seen).toEqual(['650 host acts', '1100 guest done']);
  expect(bench.bill('web vcpu0 task')).toMatchObject({ work: [100, 100], 'vcpu-k kick': [1000, 1] });
});

test('after an exit the context is in the mode that it was in before', () => {
  const { vcpu, exits, kick } = machine();
  const cpu = vcpu.task('task', function* () {
    yield WAIT;
  });
  cpu.mode = BH_OFF;
  const exit = exits.leave(cpu, kick);
  expect(cpu.mode).toBe(EXIT_KERNEL);
  exits.enter(cpu, exit);
  expect(cpu.mode).toBe(BH_OFF);
  exits.handled(cpu, kick, exits.eoi);
  expect(cpu.mode).toBe(BH_OFF);
});

test('an exit that KVM handles alone is paid at once, on the host’s side, and counted by its kind', () => {
  const { bench, vcpu, exits, kick } = machine();
  const task = vcpu.task('task', function* (cpu) {
    yield WAIT;
    cpu.charge(bench.costs.work, 10);
    exits.handled(cpu, kick, exits.timer);
    exits.handled(cpu, kick, exits.eoi);
    yield RUN;
    bench.note('done');
    yield WAIT;
  });
  task.signal();
  bench.run(10_000);
  expect(bench.seen).toEqual(['2010 done']);
  expect(bench.bill('web vcpu0 task')).toMatchObject({ work: [10, 10], 'vcpu-k kick': [2000, 2] });
  const kinds = ['halt', 'timer', 'eoi', 'external-interrupt'];
  expect(kinds.map((kind) => bench.count('exits.other', kind, 'web'))).toEqual([1, 1, 1, 0]);
});

test('kinds of exits that never happened are reported as zero', () => {
  const { books } = new Bench();
  new Exits(books.counters, 'web', 0.5);
  const reported = books.counters.since([]).filter(({ counter }) => counter.metric === 'exits.other');
  expect(reported.map(({ counter, value }) => [counter.component, counter.vm, value])).toEqual([
    ['halt', 'web', 0],
    ['timer', 'web', 0],
    ['eoi', 'web', 0],
    ['external-interrupt', 'web', 0],
  ]);
});

test('accesses of a device are counted by register, apart from other exits', () => {
  const { bench, exits } = machine();
  for (const register of ['write TDT', 'read ICR', 'write TDT']) exits.accesses(register).value++;
  expect(bench.count('exits.device', 'write TDT', 'web')).toBe(2);
  expect(bench.count('exits.device', 'read ICR', 'web')).toBe(1);
  expect(bench.count('exits.other', 'halt', 'web')).toBe(0);
});
