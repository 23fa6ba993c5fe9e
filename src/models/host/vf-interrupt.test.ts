/** The MSI-X of an assigned device: posted to a running vCPU for nothing, through the host to a blocked one (§6.5, §7.1). */
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { us } from '../../units.ts';
import { type Program, RUN, WAIT } from '../hardware/context.ts';
import { EXIT_USER, OPEN } from '../hardware/mode.ts';
import { TaskThread } from '../hardware/thread.ts';
import { VfInterrupt } from './vf-interrupt.ts';

const PRICES = {
  'host.irqEntry': us(1),
  'vfio.wakeup': us(2),
  'interrupt.irqfd': us(4),
  'wake.waker': us(8),
  'interrupt.postedDelivery': us(0.5),
  'irq.entry': us(0.25),
};

type State = 'asleep' | 'computing' | 'in an exit' | 'preempted';

/** One message at 100 us. @returns when the guest's handler ran, and what the host's interrupt core did for it. */
const message = (posted: boolean, state: State, messages = 1) => {
  const world = new World(priced(PRICES), { seed: 1, replication: 0, maxEvents: 1e6 });
  const { sim, books, cores } = world;
  const vcpu = world.vcpu({ name: 'vm', vcpus: [[0]], backend: [1] });
  const taken: number[] = [];
  const line = vcpu.interrupt('vf', function* ({ enter, leave }): Program {
    for (;;) {
      yield WAIT;
      enter();
      leave();
      yield RUN;
      taken.push(sim.now / 1e6 - 100);
    }
  });
  const busy = vcpu.task('busy', function* (cpu) {
    yield WAIT;
    cpu.mode = state === 'in an exit' ? EXIT_USER : OPEN;
    cpu.spend(books.costs.cost('background.work'), us(150), 1);
    cpu.mode = OPEN;
    cpu.spend(books.costs.cost('background.work'), us(1000), 1);
    yield RUN;
    for (;;) yield WAIT;
  });
  if (state !== 'asleep') busy.signal();
  const real = new TaskThread('hog', { affinity: [0], policy: 'fifo' });
  const hog = cores[0].host(real, 'hog', function* (cpu) {
    yield WAIT;
    cpu.spend(books.costs.cost('background.work'), us(50), 1);
    for (;;) yield WAIT;
  });
  // From 90 us to 140 us it has the vCPU's core.
  if (state === 'preempted') {
    const preempt = sim.handler(() => hog.signal());
    sim.at(us(90), preempt);
  }
  const irqCore = cores[3];
  const interrupt = new VfInterrupt(books, vcpu, irqCore, line, posted);
  const send = sim.handler(() => interrupt.message());
  for (let i = 0; i < messages; i++) sim.at(us(100), send);
  sim.run(us(1000));
  const host = books.ledger.spending().filter(({ core }) => core === irqCore.name);
  return { taken, host: Object.fromEntries(host.map(({ cost, count }) => [cost, count])) };
};

describe('posted', () => {
  test('to a running vCPU: delivered by the processor, no work for the host', () => {
    expect(message(true, 'computing')).toEqual({ taken: [0.5 + 0.25], host: {} });
  });

  test('to a vCPU in an exit: taken at the next entry, no work for the host', () => {
    expect(message(true, 'in an exit')).toEqual({ taken: [50 + 0.25], host: {} });
  });

  test('to a preempted vCPU: noted (SN is set, nobody is notified), and taken when it has its core again', () => {
    expect(message(true, 'preempted')).toEqual({ taken: [40 + 0.25], host: {} });
    expect(message(true, 'preempted', 5)).toEqual({ taken: [40 + 0.25], host: {} });
  });

  test('to a blocked vCPU: the wake-up vector goes to the host, which wakes it', () => {
    const { taken, host } = message(true, 'asleep');
    expect(host).toEqual({ 'host.irqEntry': 1, 'vfio.wakeup': 1, 'wake.waker': 1 });
    expect(taken).toEqual([1 + 2 + 8 + 0.25]);
  });

  test('several that cannot be taken yet are one interrupt', () => {
    expect(message(true, 'in an exit', 5)).toEqual({ taken: [50 + 0.25], host: {} });
    expect(message(true, 'asleep', 5).taken).toHaveLength(1);
    // The first is taken at once; the other four find its handler running.
    expect(message(true, 'computing', 5).taken).toHaveLength(2);
  });
});

describe('not posted', () => {
  test('each message interrupts the host, whose handler signals an irqfd', () => {
    const { taken, host } = message(false, 'computing');
    expect(host).toEqual({ 'host.irqEntry': 1, 'vfio.wakeup': 1, 'interrupt.irqfd': 1 });
    expect(taken).toEqual([1 + 2 + 4 + 0.5 + 0.25]);
  });

  test('and wakes a blocked vCPU besides', () => {
    const { taken, host } = message(false, 'asleep');
    expect(host).toEqual({ 'host.irqEntry': 1, 'vfio.wakeup': 1, 'interrupt.irqfd': 1, 'wake.waker': 1 });
    expect(taken).toEqual([1 + 2 + 4 + 8 + 0.25]);
  });
});
