/** VIRTIO_NET_F_NOTF_COAL: the timer runs from the first packet, the counter may be faster, 0 means each packet. */
import { describe, expect, test } from 'vitest';
import { Simulation } from '../../kernel/simulation.ts';
import { type Picoseconds, us } from '../../units.ts';
import { type Coalescing, NotificationTimer } from './coalescing.ts';

/** Times of the notifications, µs, where packets are used at `packets`, µs. */
const notified = (settings: Coalescing, packets: readonly number[]): number[] => {
  const sim = new Simulation({ maxEvents: 1000 });
  const times: number[] = [];
  const timer = new NotificationTimer(sim, settings, () => times.push(sim.now / us(1)));
  const used = sim.handler(() => timer.packet(), 'used');
  for (const at of packets) sim.at(us(at), used);
  sim.run(us(1000) as Picoseconds);
  return times;
};

describe('notifications', () => {
  test.each([[{ usecs: 0, frames: 0 }], [{ usecs: 20, frames: 0 }], [{ usecs: 0, frames: 4 }]])(
    'come after every packet with %o',
    (settings) => {
      expect(notified(settings, [10, 11, 30])).toEqual([10, 11, 30]);
    },
  );

  test('come `usecs` after the first packet since the last one, however many follow', () => {
    expect(notified({ usecs: 20, frames: 100 }, [10, 15, 29, 31, 60])).toEqual([30, 51, 80]);
  });

  test('come with packet number `frames`, and the timer begins anew with the next packet', () => {
    expect(notified({ usecs: 20, frames: 3 }, [10, 11, 12, 25])).toEqual([12, 45]);
  });
});
