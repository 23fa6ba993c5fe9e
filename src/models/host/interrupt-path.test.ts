/** What a backend pays to interrupt a vCPU (virt/kvm/eventfd.c, arch/x86/kvm/vmx/posted_intr.c). */
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { us } from '../../units.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import type { InterruptLine } from '../hardware/processor.ts';
import { TaskThread } from '../hardware/thread.ts';
import { type Injection, InterruptPath } from './interrupt-path.ts';

const PRICES = {
  'interrupt.irqfd': us(1),
  'interrupt.ioctl': us(2),
  'interrupt.post': us(4),
  'wake.waker': us(8),
};

/** What the vCPU does when a thread on core 1 interrupts it at 100 us. */
type Guest = 'asleep' | 'computing' | 'in an exit' | 'without its core' | 'polling';

const signalled = (how: Injection, guest: Guest, apicv = true) => {
  // Halted for 50 us, the vCPU is polled for 100 us the next time.
  const haltPoll = {
    halt_poll_ns: guest === 'polling' ? 200_000 : 0,
    halt_poll_ns_grow: 2,
    halt_poll_ns_grow_start: 100_000,
    halt_poll_ns_shrink: 0,
  };
  const world = new World(priced(PRICES, { haltPoll, apicv }), { seed: 1, replication: 0, maxEvents: 1e6 });
  const { sim, books, cores } = world;
  const work = books.costs.cost('background.work');
  const vcpu = world.vcpu({ name: 'vm', vcpus: [[0]], backend: [1] });
  const computer = vcpu.task('computer', function* (cpu) {
    yield WAIT;
    const exit = guest === 'in an exit' ? vcpu.exits.leave(cpu, books.costs.cost('exit.heavy')) : null;
    cpu.spend(work, us(guest === 'polling' ? 1 : 1000), 1);
    if (exit !== null) vcpu.exits.enter(cpu, exit);
    yield RUN;
    for (;;) yield WAIT;
  });
  const hog = cores[0].host(new TaskThread('hog', { affinity: [0], policy: 'fifo' }), 'hog', function* (cpu) {
    yield WAIT;
    cpu.spend(work, us(100), 1);
    yield RUN;
    for (;;) yield WAIT;
  });
  const at = (time: number, act: () => void): void => void sim.at(us(time), sim.handler(act));
  if (guest !== 'asleep') at(50, () => computer.signal());
  if (guest === 'without its core') at(60, () => hog.signal());
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
  at(100, () => backend.signal());
  sim.run(us(500));
  const spent = books.ledger.spending().filter(({ cost, payer }) => cost in PRICES && payer === 'backend');
  return { after: raised - 100, costs: spent.map(({ cost }) => cost).sort() };
};

describe('an interrupt', () => {
  test.each<[Injection, Guest, number, string[]]>([
    ['irqfd', 'asleep', 1 + 8, ['interrupt.irqfd', 'wake.waker']],
    ['irqfd', 'computing', 1 + 4, ['interrupt.irqfd', 'interrupt.post']],
    ['KVM_SIGNAL_MSI', 'asleep', 2 + 8, ['interrupt.ioctl', 'wake.waker']],
    ['KVM_SIGNAL_MSI', 'computing', 2 + 4, ['interrupt.ioctl', 'interrupt.post']],
    ['KVM_IRQ_LINE', 'computing', 2 + 4, ['interrupt.ioctl', 'interrupt.post']],
    // Only a bit is set, and found at the next entry or by the poll: no IPI.
    ['irqfd', 'in an exit', 1, ['interrupt.irqfd']],
    ['irqfd', 'without its core', 1, ['interrupt.irqfd']],
    ['irqfd', 'polling', 1, ['interrupt.irqfd']],
    ['KVM_IRQ_LINE', 'in an exit', 2, ['interrupt.ioctl']],
  ])('by %s to a vCPU that is %s takes the signaller %i us', (how, guest, after, costs) => {
    // Without APICv the IPI is another one, and just as needless.
    for (const apicv of [true, false]) expect(signalled(how, guest, apicv)).toEqual({ after, costs });
  });
});
