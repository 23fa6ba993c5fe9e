/** need_event against its wording: an entry was written at the index that the other side asked for. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distance, needEvent } from './descriptor.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });

/** The events that fire when an index moves from `old` by `entries`: some i in (old, now] equals event + 1. */
const firing = (old: number, entries: number): Uint8Array => {
  const fires = new Uint8Array(1 << 16);
  for (let i = old + 1; i <= old + entries; i++) fires[(i - 1) & 0xffff] = 1;
  return fires;
};

describe('need_event', () => {
  test.each([0, 1, 2, 3, 63, 64, 255, 256, 257, 32_767, 32_768, 65_535])(
    'is true for exactly the events that lie in a move of %i entries, wherever it starts',
    (entries) => {
      for (const old of [0, 1, 255, 32_767, 32_768, 65_472, 65_534, 65_535]) {
        const fires = firing(old, entries);
        const now = (old + entries) & 0xffff;
        let differences = 0;
        for (let event = 0; event <= 0xffff; event++) {
          if (needEvent(event, now, old) !== (fires[event] === 1)) differences++;
        }
        expect(differences, `from ${old}`).toBe(0);
      }
    },
  );

  test('says "exists i in (old, now] with i == event + 1 mod 2^16" for any three indices', () => {
    fc.assert(
      fc.property(u16, u16, u16, (event, now, old) => {
        let exists = false;
        for (let i = old; i !== now; ) {
          i = (i + 1) & 0xffff;
          if (i === ((event + 1) & 0xffff)) exists = true;
        }
        expect(needEvent(event, now, old)).toBe(exists);
      }),
      { numRuns: 500 },
    );
  });

  test('of two moves in a row is true when it is true of the whole, as long as nobody moves the event', () => {
    fc.assert(
      fc.property(u16, u16, fc.nat(32_767), fc.nat(32_767), (event, old, first, second) => {
        const middle = (old + first) & 0xffff;
        const now = (middle + second) & 0xffff;
        const whole = needEvent(event, now, old);
        expect(needEvent(event, middle, old) || needEvent(event, now, middle)).toBe(whole);
      }),
    );
  });

  test('does not fire for a move of nothing', () => {
    fc.assert(fc.property(u16, u16, (event, at) => !needEvent(event, at, at)));
  });
});

test('the distance of two indices counts forward through the wrap', () => {
  expect(distance(5, 3)).toBe(2);
  expect(distance(2, 0xffff)).toBe(3);
  expect(distance(7, 7)).toBe(0);
});
