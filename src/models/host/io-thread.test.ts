/** How an iothread adapts its polling (adjust_polling_time of QEMU), and what that does to kicks. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adjusted } from './io-thread.ts';

const DEFAULTS = { 'poll-max-ns': 32_768, 'poll-grow': 0, 'poll-shrink': 0 };

/** The limits after waits of so many ns, from 0 on. */
const limits = (waits: readonly number[], properties = DEFAULTS): number[] => {
  const out: number[] = [];
  let limit = 0;
  for (const waited of waits) {
    limit = adjusted(limit, waited, properties);
    out.push(limit);
  }
  return out;
};

describe('the limit of a handler', () => {
  test('doubles from 4 us while waits are longer, up to the most', () => {
    expect(limits([20_000, 20_000, 20_000, 20_000, 20_000])).toEqual([4000, 8000, 16_000, 32_000, 32_000]);
    expect(limits([30_000, 30_000, 30_000, 30_000, 32_500, 30_000])).toEqual([
      4000, 8000, 16_000, 32_000, 32_768, 32_768,
    ]);
  });

  test('stays where it is enough', () => {
    expect(limits([3000, 3000, 3000])).toEqual([4000, 4000, 4000]);
  });

  test('falls to nothing after a wait beyond the most', () => {
    expect(limits([20_000, 20_000, 40_000, 40_000])).toEqual([4000, 8000, 0, 0]);
  });

  test('grows and shrinks by its properties', () => {
    const properties = { 'poll-max-ns': 100_000, 'poll-grow': 3, 'poll-shrink': 4 };
    expect(limits([50_000, 50_000, 50_000, 200_000], properties)).toEqual([4000, 12_000, 36_000, 9000]);
  });

  test('never leaves 0 to poll-max-ns', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(200_000)),
        fc.nat(100_000),
        fc.nat(5),
        fc.nat(5),
        (waits, most, grow, shrink) => {
          for (const limit of limits(waits, {
            'poll-max-ns': most,
            'poll-grow': grow,
            'poll-shrink': shrink,
          })) {
            expect(limit).toBeGreaterThanOrEqual(0);
            expect(limit).toBeLessThanOrEqual(most);
          }
        },
      ),
      { numRuns: 300, seed: 1 },
    );
  });
});
