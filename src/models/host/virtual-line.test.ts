/** A level-triggered line that its device still holds at the end of interrupt is taken again: nothing is lost. */
import { expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { ms, us } from '../../units.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import { heldLine } from './virtual-line.ts';

/** Causes that come at these instants (us), each handled in 10 us; the line is raised at its edges only. */
const handled = (times: readonly number[]): { taken: number; left: number } => {
  const world = new World(priced({ 'app.work': us(10) }), { seed: 1, replication: 0, maxEvents: 1e5 });
  const { sim, books } = world;
  const vcpu = world.vcpu({ name: 'vm', vcpus: [[0]], backend: [1] });
  const device = { causes: 0 };
  let taken = 0;
  const line = vcpu.levelInterrupt('device', function* (raw) {
    const { context, enter, leave } = heldLine(raw, () => device.causes > 0);
    yield WAIT;
    for (;;) {
      enter();
      taken++;
      // One cause is acknowledged when the handler begins; others may come until it ends.
      device.causes--;
      context.charge(books.costs.cost('app.work'));
      yield RUN;
      leave();
      yield RUN;
      yield WAIT;
    }
  });
  const cause = sim.handler(() => {
    device.causes++;
    if (device.causes === 1 && taken === 0) line.raise();
  });
  for (const time of times) sim.at(us(time), cause);
  sim.run(ms(1));
  return { taken, left: device.causes };
};

test('a cause that comes during the handler, without an edge, is handled after it', () => {
  expect(handled([10])).toEqual({ taken: 1, left: 0 });
  expect(handled([10, 13, 17])).toEqual({ taken: 3, left: 0 });
});
