/** Threads, vCPUs, locks and interrupts on several cores, at random: the promises that hold whatever happens. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ns, ps } from '../../units.ts';
import { Bench, type Body, whenever } from '../hardware/bench-machine.test-support.ts';
import { RUN } from '../hardware/context.ts';
import { BH_OFF, IRQ_OFF, type Mode, OPEN, SPIN } from '../hardware/mode.ts';
import { BigLock } from './big-lock.ts';
import type { FairScheduler } from './fair-scheduler.ts';
import { fairly, NO_POLLING, vcpuOn } from './vcpu.test-support.ts';
import type { VCpu } from './vcpu.ts';

const CORES = 3;
const HORIZON = 40_000;
const IRQ = 17;
const HOST_IRQ = 23;

const times = fc.array(fc.integer({ min: 0, max: HORIZON }), { maxLength: 12 });
const placement = {
  affinity: fc.subarray([0, 1, 2], { minLength: 1 }),
  policy: fc.constantFrom('fair' as const, 'fifo' as const),
  weight: fc.integer({ min: 256, max: 4096 }),
};
const span = fc.integer({ min: 0, max: 1000 });
/** Of the middle third of the work. */
const mode = fc.constantFrom<Mode>(OPEN, BH_OFF, IRQ_OFF, SPIN);
/** Whether a lock is held during that third; in a guest the third is then an exit. */
const locked = fc.boolean();
const machines = fc.record({
  policy: fc.constantFrom('eevdf' as const, 'cfs' as const),
  polls: fc.boolean(),
  tickStop: fc.boolean(),
  apicv: fc.boolean(),
  threads: fc.array(fc.record({ placement: fc.record(placement), span, mode, locked, times }), {
    maxLength: 6,
  }),
  vms: fc.array(
    fc.record({ placement: fc.record(placement), span, mode, locked, times, interrupts: times }),
    { maxLength: 3 },
  ),
  irqs: fc.array(fc.tuple(fc.nat(CORES - 1), fc.integer({ min: 0, max: HORIZON })), { maxLength: 12 }),
});
type Machine = typeof machines extends fc.Arbitrary<infer M> ? M : never;

const PRICES = {
  contextSwitch: 13,
  migration: 29,
  exitLight: 11,
  exitMsr: 9,
  pollution: 7,
  postedDelivery: 3,
  injection: 19,
  taskSwitch: 5,
  idleEnter: 2,
  'bql.handoff': 31,
};

/** Builds the machine, runs it until all is quiet, settling the books at `settling` on the way. */
const runOf = (machine: Machine, settling: readonly number[] = []) => {
  const { policy, polls, tickStop, apicv } = machine;
  const scheduler = fairly({ policy, slice: ps(700), tick: ps(1000), wakeupGranularity: ps(900) });
  const idleStates = [
    { name: 'C1', after: ps(0), exitLatency: ps(4) },
    { name: 'C6', after: ps(500), exitLatency: ps(90) },
  ];
  const bench = new Bench({ cores: CORES, prices: PRICES, scheduler, idleStates });
  (bench.scheduler as FairScheduler).startBalancing();
  const runs: Record<string, number> = {};
  const spans: Record<string, number> = {};
  const mayUse: Record<string, readonly number[]> = {};
  const lock = new BigLock(bench.books, '');
  const body = (payer: string, work: number): Body => {
    spans[payer] = work;
    return function* (cpu) {
      runs[payer] = (runs[payer] ?? 0) + 1;
      bench.note(payer);
      cpu.charge(bench.costs.work, work);
      yield RUN;
    };
  };
  /** Three parts, the middle one in a mode of its own, or under the lock, which a vCPU takes inside an exit. */
  const inParts = (payer: string, each: { span: number; mode: Mode; locked: boolean }, vcpu?: VCpu): Body => {
    spans[payer] = 3 * each.span;
    return function* (cpu) {
      runs[payer] = (runs[payer] ?? 0) + 1;
      bench.note(payer);
      cpu.charge(bench.costs.work, each.span);
      const exit = each.locked && vcpu !== undefined ? vcpu.exits.leave(cpu, bench.costs.exitLight) : null;
      if (each.locked) {
        yield RUN;
        yield* lock.acquire(cpu);
      } else cpu.mode = each.mode;
      cpu.charge(bench.costs.work, each.span);
      if (each.locked) {
        yield RUN;
        lock.release(cpu);
      } else cpu.mode = OPEN;
      if (exit !== null) vcpu?.exits.enter(cpu, exit);
      cpu.charge(bench.costs.work, each.span);
      yield RUN;
    };
  };
  machine.threads.forEach((each, i) => {
    const { context } = bench.thread(`thread ${i}`, inParts(`thread ${i}`, each), each.placement);
    mayUse[`thread ${i}`] = each.placement.affinity;
    for (const at of each.times) bench.at(at, () => context.signal());
  });
  machine.vms.forEach((each, i) => {
    const haltPoll = { ...NO_POLLING, halt_poll_ns: polls ? 1 : 0, halt_poll_ns_grow_start: 0.2 };
    const vcpu = vcpuOn(bench, {
      vm: `vm${i}`,
      placement: each.placement,
      haltPoll,
      haltPollGrid: ns(0.05),
      tickStop,
      apicv,
    });
    const payer = (level: string): string => `vm${i} vcpu0 ${level}`;
    const task = vcpu.task('task', whenever(inParts(payer('task'), each, vcpu)));
    const softirq = vcpu.softirq('napi', whenever(inParts(payer('softirq'), each, vcpu)));
    const handler = body(payer('irq'), IRQ);
    const line = vcpu.interrupt('nic', ({ context, enter, leave }) =>
      whenever(function* (cpu) {
        enter();
        leave();
        yield* handler(cpu);
        softirq.signal();
      })(context),
    );
    for (const level of ['task', 'softirq', 'irq', 'idle']) mayUse[payer(level)] = each.placement.affinity;
    for (const at of each.times) bench.at(at, () => task.signal());
    for (const at of each.interrupts) bench.at(at, line.raise);
  });
  machine.irqs.forEach(([id, at], i) => {
    const handler = whenever(body(`core${id} irq`, HOST_IRQ));
    bench.at(at, bench.cores[id].interrupt(`nic${i}`, ({ context }) => handler(context)).raise);
  });
  for (const at of settling) {
    bench.sim.run(ps(at));
    bench.settle();
    expect(bench.gaps()).toEqual([0, 0, 0]);
  }
  bench.run(50 * HORIZON);
  return { bench, runs, spans, mayUse };
};

test('no thread runs where it may not, every signal has its run, all work is paid, and the books close', () => {
  fc.assert(
    fc.property(machines, (machine) => {
      const { bench, runs, spans, mayUse } = runOf(machine);
      expect(bench.gaps()).toEqual([0, 0, 0]);
      const paid: Record<string, number> = {};
      for (const { payer, core, cost, busy } of bench.books.ledger.spending()) {
        if (payer in mayUse) expect(mayUse[payer]).toContain(Number(core.slice('core'.length)));
        if (cost === 'work') paid[payer] = (paid[payer] ?? 0) + busy;
      }
      for (const [payer, count] of Object.entries(runs)) expect(paid[payer] ?? 0).toBe(count * spans[payer]);
      // Signals merge, but the last one always has its run.
      machine.threads.forEach((each, i) => {
        const count = runs[`thread ${i}`] ?? 0;
        expect(count).toBeGreaterThanOrEqual(Math.min(1, each.times.length));
        expect(count).toBeLessThanOrEqual(each.times.length);
      });
      machine.vms.forEach((each, i) => {
        const taken = bench.count('interrupts.taken', 'nic', `vm${i}`);
        expect(taken).toBe(runs[`vm${i} vcpu0 irq`] ?? 0);
        expect(taken).toBeGreaterThanOrEqual(Math.min(1, each.interrupts.length));
        expect(runs[`vm${i} vcpu0 task`] ?? 0).toBeGreaterThanOrEqual(Math.min(1, each.times.length));
      });
      for (const core of bench.cores) expect([core.thread, bench.scheduler.waiting(core)]).toEqual([null, 0]);
    }),
    { numRuns: 400 },
  );
});

test('every cost is paid as often as it occurs: count × price, but for exits that halted vCPUs are in', () => {
  fc.assert(
    fc.property(machines, (machine) => {
      const { bench } = runOf(machine);
      const prices: Record<string, number> = { ...PRICES, work: 1 };
      const [paid, due] = [{}, {}] as Record<string, number>[];
      for (const { payer, cost, busy, count } of bench.books.ledger.spending()) {
        if (cost === 'haltPoll') continue; // its length is not a price
        const key = `${payer}: ${cost}`;
        const halted = cost === 'exitLight' && payer.endsWith('idle') && count === 0 && busy === 0;
        expect(halted).toBe(false);
        paid[key] = (paid[key] ?? 0) + busy;
        due[key] = (due[key] ?? 0) + count * (prices[cost] ?? 0);
      }
      machine.vms.forEach((_, i) => {
        // All are halted in the end: the way out (7 of 11 ps) is paid, the way back is still to come.
        due[`vm${i} vcpu0 idle: exitLight`] += Math.round(PRICES.exitLight * 0.6);
      });
      expect(paid).toEqual(due);
    }),
    { numRuns: 200 },
  );
});

test('settling the books at arbitrary instants changes nothing of what happens', () => {
  const instants = fc.array(fc.integer({ min: 0, max: 2 * HORIZON }), { maxLength: 15 });
  fc.assert(
    fc.property(machines, instants, (machine, settling) => {
      const [plain, settled] = [
        runOf(machine),
        runOf(
          machine,
          settling.toSorted((a, b) => a - b),
        ),
      ];
      expect(settled.bench.seen).toEqual(plain.bench.seen);
      expect(settled.bench.books.ledger.spending()).toEqual(plain.bench.books.ledger.spending());
      expect(settled.bench.books.ledger.idle).toEqual(plain.bench.books.ledger.idle);
      expect(settled.bench.sim.events).toBe(plain.bench.sim.events);
    }),
    { numRuns: 200 },
  );
});
