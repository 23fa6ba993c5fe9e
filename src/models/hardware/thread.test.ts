import { expect, test } from 'vitest';
import { Bench } from './bench-machine.test-support.ts';
import { RUN } from './context.ts';
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

test('a thread that runs on another core is booked there from then on', () => {
  const bench = new Bench({ cores: 2 });
  const thread = bench.thread(
    'task',
    function* (cpu) {
      cpu.charge(bench.costs.work, 100);
      yield RUN;
    },
    { affinity: [0, 1] },
  );
  bench.at(0, () => thread.context.signal());
  bench.at(500, () => {
    thread.core = bench.cores[1];
    thread.context.signal();
  });
  bench.run(1000);
  expect(bench.cores.map(({ name }) => bench.books.ledger.busy(name))).toEqual([100, 100]);
  expect(bench.gaps()).toEqual([0, 0]);
});
