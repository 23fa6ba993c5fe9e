import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ps } from '../units.ts';
import { InvariantError } from './invariant.ts';
import { STAGES_MAX } from './stages.ts';
import { Timeline } from './timeline.ts';

/** A timeline with one workload that is being measured, and stages s0, s1, … */
const measuring = (stages = 3) => {
  const timeline = new Timeline();
  const record = timeline.workload('echo');
  const s = Array.from({ length: stages }, (_, i) => timeline.working(`s${i}`).id);
  timeline.startMeasuring(ps(0));
  return { timeline, record, s };
};

describe('a request', () => {
  test('that passes its stages one after the other closes with the sum as latency', () => {
    const { timeline, record, s } = measuring();
    const request = timeline.open(record, ps(100), ps(120), 64);
    timeline.mark(request, s[0], 150);
    timeline.mark(request, s[1], 150);
    timeline.mark(request, s[2], 175);
    timeline.mark(request, s[0], 180);
    timeline.close(request, ps(180));
    expect(record.latency.max).toBe(80);
    expect([...record.stageSums.slice(0, 3)]).toEqual([55, 0, 25]);
    expect([...record.sample[0].slice(0, 3)]).toEqual([55, 0, 25]);
    expect([record.completed, record.inFlight, record.bytesCompleted]).toEqual([1, 0, 64]);
  });

  test('counts its latency from its intended start, not from when it was opened', () => {
    const { timeline, record, s } = measuring();
    const request = timeline.open(record, ps(40), ps(90), 64);
    expect(timeline.intended(request)).toBe(40);
    timeline.mark(request, s[0], 90);
    timeline.close(request, ps(90));
    expect(record.latency.max).toBe(50);
  });

  test('whose stages leave a gap before its end is an error of ours', () => {
    const { timeline, record, s } = measuring();
    const request = timeline.open(record, ps(0), ps(0), 64);
    timeline.mark(request, s[0], 30);
    const error = new InvariantError('the stages of a request add up to 30 ps, its latency is 31 ps');
    expect(() => timeline.close(request, ps(31))).toThrow(error);
  });

  test('whose stage ends before it begins is an error of ours', () => {
    const { timeline, record, s } = measuring();
    const request = timeline.open(record, ps(0), ps(0), 64);
    timeline.mark(request, s[0], 30);
    expect(() => timeline.mark(request, s[1], 29)).toThrow(InvariantError);
  });

  test('passes as many stages as can be named, and may revisit each', () => {
    const { timeline, record, s } = measuring(STAGES_MAX);
    for (const request of [
      timeline.open(record, ps(0), ps(0), 64),
      timeline.open(record, ps(0), ps(0), 64),
    ]) {
      let now = 0;
      for (let round = 0; round < 3; round++) {
        for (const stage of s) timeline.mark(request, stage, ++now);
      }
      timeline.close(request, ps(3 * STAGES_MAX));
    }
    expect([...record.stageSums]).toEqual(s.map(() => 6));
  });

  test('may be in a stage that was named after it was opened', () => {
    const { timeline, record } = measuring();
    const late = timeline.open(record, ps(0), ps(0), 64);
    const { id } = timeline.waiting('wait: for a name');
    timeline.mark(late, id, 7);
    timeline.close(late, ps(7));
    expect(record.stageSums[id]).toBe(7);
  });

  test.each([2, 20, 60, STAGES_MAX])(
    'may go round through %i stages for ever, beside others that do not',
    (stages) => {
      const { timeline, record } = measuring();
      const beside = [0, 1].map(() => timeline.open(record, ps(0), ps(0), 64));
      const round = timeline.open(record, ps(0), ps(0), 64);
      timeline.mark(beside[0], 1, 5);
      const ROUNDS = 400;
      for (let i = 0; i < ROUNDS * stages; i++) timeline.mark(round, i % stages, i + 1);
      timeline.mark(beside[1], 0, 3);
      const end = ps(ROUNDS * stages);
      timeline.mark(beside[0], 0, end);
      timeline.mark(beside[1], 1, end);
      for (const request of [round, ...beside]) timeline.close(request, end);
      const shares = record.sample.map((row) => [...row.slice(0, stages)]);
      expect(shares).toEqual([
        Array(stages).fill(ROUNDS),
        [end - 5, 5, ...Array(stages - 2).fill(0)],
        [3, end - 3, ...Array(stages - 2).fill(0)],
      ]);
      expect([...record.placeSums.slice(0, 2)]).toEqual([0 + 1 + 0, 1 + 0 + 1]);
    },
  );

  test('that is dropped is counted where and why, and its slot is used again from scratch', () => {
    const { timeline, record, s } = measuring();
    const lost = timeline.open(record, ps(0), ps(0), 64);
    timeline.mark(lost, s[0], 30);
    timeline.drop(lost, ps(30), 'tap: ring full');
    const next = timeline.open(record, ps(50), ps(50), 64);
    expect(next).toBe(lost);
    timeline.mark(next, s[1], 60);
    timeline.close(next, ps(60));
    expect([record.submitted, record.completed, record.dropped]).toEqual([2, 1, 1]);
    expect([...record.drops]).toEqual([['tap: ring full', 1]]);
    expect([...record.stageSums.slice(0, 3)]).toEqual([0, 10, 0]);
  });
});

test('any walk through the stages telescopes: per request and in the sums over all requests', () => {
  const step = fc.tuple(fc.nat(STAGES_MAX - 1), fc.integer({ min: 0, max: 2 ** 40 }));
  // At most 48 different stages per request.
  const life = fc.array(step, { maxLength: 48 });
  fc.assert(
    fc.property(fc.array(life, { maxLength: 30 }), (lives) => {
      const { timeline, record, s } = measuring(STAGES_MAX);
      const sums = new Float64Array(STAGES_MAX);
      let total = 0;
      lives.forEach((steps, i) => {
        const start = i * 1000;
        const request = timeline.open(record, ps(start), ps(start), 1);
        let now = start;
        for (const [stage, span] of steps) {
          now += span;
          timeline.mark(request, s[stage], now);
          sums[stage] += span;
        }
        total += now - start;
        timeline.close(request, ps(now));
      });
      expect(record.stageSums).toEqual(sums);
      expect(record.stageSums.reduce((a, b) => a + b, 0)).toBe(total);
      expect(record.sample.length).toBe(lives.length);
    }),
  );
});

test('requests in flight keep their own clocks when thousands are open at once', () => {
  const { timeline, record, s } = measuring();
  const open = Array.from({ length: 5000 }, (_, i) => timeline.open(record, ps(i), ps(i), 1));
  expect(new Set(open).size).toBe(5000);
  open.forEach((request, i) => {
    timeline.mark(request, s[i % 3], 10_000);
  });
  for (const request of open) timeline.close(request, ps(10_000));
  // Stage k has the requests k, k + 3, …: the sum of 10,000 - i over them.
  const expected = [0, 1, 2].map((k) => {
    let sum = 0;
    for (let i = k; i < 5000; i += 3) sum += 10_000 - i;
    return sum;
  });
  expect([...record.stageSums.slice(0, 3)]).toEqual(expected);
});

test('requests of two workloads never mix', () => {
  const timeline = new Timeline();
  const [echo, bulk] = [timeline.workload('echo'), timeline.workload('bulk')];
  const stage = timeline.working('work').id;
  timeline.startMeasuring(ps(0));
  const a = timeline.open(echo, ps(0), ps(0), 1);
  const b = timeline.open(bulk, ps(0), ps(0), 2);
  expect([timeline.workloadOf(a), timeline.workloadOf(b)]).toEqual([echo, bulk]);
  timeline.mark(b, stage, 7);
  timeline.close(b, ps(7));
  expect([echo.completed, bulk.completed, echo.inFlight, bulk.bytesCompleted]).toEqual([0, 1, 1, 2]);
});

test('a request that completes during the warm-up leaves no trace in the stages', () => {
  const timeline = new Timeline();
  const record = timeline.workload('echo');
  const stage = timeline.waiting('wait').id;
  const request = timeline.open(record, ps(0), ps(0), 1);
  timeline.mark(request, stage, 5);
  timeline.close(request, ps(5));
  timeline.startMeasuring(ps(10));
  expect([record.stageSums[stage], record.sample.length, record.latency.count]).toEqual([0, 0, 0]);
});
