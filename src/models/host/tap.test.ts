/** A tap's ring: finite, tail drop, no back-pressure (drivers/net/tun.c). */
import { describe, expect, test } from 'vitest';
import { TAP_QUEUE_LENGTH } from '../../datapaths/qemu.ts';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { us } from '../../units.ts';
import { Tap } from './tap.ts';

const bench = (length = TAP_QUEUE_LENGTH) => {
  const { sim, books, packets } = new World(priced({}), { seed: 1, replication: 0, maxEvents: 1e6 });
  const tap = new Tap(books, packets, 'vm tap', 'vm', length);
  const record = books.timeline.workload('w');
  const produce = (frames: number): number[] =>
    Array.from({ length: frames }, () => {
      const packet = packets.create(60, books.timeline.open(record, sim.now, sim.now, 60), 0);
      tap.produce(packet, us(0));
      return packet;
    });
  return { packets, tap, record, produce };
};

const reader = (asleep = true) => {
  const heard = { frames: 0 };
  const read = (): boolean => {
    heard.frames++;
    return asleep;
  };
  return { heard, read };
};

describe('a tap', () => {
  test('holds 1,000 frames and drops at its tail, with place and reason', () => {
    const { packets, tap, record, produce } = bench();
    const frames = produce(1003);
    expect([...record.drops]).toEqual([['vm tap: ring full', 3]]);
    expect([record.inFlight, packets.alive]).toEqual([1000, 1000]);
    const read = Array.from({ length: 1000 }, () => tap.queue.shift());
    expect(read).toEqual(frames.slice(0, 1000));
  });

  test('takes frames again as soon as one was read', () => {
    const { tap, record, produce } = bench(2);
    produce(3);
    tap.queue.shift();
    produce(2);
    expect([tap.queue.length, record.dropped]).toEqual([2, 2]);
  });

  test('tells whoever is attached of each frame, and nobody after that one let go', () => {
    const { tap, produce } = bench();
    const { heard, read } = reader();
    expect(tap.attach(read)).toBe(false);
    produce(3);
    expect(heard.frames).toBe(3);
    tap.detach();
    produce(2);
    expect(heard.frames).toBe(3);
  });

  test('says on attaching whether frames are there already', () => {
    const { tap, produce } = bench();
    produce(1);
    expect(tap.attach(reader().read)).toBe(true);
  });

  test('passes on to the producer whether the reader was asleep, since it pays for the wake-up', () => {
    const { packets, tap } = bench(1);
    const frame = () => packets.create(60, -1, 0);
    expect(tap.produce(frame(), us(0))).toBe(false);
    tap.queue.shift();
    tap.attach(reader(true).read);
    expect(tap.produce(frame(), us(0))).toBe(true);
    tap.queue.shift();
    tap.attach(reader(false).read);
    expect(tap.produce(frame(), us(0))).toBe(false);
  });

  test('does not tell of a frame that it drops', () => {
    const { tap, produce } = bench(1);
    const { heard, read } = reader();
    tap.attach(read);
    produce(5);
    expect(heard.frames).toBe(1);
  });
});
