/** Accesses to an emulated device: heavy exits under the big lock, and coalesced writes that wait for the next of them. */
import { describe, expect, test } from 'vitest';
import { qemuOf } from '../../datapaths/qemu.ts';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { type Picoseconds, us } from '../../units.ts';
import { type Program, RUN, WAIT } from '../hardware/context.ts';
import type { RegisterPort } from '../hardware/register-port.ts';
import { EmulatedRegisters } from './emulated-registers.ts';

const MICROSECOND = 1_000_000;
const PRICES = {
  'exit.heavy': 7 * MICROSECOND,
  'exit.coalesced': 3 * MICROSECOND,
  'qemu.mmio': MICROSECOND,
  'bql.handoff': 2 * MICROSECOND,
};

/** Runs guest code on a vCPU against a device that notes what reaches it. */
const bench = (guest: (registers: RegisterPort, act: (what: string) => void) => (cpu: never) => Program) => {
  const world = new World(priced(PRICES), { seed: 1, replication: 0, maxEvents: 1e6 });
  const vm = { name: 'vm', vcpus: [[0]], backend: [1] };
  const vcpu = world.vcpu(vm);
  const loop = qemuOf(world, vm);
  const seen: string[] = [];
  const registers = new EmulatedRegisters(
    world.books,
    vcpu,
    {
      immediate: new Set(['TDT']),
      *read(_cpu, register) {
        yield RUN;
        seen.push(`read ${register}`);
        return 42;
      },
      *write(_cpu, register, value) {
        yield RUN;
        seen.push(`${register} = ${value}`);
      },
    },
    loop.lock,
  );
  const program = guest(registers, (what) => seen.push(what));
  vcpu.task('driver', program as never).signal();
  const run = (span: number): void => world.sim.run((world.sim.now + us(span)) as Picoseconds);
  const spent = (cost: string): { plane: string; count: number; busy: number }[] =>
    world.books.ledger
      .spending()
      .filter((line) => line.cost === cost)
      .map(({ plane, count, busy }) => ({ plane, count, busy }));
  const exits = (name: string): number => world.books.counters.counter('exits.device', name, 'vm').value;
  return { world, loop, seen, run, spent, exits };
};

describe('an access', () => {
  test('is a heavy exit to QEMU, dispatched under the big lock on behalf of the vCPU', () => {
    const { seen, run, spent, exits } = bench(
      (registers, act) =>
        function* (cpu) {
          yield WAIT;
          act(`got ${yield* registers.read(cpu, 'STATUS')}`);
          yield* registers.write(cpu, 'TDT', 5);
          for (;;) yield WAIT;
        },
    );
    run(100);
    expect(seen).toEqual(['read STATUS', 'got 42', 'TDT = 5']);
    expect(spent('exit.heavy')).toEqual([{ plane: 'vcpu-k', count: 2, busy: 14 * MICROSECOND }]);
    expect(spent('qemu.mmio')).toEqual([{ plane: 'vcpu-u', count: 2, busy: 2 * MICROSECOND }]);
    expect([exits('read STATUS'), exits('write TDT')]).toEqual([1, 1]);
  });

  test('waits for the big lock without keeping the core busy, and pays the hand-off', () => {
    const { world, loop, seen, run, spent } = bench(
      (registers, act) =>
        function* (cpu) {
          yield WAIT;
          yield* registers.read(cpu, 'STATUS');
          act('back');
          for (;;) yield WAIT;
        },
    );
    // Somebody in the main loop holds the lock for 100 us.
    const { cores } = world;
    const holder = cores[1].task('holder', function* (cpu) {
      yield WAIT;
      yield* loop.lock.acquire(cpu);
      cpu.spend(world.books.costs.cost('background.work'), us(100), 1);
      yield RUN;
      loop.lock.release(cpu);
      for (;;) yield WAIT;
    });
    holder.signal();
    run(99);
    expect(seen).toEqual([]);
    run(100);
    expect(seen).toEqual(['read STATUS', 'back']);
    for (const core of cores) core.settleBooks();
    expect(world.books.ledger.busy('core0')).toBe((7 + 2 + 1) * MICROSECOND);
    expect(spent('bql.handoff')).toEqual([{ plane: 'vcpu-u', count: 1, busy: 2 * MICROSECOND }]);
    expect(world.books.counters.counter('locks.contended', 'BQL', 'vm').value).toBe(1);
  });
});

describe('a coalesced write', () => {
  test('exits lightly and reaches the device before the next access that exits heavily', () => {
    const { seen, run, spent } = bench(
      (registers, act) =>
        function* (cpu) {
          yield WAIT;
          yield* registers.write(cpu, 'RDT', 1);
          yield* registers.write(cpu, 'ITR', 2);
          yield* registers.write(cpu, 'RDT', 3);
          yield RUN;
          act('all written');
          yield* registers.read(cpu, 'ICR');
          for (;;) yield WAIT;
        },
    );
    run(100);
    expect(seen).toEqual(['all written', 'RDT = 1', 'ITR = 2', 'RDT = 3', 'read ICR']);
    expect(spent('exit.coalesced')).toEqual([{ plane: 'vcpu-k', count: 3, busy: 9 * MICROSECOND }]);
    expect(spent('exit.heavy')[0].count).toBe(1);
  });

  test('has no effect however long it waits', () => {
    const { seen, run } = bench(
      (registers) =>
        function* (cpu) {
          yield WAIT;
          yield* registers.write(cpu, 'RDT', 1);
          for (;;) yield WAIT;
        },
    );
    run(1_000_000);
    expect(seen).toEqual([]);
  });

  test('is one of 169 that wait; the next exits heavily itself and brings them all, in order', () => {
    const { seen, run, spent } = bench(
      (registers, act) =>
        function* (cpu) {
          yield WAIT;
          for (let value = 1; value <= 170; value++) {
            if (value === 170) act('169 written');
            yield* registers.write(cpu, 'RDT', value);
          }
          for (;;) yield WAIT;
        },
    );
    run(10_000);
    expect(seen).toEqual(['169 written', ...Array.from({ length: 170 }, (_, i) => `RDT = ${i + 1}`)]);
    expect([spent('exit.coalesced')[0].count, spent('exit.heavy')[0].count]).toEqual([169, 1]);
  });

  test('is never a read: reading such a register exits heavily', () => {
    const { seen, run, spent } = bench(
      (registers) =>
        function* (cpu) {
          yield WAIT;
          yield* registers.read(cpu, 'RDT');
          for (;;) yield WAIT;
        },
    );
    run(100);
    expect(seen).toEqual(['read RDT']);
    expect(spent('exit.coalesced')).toEqual([]);
  });
});
