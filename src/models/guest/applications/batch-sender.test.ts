/** An open loop that gathers packets: what it sends when, with how many doorbells, and what waited for the batch. */
import { expect, test } from 'vitest';
import { World } from '../../../datapaths/world.ts';
import { priced } from '../../../scenario/machines.test-support.ts';
import { type Picoseconds, us } from '../../../units.ts';
import type { NetDevice } from '../../linux/net-device.ts';
import { NetStack } from '../net-stack.ts';
import { Socket } from '../socket.ts';
import { BatchSender } from './batch-sender.ts';

/** Arrivals at these times, us, then none. Answers with what reached the driver, as `time more?`. */
const sent = (times: readonly number[], size: number, flush: number, memory = Number.POSITIVE_INFINITY) => {
  const world = new World(priced({}), { seed: 1, replication: 0, maxEvents: 1e5 });
  const { sim, books, packets, cores } = world;
  const seen: string[] = [];
  let rings = 0;
  const device: NetDevice = {
    stopped: false,
    tso: true,
    doorbell: {
      leave: () => {},
      act: () => {
        rings++;
        return null;
      },
      enter: () => {},
    },
    prepare: () => {},
    publish: (_cpu, packet, more) => {
      seen.push(`${sim.now / 1e6}${more ? ' more' : ''}`);
      books.timeline.close(packets.request[packet], sim.now);
      return !more;
    },
    attach: () => {},
  };
  const record = books.timeline.workload('w');
  record.startMeasuring(sim.now);
  const left = [...times];
  const endpoint = {
    record,
    flow: 0,
    socket: new Socket(memory, 1),
    stack: new NetStack(cores[0], packets, device),
    packets,
    sizes: { next: () => 60 },
  };
  const arrivals = { next: () => (us(1) * (left.shift() ?? 1e6)) as Picoseconds };
  new BatchSender(cores[0], endpoint, arrivals, { size, flush: us(flush) });
  sim.run(us(1000));
  const assembly = books.timeline.stages.list.find(({ name }) => name === 'wait: batch assembly');
  return { seen, rings, waited: record.stageSums[assembly!.id] / 1e6 };
};

test('sends when the last of a batch has arrived, with one doorbell, and each waits for that one', () => {
  expect(sent([1, 2, 4, 10, 10, 13], 3, 100)).toEqual({
    seen: ['4 more', '4 more', '4', '13 more', '13 more', '13'],
    rings: 2,
    waited: 3 + 2 + 0 + (3 + 3 + 0),
  });
});

test('sends what there is when the flush time is over', () => {
  expect(sent([1, 5, 20, 21, 22], 3, 5)).toEqual({
    seen: ['6 more', '6', '22 more', '22 more', '22'],
    rings: 2,
    waited: 5 + 1 + (2 + 1 + 0),
  });
});

test('that does not fit in the send buffer rings for what does, before it waits for room', () => {
  // 768 bytes each, and nobody gives them back.
  expect(sent([1, 2, 3, 4], 4, 100, 1500)).toMatchObject({ seen: ['4 more', '4'], rings: 1 });
});

test('of one sends each at once', () => {
  expect(sent([1, 2, 3], 1, 5)).toEqual({ seen: ['1', '2', '3'], rings: 3, waited: 0 });
});
