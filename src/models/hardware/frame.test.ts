/** Time on the wire, against the arithmetic of IEEE 802.3. */
import { describe, expect, test } from 'vitest';
import { bitsPerSecond } from '../../units.ts';
import { FRAME_MAX, FRAME_MIN, serialization } from './frame.ts';

const gigabits = (n: number) => bitsPerSecond(n * 1e9);
/** Frames are named with their FCS, sizes are without. */
const FCS = 4;

describe('a frame occupies the wire', () => {
  test.each([
    [64, 10, 67_200],
    [64, 25, 26_880],
    [64, 100, 6_720],
    [1518, 10, 1_230_400],
    [1518, 100, 123_040],
    [64, 1, 672_000],
  ])('%i B with FCS at %i Gbit/s: %i ps', (frame, rate, expected) => {
    expect(serialization(frame - FCS, gigabits(rate))).toBe(expected);
  });

  test('no shorter than the shortest frame does, since it is padded', () => {
    for (const size of [0, 1, 20, 59, FRAME_MIN]) expect(serialization(size, gigabits(10))).toBe(67_200);
    expect(serialization(FRAME_MIN + 1, gigabits(10))).toBe(68_000);
  });

  test('at 10 Gbit/s for 14.88 million of the shortest a second, 812,743 of the longest', () => {
    expect(Math.floor(1e12 / serialization(FRAME_MIN, gigabits(10)))).toBe(14_880_952);
    expect(Math.floor(1e12 / serialization(FRAME_MAX, gigabits(10)))).toBe(812_743);
  });

  test('so that TCP gets 1,448 of 1,538 bytes', () => {
    const ofPayload = (1448 * 8 * 1e12) / 10e9;
    expect(ofPayload / serialization(FRAME_MAX, gigabits(10))).toBeCloseTo(0.9415, 4);
  });
});
