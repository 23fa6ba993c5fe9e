/** The rules of mq-deadline (Documentation/block/deadline-iosched.rst; block/mq-deadline.c of 6.1). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ms, type Picoseconds, us } from '../../../units.ts';
import { BlockIo, type Operation } from '../../hardware/disk/block-io.ts';
import { type DeadlineTunables, MqDeadline } from './mq-deadline.ts';

const LINUX: DeadlineTunables = {
  read_expire: ms(500),
  write_expire: ms(5000),
  writes_starved: 2,
  fifo_batch: 16,
  prio_aging_expire: ms(10_000),
};

const START = 0 as Picoseconds;

const io = (operation: Operation, offset: number, interactive = false): BlockIo => {
  const fresh = new BlockIo({ done: () => {} });
  return Object.assign(fresh, { operation, offset, interactive });
};

const filled = (ios: readonly BlockIo[], tunables: Partial<DeadlineTunables> = {}): MqDeadline => {
  const scheduler = new MqDeadline({ ...LINUX, ...tunables });
  for (const each of ios) scheduler.insert(each, START);
  return scheduler;
};

/** The next `count`, in a word each: r3 is the read at 3. */
const order = (scheduler: MqDeadline, count: number, now = START): string[] =>
  Array.from({ length: count }, () => {
    const next = scheduler.next(now);
    return next === null ? '-' : `${next.operation[0]}${next.offset}`;
  });

const reads = (...offsets: number[]) => offsets.map((offset) => io('read', offset));
const writes = (...offsets: number[]) => offsets.map((offset) => io('write', offset));

describe('mq-deadline', () => {
  test('starts with the oldest, and goes on in order of sectors', () => {
    expect(order(filled(reads(5, 9, 1, 7)), 5)).toEqual(['r5', 'r7', 'r9', 'r1', '-']);
  });

  test('reads go before writes that came earlier', () => {
    expect(order(filled([...writes(1, 2), ...reads(8, 9)]), 4)).toEqual(['r8', 'r9', 'w1', 'w2']);
  });

  test('after writes_starved batches of reads comes one of writes', () => {
    const both = filled([...reads(1, 2, 3, 4, 5), ...writes(1, 2)], { fifo_batch: 1 });
    expect(order(both, 7)).toEqual(['r1', 'r2', 'w1', 'r3', 'r4', 'w2', 'r5']);
  });

  test('a batch has fifo_batch requests', () => {
    const both = filled([...reads(1, 2, 3, 4, 5, 6), ...writes(1)], { fifo_batch: 2, writes_starved: 1 });
    expect(order(both, 7)).toEqual(['r1', 'r2', 'w1', 'r3', 'r4', 'r5', 'r6']);
  });

  test('a new batch starts from the oldest, where that has waited too long', () => {
    const line = [...reads(5, 1), ...reads(6, 7, 8)];
    const late = ms(500);
    expect(order(filled(line, { fifo_batch: 2 }), 5)).toEqual(['r5', 'r6', 'r7', 'r8', 'r1']);
    expect(order(filled(line, { fifo_batch: 2 }), 5, late)).toEqual(['r5', 'r6', 'r1', 'r7', 'r8']);
  });

  test('the real-time class goes first, until others are too old', () => {
    const line = () => filled([...reads(1, 2), io('write', 9, true), io('read', 8, true)]);
    expect(order(line(), 4)).toEqual(['r8', 'w9', 'r1', 'r2']);
    expect(order(line(), 4, ms(10_000))).toEqual(['r1', 'r2', 'r8', 'w9']);
  });

  test('nothing holds up a flush', () => {
    expect(order(filled([...reads(1), io('flush', 0)]), 2)).toEqual(['f0', 'r1']);
  });

  test('each request comes out once, and one comes as long as there is one', () => {
    const drawn = fc.array(
      fc.record({
        operation: fc.constantFrom<Operation>('read', 'write'),
        offset: fc.nat(50),
        interactive: fc.boolean(),
        take: fc.nat(3),
      }),
      { minLength: 1, maxLength: 200 },
    );
    const tunables = fc.record({ writes_starved: fc.nat(4), fifo_batch: fc.nat(8) });
    fc.assert(
      fc.property(drawn, tunables, (steps, chosen) => {
        const scheduler = new MqDeadline({ ...LINUX, ...chosen });
        const inside = new Set<BlockIo>();
        let now = START;
        for (const { operation, offset, interactive, take } of steps) {
          const fresh = io(operation, offset, interactive);
          inside.add(fresh);
          scheduler.insert(fresh, now);
          now = (now + us(100)) as Picoseconds;
          for (let i = 0; i < take; i++) {
            const next = scheduler.next(now);
            expect(next === null).toBe(inside.size === 0);
            if (next !== null) expect(inside.delete(next)).toBe(true);
          }
          expect(scheduler.length).toBe(inside.size);
        }
        for (let left = inside.size; left > 0; left--) {
          expect(inside.delete(scheduler.next(now) as BlockIo)).toBe(true);
        }
        expect(scheduler.next(now)).toBeNull();
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});
