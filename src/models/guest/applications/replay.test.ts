/** A log begins again at its end, at its own times, and stays on the disk. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Picoseconds, us } from '../../../units.ts';
import { BlockIo } from '../../hardware/disk/block-io.ts';
import { ReplayedIos, replayedTimes } from './replay.ts';

const ios = [
  { at: us(1), operation: 'read', offset: 0, size: 4096 },
  { at: us(3), operation: 'write', offset: 8192, size: 512 },
] as const;

const issuer = { done: () => {} };

test('its times come round after its duration', () => {
  const times = replayedTimes({ ios, duration: us(10) }, 100);
  expect([1, 2, 3, 4].map(() => times.next())).toEqual([us(1), us(3), us(11), us(13)]);
});

test('half as fast takes twice as long', () => {
  const times = replayedTimes({ ios, duration: us(10) }, 50);
  expect([1, 2, 3].map(() => times.next())).toEqual([us(2), us(6), us(22)]);
});

test('its I/Os come round', () => {
  const source = new ReplayedIos(ios, 1e6);
  const io = new BlockIo(issuer);
  const next = () => {
    source.next(io);
    return [io.operation, io.offset, io.size];
  };
  expect([next(), next(), next()]).toEqual([
    ['read', 0, 4096],
    ['write', 8192, 512],
    ['read', 0, 4096],
  ]);
});

test('what lies behind the end of the disk is on it, at a sector', () => {
  const logged = fc.record({ offset: fc.nat(2 ** 31), size: fc.integer({ min: 1, max: 8192 }) });
  fc.assert(
    fc.property(logged, fc.integer({ min: 8192, max: 2 ** 30 }), (where, capacity) => {
      const source = new ReplayedIos([{ at: 0 as Picoseconds, operation: 'read', ...where }], capacity);
      const io = new BlockIo(issuer);
      source.next(io);
      expect(io.size).toBe(where.size);
      expect(io.offset).toBeGreaterThanOrEqual(0);
      expect(io.offset + io.size).toBeLessThanOrEqual(capacity);
      if (where.offset + where.size > capacity) expect(io.offset % 512).toBe(0);
    }),
    { seed: 1 },
  );
});
