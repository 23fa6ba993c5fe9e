import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ps } from '../units.ts';
import { WorkloadRecord } from './workload-record.ts';

test('submitted is always completed plus dropped plus in flight, and the area is the sum of the times in flight', () => {
  const step = fc.tuple(fc.constantFrom('submit', 'complete', 'drop'), fc.integer({ min: 0, max: 1000 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const record = new WorkloadRecord(0, 'echo');
      record.startMeasuring(ps(0));
      const open: number[] = [];
      let [now, area, dropped] = [0, 0, 0];
      for (const [kind, gap] of steps) {
        now += gap;
        if (kind === 'submit') {
          record.submit(ps(now));
          open.push(now);
        } else if (open.length > 0) {
          const since = open.shift() as number;
          area += now - since;
          if (kind === 'complete') record.complete(ps(now), now - now - since, ps(now - since), 64);
          else {
            record.drop(ps(now), 0, 'nic: ring full');
            dropped++;
          }
        }
        expect(record.inFlight).toBe(open.length);
      }
      record.accumulate(ps(now));
      for (const since of open) area += now - since;
      // Little's law without statistics: requests × time, counted per request, equals the area over time.
      expect(record.inFlightArea).toBe(area);
      expect(record.submitted).toBe(record.completed + record.dropped + record.inFlight);
      expect(record.dropped).toBe(dropped);
      expect(record.drops.get('nic: ring full') ?? 0).toBe(dropped);
    }),
  );
});

test('before the window opens requests are counted but not measured', () => {
  const record = new WorkloadRecord(0, 'echo');
  record.submit(ps(0));
  record.submit(ps(0));
  expect(record.complete(ps(10), 10 - 10, ps(10), 64)).toBe(false);
  record.startMeasuring(ps(20));
  expect(record.complete(ps(50), 50 - 50, ps(50), 64)).toBe(true);
  expect([record.submitted, record.completed, record.latency.count, record.bytesCompleted]).toEqual([
    2, 2, 1, 64,
  ]);
  // One request from 20 to 50: what was in flight before the window does not count.
  expect(record.inFlightArea).toBe(30);
});

test('drops are told apart by place and reason', () => {
  const record = new WorkloadRecord(0, 'echo');
  for (const place of ['tap: full', 'nic: full', 'tap: full']) record.drop(ps(0), 0, place);
  expect([...record.drops]).toEqual([
    ['tap: full', 2],
    ['nic: full', 1],
  ]);
});

test('the hook of the pilot hears every completion, in order, warm-up included', () => {
  const record = new WorkloadRecord(0, 'echo');
  const heard: number[][] = [];
  record.onCompleted = (at, latency) => heard.push([at, latency]);
  record.complete(ps(5), 5 - 3, ps(3), 64);
  record.startMeasuring(ps(5));
  record.complete(ps(9), 9 - 4, ps(4), 64);
  expect(heard).toEqual([
    [5, 3],
    [9, 4],
  ]);
});

/** Offers `count` requests, the i-th of which spent i ps in stage 0, and returns the numbers of those kept. */
const sampleOf = (count: number): number[] => {
  const record = new WorkloadRecord(0, 'echo');
  for (let i = 0; i < count; i++) {
    if (record.sampled()) record.keep(Uint8Array.of(0), Float64Array.of(i));
  }
  return record.sample.map((row) => row[0]);
};

test.each([1, 2047, 2048, 2049, 4095, 4096, 5000, 100_000, 1_000_003])(
  'the sample of %i requests is every k-th of them from the first on, k a power of two, and never full',
  (count) => {
    const sample = sampleOf(count);
    const stride = sample.length > 1 ? sample[1] : 1;
    expect(Math.log2(stride) % 1).toBe(0);
    expect(sample).toEqual(Array.from({ length: Math.ceil(count / stride) }, (_, i) => i * stride));
    expect(sample.length).toBeLessThan(2048);
    expect(sample.length).toBeGreaterThanOrEqual(Math.min(count, 1024));
  },
);
