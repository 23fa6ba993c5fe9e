import { expect, test } from 'vitest';
import { ps } from '../units.ts';
import { JitterMeter } from './jitter-meter.ts';

const meterOf = (latencies: readonly number[]): JitterMeter => {
  const meter = new JitterMeter();
  for (const latency of latencies) meter.record(ps(latency));
  return meter;
};

test('a stream of equal delays has no jitter', () => {
  const meter = meterOf([500, 500, 500]);
  expect([meter.ipdvMean, meter.ipdvDeviation, meter.rfc3550]).toEqual([0, 0, 0]);
});

test('one packet alone has no delay variation', () => {
  const meter = meterOf([500]);
  expect([meter.ipdvMean, meter.ipdvDeviation, meter.rfc3550]).toEqual([0, 0, 0]);
});

test('RFC 3393: the mean and the deviation are those of consecutive differences, not of distances from the mean', () => {
  // Differences 4, -4, 4: mean of |D| 4, root of the mean square 4; and 3, 1: 2 and root of 5.
  expect([meterOf([10, 14, 10, 14]).ipdvMean, meterOf([10, 14, 10, 14]).ipdvDeviation]).toEqual([4, 4]);
  const rising = meterOf([10, 13, 14]);
  expect(rising.ipdvMean).toBe(2);
  expect(rising.ipdvDeviation).toBe(Math.sqrt(5));
});

test('RFC 3550: the estimate moves by a sixteenth of what it is off', () => {
  // J = 0 + (16 - 0)/16 = 1, then 1 + (32 - 1)/16.
  expect(meterOf([0, 16]).rfc3550).toBe(1);
  expect(meterOf([0, 16, 48]).rfc3550).toBe(1 + 31 / 16);
});

test('RFC 3550: a constant difference is reached as 1 - (15/16)^n', () => {
  const latencies = Array.from({ length: 101 }, (_, i) => (i % 2) * 1600);
  expect(meterOf(latencies).rfc3550).toBeCloseTo(1600 * (1 - (15 / 16) ** 100), 6);
});
