/** A hostile guest's driver: when it breaks a rule, and that it kicks after it. */
import { expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { ms, us } from '../../units.ts';
import type { Doorbell } from '../linux/net-device.ts';
import { virtqueue } from '../virtio/virtqueue.ts';
import { HostileDriver } from './hostile-driver.ts';

const FORMAT = { packed: false, eventIdx: false, inOrder: false };

test.each([
  ['once', null, [3]],
  ['again and again', us(2), [3, 5, 7, 9]],
])('breaks the rule %s, and kicks each time', (_name, every, times) => {
  const { sim, cores } = new World(priced({}), { seed: 1, replication: 0, maxEvents: 1e6 });
  const queue = virtqueue(FORMAT, 16);
  const done: (readonly [string, number])[] = [];
  queue.misbehave = (misdeed) => done.push([misdeed, sim.now / 1e6]) > 0;
  const doorbell: Doorbell = {
    leave: () => {},
    act: () => {
      done.push(['kick', sim.now / 1e6]);
      return null;
    },
    enter: () => {},
  };
  new HostileDriver(cores[0], queue, doorbell, { misdeed: 'zero length', after: us(3), every });
  sim.run(every === null ? ms(1) : us(10));
  expect(done).toEqual(
    times.flatMap(
      (at) =>
        [
          ['zero length', at],
          ['kick', at],
        ] as const,
    ),
  );
});
