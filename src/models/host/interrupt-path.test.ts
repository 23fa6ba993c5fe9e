/** What a backend pays to interrupt a vCPU (network-path.md §3.3, §6.3). */
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { us } from '../../units.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import type { InterruptLine } from '../hardware/processor.ts';
import { type Injection, InterruptPath } from './interrupt-path.ts';

const PRICES = {
  'interrupt.irqfd': us(1),
  'interrupt.ioctl': us(2),
  'interrupt.post': us(4),
  'wake.waker': us(8),
};

/** A thread on core 1 interrupts a vCPU that sleeps or computes. */
const signalled = (how: Injection, guest: 'asleep' | 'computing') => {
  const world = new World(priced(PRICES), { seed: 1, replication: 0, maxEvents: 1e6 });
  const { sim, books } = world;
  const vcpu = world.vcpu({ name: 'vm', vcpus: [[0]], backend: [1] });
  const computer = vcpu.task('computer', function* (cpu) {
    yield WAIT;
    cpu.spend(books.costs.cost('background.work'), us(1000), 1);
    yield RUN;
    for (;;) yield WAIT;
  });
  if (guest === 'computing') computer.signal();
  let raised = 0;
  const raise = (): void => {
    raised = sim.now / 1e6;
  };
  const path = new InterruptPath(books, vcpu, how, 'rx', () => ({ raise }) as InterruptLine);
  const backend = world.hostThread('backend', [1], function* (cpu) {
    yield WAIT;
    path.charge(cpu);
    yield RUN;
    path.raise();
    for (;;) yield WAIT;
  });
  sim.at(
    us(100),
    sim.handler(() => backend.signal()),
  );
  sim.run(us(500));
  const spent = books.ledger.spending().filter(({ cost, payer }) => cost in PRICES && payer === 'backend');
  return { after: raised - 100, costs: spent.map(({ cost }) => cost).sort() };
};

describe('an interrupt', () => {
  test.each<[Injection, 'asleep' | 'computing', number, string[]]>([
    ['irqfd', 'asleep', 1 + 8, ['interrupt.irqfd', 'wake.waker']],
    ['irqfd', 'computing', 1 + 4, ['interrupt.irqfd', 'interrupt.post']],
    ['KVM_SIGNAL_MSI', 'asleep', 2 + 8, ['interrupt.ioctl', 'wake.waker']],
    ['KVM_SIGNAL_MSI', 'computing', 2 + 4, ['interrupt.ioctl', 'interrupt.post']],
    ['KVM_IRQ_LINE', 'computing', 2 + 4, ['interrupt.ioctl', 'interrupt.post']],
  ])('by %s to a vCPU that is %s takes the signaller %i us', (how, guest, after, costs) => {
    expect(signalled(how, guest)).toEqual({ after, costs });
  });
});
