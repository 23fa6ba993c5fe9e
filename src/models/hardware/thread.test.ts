import { expect, test } from 'vitest';
import { Bench } from './bench-machine.test-support.ts';
import { RUN, WAIT } from './context.ts';
import { IRQ_OFF, OPEN } from './mode.ts';
import { TaskThread } from './thread.ts';

test('a thread is fair and of the weight of nice 0 unless it is placed otherwise', () => {
  const plain = new TaskThread('plain', { affinity: [2] });
  expect([plain.policy, plain.weight, plain.runnable, plain.core]).toEqual(['fair', 1024, false, null]);
  const special = new TaskThread('special', { affinity: [0], policy: 'fifo', weight: 88_761 });
  expect([special.policy, special.weight]).toEqual(['fifo', 88_761]);
});

test('a thread has a leaf exactly while its program is awake', () => {
  const bench = new Bench();
  const thread = bench.thread('task', function* (cpu) {
    cpu.charge(bench.costs.work, 100);
    yield RUN;
  });
  const { context } = thread;
  const look = (at: number) =>
    bench.at(at, () => bench.note(`${thread.leaf() === context} ${thread.runnable}`));
  expect(thread.leaf()).toBeNull();
  look(50);
  bench.at(100, () => context.signal());
  look(150);
  look(250);
  bench.run(1000);
  expect(bench.seen).toEqual(['50 false false', '150 true true', '250 false false']);
});

/** A thread that works 100 ps with interrupts off and 100 ps with them on, on core 0 at 0 and on core 1 at 500. */
const moving = () => {
  const bench = new Bench({ cores: 2 });
  const thread = bench.thread(
    'task',
    function* (cpu) {
      for (const mode of [IRQ_OFF, OPEN] as const) {
        cpu.mode = mode;
        cpu.charge(bench.costs.work, 100);
      }
      yield RUN;
      bench.note('done');
    },
    { affinity: [0, 1] },
  );
  bench.at(0, () => thread.context.signal());
  bench.at(500, () => {
    thread.core = bench.cores[1];
    thread.context.signal();
  });
  const irq = (id: number, at: number) => {
    const line = bench.cores[id].interrupt('nic', function* ({ context }) {
      for (;;) {
        yield WAIT;
        bench.note(`irq on core ${id}`);
        context.charge(bench.costs.work, 30);
        yield RUN;
      }
    });
    bench.at(at, line.raise);
  };
  return { bench, irq };
};

test('a thread that has moved holds off the interrupts of its new core, and those alone', () => {
  const { bench, irq } = moving();
  irq(0, 520);
  irq(1, 550);
  bench.run(1000);
  expect(bench.seen).toEqual(['200 done', '520 irq on core 0', '600 irq on core 1', '730 done']);
});

test('a thread that has moved is not held up by what waits on its old core', () => {
  const { bench, irq } = moving();
  const blocker = bench.cores[0].softirq('long', function* (cpu) {
    yield WAIT;
    cpu.mode = IRQ_OFF;
    cpu.charge(bench.costs.work, 400);
    yield RUN;
    yield WAIT;
  });
  bench.at(450, () => blocker.signal());
  irq(0, 460); // waits until 850
  bench.run(1000);
  expect(bench.seen).toEqual(['200 done', '700 done', '850 irq on core 0']);
});

test('a thread that runs on another core is booked there from then on', () => {
  const { bench } = moving();
  bench.run(1000);
  expect(bench.cores.map(({ name }) => bench.books.ledger.busy(name))).toEqual([200, 200]);
  expect(bench.gaps()).toEqual([0, 0]);
});
