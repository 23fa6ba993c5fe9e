/** Queues and pools of packets. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PacketQueue } from './packet-queue.ts';
import { Packets } from './packets.ts';

describe('a packet queue', () => {
  test('is first in, first out, and full at its limit, through any pushes and shifts', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.array(fc.boolean(), { maxLength: 2000 }),
        (limit, pushes) => {
          const queue = new PacketQueue(limit);
          const naive: number[] = [];
          pushes.forEach((push, packet) => {
            if (push) {
              expect(queue.push(packet)).toBe(naive.length < limit);
              if (naive.length < limit) naive.push(packet);
            } else {
              expect(queue.peek()).toBe(naive[0] ?? -1);
              expect(queue.shift()).toBe(naive.shift() ?? -1);
            }
            expect([queue.length, queue.full]).toEqual([naive.length, naive.length === limit]);
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  test('holds nothing when its limit is 0', () => {
    expect(new PacketQueue(0).push(1)).toBe(false);
  });
});

describe('the pool of packets', () => {
  test('counts what is alive, and keeps every packet as it was through growth', () => {
    const packets = new Packets();
    const made = Array.from({ length: 5000 }, (_, i) => packets.create(60 + i, i, i % 7));
    expect(packets.alive).toBe(5000);
    expect(new Set(made).size).toBe(5000);
    made.forEach((packet, i) => {
      expect([packets.size[packet], packets.request[packet], packets.flow[packet]]).toEqual([
        60 + i,
        i,
        i % 7,
      ]);
    });
    for (const packet of made) packets.release(packet);
    expect(packets.alive).toBe(0);
  });

  test('copies a packet with its content', () => {
    const packets = new Packets();
    const copy = packets.copy(packets.create(1500, 3, 5));
    expect([packets.size[copy], packets.request[copy], packets.flow[copy], packets.alive]).toEqual([
      1500, 3, 5, 2,
    ]);
  });
});
