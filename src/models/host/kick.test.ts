/** What a kick costs and whom it wakes (ioeventfd of virt/kvm/eventfd.c). */
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { us } from '../../units.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import type { Space } from '../hardware/pci/pci-function.ts';
import { Kick } from './kick.ts';

const PRICES = { 'exit.kick': us(10), 'exit.pio': us(20), 'exit.decode': us(3), 'wake.waker': us(2) };

/** One kick as soon as the guest runs; an exit is 60 % way out and 40 % way back. */
const kickOf = (how: { asleep: boolean; fastMmio: boolean; space?: Space }) => {
  const { asleep, fastMmio, space = 'memory' } = how;
  const machine = priced(PRICES, { exitOutShare: 0.6 });
  const world = new World(machine, { seed: 1, replication: 0, maxEvents: 1e6 });
  const { sim, books } = world;
  const vcpu = world.vcpu({ name: 'vm', vcpus: [[0]], backend: [1] });
  const seen: Record<string, number> = {};
  const kicked = (): void => {
    seen['backend'] = sim.now / 1e6;
  };
  const kick = new Kick(books, vcpu, 'tx', { asleep, kick: kicked }, fastMmio, space);
  const driver = vcpu.task('driver', function* (cpu) {
    yield WAIT;
    kick.leave(cpu);
    yield RUN;
    kick.act(cpu);
    kick.enter(cpu);
    yield RUN;
    seen['guest'] = sim.now / 1e6;
    for (;;) yield WAIT;
  });
  driver.signal();
  sim.run(us(1000));
  const spent = books.ledger.spending().filter(({ cost }) => cost in PRICES);
  return {
    seen,
    spent: Object.fromEntries(spent.map(({ cost, plane, count }) => [cost, `${plane} ${count}`])),
    kicks: books.counters.counter('kicks', 'tx', 'vm').value,
    exits: books.counters.counter('exits.device', 'notify tx', 'vm').value,
  };
};

describe('a request that is kicked for', () => {
  /** Time of its life that the exit is billed for, us. */
  const heldUp = (asleep: boolean): number => {
    const machine = priced(PRICES, { exitOutShare: 0.6 });
    const world = new World(machine, { seed: 1, replication: 0, maxEvents: 1e6 });
    const { sim, books } = world;
    const { timeline } = books;
    const vcpu = world.vcpu({ name: 'vm', vcpus: [[0]], backend: [1] });
    const kick = new Kick(books, vcpu, 'tx', { asleep, kick: () => {} }, true);
    const [work, wait] = [timeline.working('transmit'), timeline.waiting('wait')];
    const record = timeline.workload('w');
    record.startMeasuring(us(0));
    const request = timeline.open(record, us(0), us(0), 60);
    const driver = vcpu.task('driver', function* (cpu) {
      yield WAIT;
      cpu.serve(request, work, wait);
      kick.leave(cpu);
      yield RUN;
      kick.act(cpu);
      cpu.serveNobody();
      kick.enter(cpu);
      for (;;) yield WAIT;
    });
    driver.signal();
    sim.run(us(1000));
    timeline.mark(request, wait.id, sim.now);
    timeline.close(request, sim.now);
    return record.stageSums[work.id] / 1e6;
  };

  test('is held up by the way out of the guest and the wake-up of a sleeping backend', () =>
    expect(heldUp(true)).toBe(6 + 2));

  test('is not held up when the backend is awake: it may take the packet while the kick is on its way', () =>
    expect(heldUp(false)).toBe(0));
});

describe('a kick', () => {
  test('of a worker that is awake is one light exit, and the worker hears of it on the way out', () => {
    const { seen, spent, kicks, exits } = kickOf({ asleep: false, fastMmio: true });
    expect(seen).toEqual({ backend: 6, guest: 10 });
    expect(spent).toEqual({ 'exit.kick': 'vcpu-k 1' });
    expect([kicks, exits]).toEqual([1, 1]);
  });

  test('of a sleeping worker costs the vCPU the wake-up besides', () => {
    const { seen, spent } = kickOf({ asleep: true, fastMmio: true });
    expect(seen).toEqual({ backend: 6 + 2, guest: 10 + 2 });
    expect(spent).toEqual({ 'exit.kick': 'vcpu-k 1', 'wake.waker': 'vcpu-k 1' });
  });

  test('is decoded first where there is no fast MMIO bus', () => {
    const { seen, spent } = kickOf({ asleep: false, fastMmio: false });
    expect(seen).toEqual({ backend: 6 + 3, guest: 10 + 3 });
    expect(spent).toEqual({ 'exit.kick': 'vcpu-k 1', 'exit.decode': 'vcpu-k 1' });
  });

  test('through a port of the legacy interface is an exit of its own kind, and never decoded', () => {
    const { seen, spent, kicks } = kickOf({ asleep: false, fastMmio: false, space: 'port' });
    expect(seen).toEqual({ backend: 12, guest: 20 });
    expect(spent).toEqual({ 'exit.pio': 'vcpu-k 1' });
    expect(kicks).toBe(1);
  });
});
