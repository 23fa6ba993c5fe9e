/** QEMU's throttle timer of an 82574 vector: when messages go out. */
import { describe, expect, test } from 'vitest';
import { qemuOf } from '../../datapaths/qemu.ts';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { ms, us } from '../../units.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import type { InterruptLine } from '../hardware/processor.ts';
import { InterruptPath } from './interrupt-path.ts';
import { ThrottledVector } from './throttled-vector.ts';

/** Instants (us) of the messages where causes come at `times` (us). */
const messages = (times: readonly number[], { flagged = false, interval = 0 } = {}): number[] => {
  const world = new World(priced({}), { seed: 1, replication: 0, maxEvents: 1e5 });
  const { sim, books } = world;
  const vm = { name: 'vm', vcpus: [[0]], backend: [1] };
  const vcpu = world.vcpu(vm);
  const sent: number[] = [];
  const line = { raise: () => void sent.push(sim.now / 1e6) } as InterruptLine;
  const path = new InterruptPath(books, vcpu, 'KVM_SIGNAL_MSI', 'vector', () => line);
  const vector = new ThrottledVector(sim, qemuOf(world, vm), path, flagged);
  vector.interval = interval;
  const device = vcpu.task('device', function* (cpu) {
    for (;;) {
      yield WAIT;
      yield* vector.notify(cpu);
      yield RUN;
    }
  });
  const cause = sim.handler(() => device.signal());
  for (const time of times) sim.at(us(time), cause);
  sim.run(ms(5));
  return sent;
};

describe('the throttle timer', () => {
  test('lets the first message through at once, and is silent at its end', () =>
    expect(messages([10])).toEqual([10]));

  test('holds what comes within 128 us until its end: one message for all', () =>
    expect(messages([10, 20, 30])).toEqual([10, 138]));

  test('does not start again with the message that it held', () =>
    // The one at 140 goes at once and starts it.
    expect(messages([10, 20, 140])).toEqual([10, 138, 140, 268]));

  test('sends at each of its ends from the first postponed message on', () =>
    expect(messages([10, 500, 510, 1000, 2000])).toEqual([10, 500, 628, 1000, 1128, 2000, 2128]));

  test('sends at each of its ends where a message was postponed before', () =>
    expect(messages([10, 1000], { flagged: true })).toEqual([10, 138, 1000, 1128]));

  test.each([
    [195, 128],
    [500, 128],
    [976, 249.856],
  ])('EITR %i makes a gap of %f us: units of 256 ns, 500 at the least', (interval, gap) =>
    expect(messages([10, 20], { interval })).toEqual([10, 10 + gap]),
  );
});
