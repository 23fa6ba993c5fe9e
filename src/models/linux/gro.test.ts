/** GRO: what the frames of packets become in one NAPI poll. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cost } from '../../accounting/cost.ts';
import { NO_REQUEST } from '../../accounting/timeline.ts';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import type { Context } from '../hardware/context.ts';
import { PACKET_MAX, TCP_HEADERS } from '../hardware/segmentation.ts';
import { Gro } from './gro.ts';

const bench = () => {
  const { books, packets } = new World(priced({ 'gro.merge': 1, 'stack.rx': 1 }), {
    seed: 1,
    replication: 0,
    maxEvents: 1,
  });
  const { costs, timeline } = books;
  const merge = costs.cost('gro.merge');
  const way = {
    cost: costs.cost('stack.rx'),
    stage: timeline.working('up'),
    wait: timeline.waiting('wait: up'),
  };
  const gro = new Gro(books, packets, way);
  const paid = { merges: 0, ways: 0 };
  const charge = (cost: Cost): number => (cost === merge ? paid.merges++ : paid.ways++);
  const cpu = { charge, serve: () => {}, serveNobody: () => {} } as unknown as Context;
  const up: number[] = [];
  return {
    packets,
    receive: (frames: readonly number[]) => {
      for (const frame of frames) gro.receive(cpu, frame, up);
    },
    flush: () => gro.flush(cpu, up),
    paid,
    up: () => up.map((packet) => [packets.flow[packet], packets.size[packet], packets.request[packet]]),
  };
};

describe('a poll', () => {
  test('merges the frames of a packet into what it was, and pays for each but the first', () => {
    const { packets, receive, paid, up } = bench();
    receive(packets.segment(packets.create(PACKET_MAX, 7, 3)));
    expect(up()).toEqual([[3, PACKET_MAX, 7]]);
    expect([paid, packets.alive]).toEqual([{ merges: 45, ways: 1 }, 1]);
  });

  test('hands up what it has of a packet at its end: the rest comes by itself, with the request', () => {
    const { packets, receive, flush, up } = bench();
    const frames = packets.segment(packets.create(TCP_HEADERS + 4 * 1448, 7, 3));
    receive(frames.slice(0, 3));
    expect(up()).toEqual([]);
    flush();
    receive(frames.slice(3));
    expect(up()).toEqual([
      [3, TCP_HEADERS + 3 * 1448, NO_REQUEST],
      [3, 1514, 7],
    ]);
  });

  test('keeps flows apart, and merges no datagrams', () => {
    const { packets, receive, flush, up } = bench();
    const [a, b] = [1, 2].map((flow) => packets.segment(packets.create(3000, 10 + flow, flow)));
    const datagram = packets.create(1514, 9, 4);
    receive([a[0], b[0], datagram, a[1], b[1], a[2], b[2]]);
    flush();
    expect(up()).toEqual([
      [4, 1514, 9],
      [1, 3000, 11],
      [2, 3000, 12],
    ]);
  });

  test('loses and reorders nothing within a flow, whatever it gets and however often it ends', () => {
    const packet = fc.record({
      size: fc.integer({ min: 60, max: PACKET_MAX }),
      flow: fc.nat(2),
      cut: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 12 }),
        fc.array(fc.nat(40), { maxLength: 20 }),
        (sent, ends) => {
          const { packets, receive, flush, paid, up } = bench();
          const frames = sent.flatMap(({ size, flow }, i) => {
            const whole = packets.create(size, i, flow);
            return size > 1514 ? packets.segment(whole) : [whole];
          });
          let next = 0;
          for (const end of ends) {
            receive(frames.slice(next, next + end));
            next += end;
            flush();
          }
          receive(frames.slice(next));
          flush();
          for (const flow of [0, 1, 2]) {
            const requests = up().filter((each) => each[0] === flow && each[2] !== NO_REQUEST);
            const due = sent.flatMap((each, i) => (each.flow === flow ? [i] : []));
            expect(requests.map((each) => each[2])).toEqual(due);
          }
          expect([packets.alive, paid.ways]).toEqual([up().length, up().length]);
        },
      ),
    );
  });
});
