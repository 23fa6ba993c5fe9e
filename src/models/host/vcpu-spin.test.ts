/** A guest that spins (its driver polls) on a core that others want, too. */
import { expect, test } from 'vitest';
import { Bench } from '../hardware/bench-machine.test-support.ts';
import { BusyPoll } from '../hardware/busy-poll.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import { vcpuOn } from './vcpu.test-support.ts';

test('pays its refill of the caches after the core was taken away, before it sees what came meanwhile', () => {
  const bench = new Bench({ prices: { exitLight: 100, pollution: 17 } });
  const vcpu = vcpuOn(bench);
  let found = false;
  const task = vcpu.task('loop', function* () {
    yield WAIT;
    for (;;) {
      if (found) bench.note('found');
      found = false;
      poll.spin();
      yield RUN;
    }
  });
  const poll = new BusyPoll(task, vcpu.thread, bench.costs.work, () => 10);
  task.signal();
  const thread = bench.thread(
    'host',
    function* (cpu) {
      cpu.charge(bench.costs.work, 1000);
      yield RUN;
    },
    { policy: 'fifo' },
  );
  bench.at(5000, () => thread.context.signal());
  bench.at(5500, () => {
    found = true;
    poll.notice();
  });
  bench.run(10_000);
  // The host's thread has the core from 5000 to 6000; then the entry (its exit as a whole) and the refill.
  expect(bench.seen).toEqual([`${6000 + 100 + 17} found`]);
  expect(bench.count('exits.other', 'external-interrupt', 'web')).toBe(1);
  expect(bench.gaps()).toEqual([0]);
});
