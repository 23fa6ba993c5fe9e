/** Where a job reads and writes: in order and round again, at random in its part, and in the asked mixture. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { streams } from '../../../kernel/random.ts';
import { BlockIo } from '../../hardware/disk/block-io.ts';
import { IoPattern, type PatternSettings, RW } from './io-pattern.ts';

const SETTINGS: PatternSettings = { rw: 'read', bs: 4096, rwmixread: 50, offset: 0, size: 16_384 };

const drawn = (settings: Partial<PatternSettings>, count: number): BlockIo[] => {
  const random = streams(1, 0);
  const pattern = new IoPattern(
    { ...SETTINGS, ...settings },
    random.stream('place'),
    random.stream('direction'),
  );
  return Array.from({ length: count }, () => {
    const io = new BlockIo({ done: () => {} });
    pattern.next(io);
    return io;
  });
};

test('in order, and from the beginning again', () => {
  const ios = drawn({ offset: 8192 }, 5);
  expect(ios.map(({ offset }) => offset)).toEqual([8192, 12_288, 16_384, 20_480, 8192]);
  expect(new Set(ios.map(({ operation }) => operation))).toEqual(new Set(['read']));
});

test('a mixture in order reads and writes in a row each', () => {
  const ios = drawn({ rw: 'rw', size: 1 << 30 }, 1000);
  for (const operation of ['read', 'write'] as const) {
    const mine = ios.filter((io) => io.operation === operation);
    expect(mine.map(({ offset }) => offset)).toEqual(mine.map((_, i) => i * 4096));
  }
});

test('a mixture has its share of reads', () => {
  const reads = drawn({ rw: 'randrw', rwmixread: 70 }, 20_000).filter(
    ({ operation }) => operation === 'read',
  );
  // Three standard deviations of a binomial.
  expect(Math.abs(reads.length / 20_000 - 0.7)).toBeLessThan(3 * Math.sqrt((0.7 * 0.3) / 20_000));
});

test('every I/O lies in the part, at a multiple of its size', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...RW),
      fc.constantFrom(512, 4096, 131_072),
      fc.nat(1000),
      fc.integer({ min: 1, max: 50 }),
      (rw, bs, start, blocks) => {
        const offset = start * 512;
        for (const io of drawn({ rw, bs, offset, size: blocks * bs + 100 }, 100)) {
          expect((io.offset - offset) % bs).toBe(0);
          expect(io.offset).toBeGreaterThanOrEqual(offset);
          expect(io.offset + io.size).toBeLessThanOrEqual(offset + blocks * bs);
        }
      },
    ),
    { numRuns: 100, seed: 1 },
  );
});

test('a part smaller than one I/O is refused', () => {
  expect(() => drawn({ size: 4095 }, 1)).toThrow(RangeError);
});
