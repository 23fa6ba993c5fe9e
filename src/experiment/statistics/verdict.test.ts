/** Verdicts on hand-made outcomes, and on M/M/1 queues below and above capacity. */
import { describe, expect, test } from 'vitest';
import { ms, perSecond, us } from '../../units.ts';
import { mm1Outcome } from './mm1.test-support.ts';
import type { Outcome } from './outcome.ts';
import { verdict } from './verdict.ts';

/** A settled outcome: 10,000 requests in 100 ms, nothing behind; `wobble` tells replications apart. */
const settled = (changes: Partial<Outcome> = {}, wobble = 0): Outcome => ({
  window: ms(100),
  offered: perSecond(100_000),
  carried: perSecond((changes.carried ?? 100_000) + 10 * wobble),
  lagAtEnd: us(0),
  backlog: [2, 2 + wobble / 10],
  latency: [20e6, 20e6 + wobble * 1e4],
  samples: 10_000,
  stalled: 0,
  ...(({ carried: _, ...rest }) => rest)(changes),
});

/** Five replications that scatter a little about the given outcome. */
const trialSet = (changes: Partial<Outcome> = {}): Outcome[] =>
  [-2, -1, 0, 1, 2].map((w) => settled(changes, w));

describe('a verdict by hand', () => {
  test('is steady when all is carried and nothing moves', () => {
    expect(verdict(trialSet())).toEqual({ verdict: 'steady', reasons: [] });
  });

  test('is saturated when the backlog takes what is not carried', () => {
    const { verdict: found, reasons } = verdict(
      trialSet({ carried: perSecond(80_000), backlog: [500, 1500] }),
    );
    expect(found).toBe('saturated');
    expect(reasons[0]).toContain('carried 20.0 % less than offered');
    expect(reasons[1]).toContain('grew by 1000.0 requests');
  });

  test('is saturated when a client waits for ever for what was dropped, in any replication', () => {
    const [first, ...others] = trialSet({ samples: 20, offered: perSecond(20), carried: perSecond(20) });
    const { verdict: found, reasons } = verdict([{ ...first, stalled: 2 }, ...others]);
    expect(found).toBe('saturated');
    expect(reasons).toEqual(['2 clients wait for ever for a request that was dropped; nobody retransmits']);
  });

  test('is saturated when a full ring holds the sender back', () => {
    const { verdict: found, reasons } = verdict(trialSet({ carried: perSecond(80_000), lagAtEnd: ms(20) }));
    expect(found).toBe('saturated');
    expect(reasons[1]).toContain('20000.0 us behind');
  });

  test('is saturated when the rest is dropped, but a few lost packets are not overload', () => {
    expect(verdict(trialSet({ carried: perSecond(80_000) }))).toMatchObject({
      verdict: 'saturated',
      reasons: [expect.any(String), expect.stringContaining('was lost')],
    });
    expect(verdict(trialSet({ carried: perSecond(98_000) }), { loss: 0.05 }).verdict).toBe('steady');
    expect(verdict(trialSet({ carried: perSecond(99_500) })).verdict).toBe('steady');
  });

  test('is not saturated by a backlog that grows while everything is carried', () => {
    expect(verdict(trialSet({ backlog: [2, 12] })).verdict).toBe('steady');
  });

  test('is not saturated by a shortfall that the Poisson noise of all requests allows', () => {
    // 3 / √50,000 = 1.34 %
    expect(verdict(trialSet({ carried: perSecond(99_000), backlog: [5, 500] })).verdict).toBe('steady');
    expect(verdict(trialSet({ carried: perSecond(98_000), backlog: [5, 1000] })).verdict).toBe('saturated');
  });

  test('is not saturated by a shortfall on which the replications disagree', () => {
    const disagreeing = [70_000, 95_000, 100_000, 130_000, 60_000].map((carried) =>
      settled({ carried: perSecond(carried) }),
    );
    expect(verdict(disagreeing).verdict).toBe('steady');
  });

  test.each([
    ['latency rose', { latency: [20e6, 22e6] }, {}, 'moved by 9.52 %'],
    ['latency fell', { latency: [22e6, 20e6] }, {}, 'moved by -9.52 %'],
    ['one half was empty', { latency: [20e6, Number.NaN] }, {}, 'one half'],
    ['samples are few', { samples: 99 }, {}, 'only 99'],
    ['the pilot was too short', {}, { warmUpTooLate: true }, 'warm-up'],
  ] as const)('is short when %s', (_, changes, limits, reason) => {
    const found = verdict(trialSet(changes), limits);
    expect(found).toMatchObject({ verdict: 'short', reasons: [expect.stringContaining(reason)] });
  });

  test('allows a move of latency that does not matter', () => {
    expect(verdict(trialSet({ latency: [20e6, 20.3e6] })).verdict).toBe('steady');
    expect(verdict(trialSet({ latency: [20e6, 20.3e6] }), { drift: 0.01 }).verdict).toBe('short');
  });

  test('is short when the replications are too erratic to show a trend', () => {
    const erratic = [-20e6, 15e6, 5e6, -12e6, 18e6].map((change) =>
      settled({ latency: [40e6, 40e6 + change] }),
    );
    expect(verdict(erratic).verdict).toBe('steady'); // s = 16.7e6, half width 4.604 s / √5 = 34e6, 84 %
    expect(verdict(erratic, { blur: 0.8 })).toMatchObject({
      verdict: 'short',
      reasons: [expect.stringContaining('disagree')],
    });
  });

  test('never trusts a single replication, and refuses none', () => {
    expect(verdict([settled({ carried: perSecond(1), backlog: [5, 5000] })]).verdict).toBe('short');
    expect(() => verdict([])).toThrow(RangeError);
  });

  test('holds for a deterministic workload whose replications are all alike', () => {
    expect(verdict(Array(5).fill(settled({ backlog: [2, 2.5] }))).verdict).toBe('steady');
    expect(verdict(Array(5).fill(settled({ carried: perSecond(0), samples: 0 }))).verdict).toBe('saturated');
  });

  test('calls an idle workload short', () => {
    const idle = {
      offered: perSecond(0),
      carried: perSecond(0),
      samples: 0,
      latency: [Number.NaN, Number.NaN],
    } as const;
    expect(verdict(Array(5).fill(settled(idle))).verdict).toBe('short');
  });
});

/** Verdicts on `sets` trial sets of five replications. */
const verdicts = (load: number, sets: number, services = 20_000, warmUp = 5_000): string[] =>
  Array.from({ length: sets }, (_, set) => {
    const seeds = Array.from({ length: 5 }, (_, replication) => 1 + 5 * set + replication);
    return verdict(seeds.map((seed) => mm1Outcome({ seed, load, services, warmUp }))).verdict;
  });

describe('a verdict on M/M/1', () => {
  // Rules err with 1 % each by design: of 40 sets, more than 4 wrong has a probability below 1e-3.
  test.each([0.5, 0.9])('is steady at load %d', (load) => {
    expect(verdicts(load, 40).filter((found) => found !== 'steady').length).toBeLessThanOrEqual(4);
  });

  test('is saturated at load 1.2, always', () => {
    expect(new Set(verdicts(1.2, 40))).toEqual(new Set(['saturated']));
  });

  test('is hardly ever steady at load 1.05, where the backlog has outgrown the noise', () => {
    const found = verdicts(1.05, 40);
    expect(found.filter((one) => one === 'steady').length).toBeLessThanOrEqual(4);
    expect(found.filter((one) => one === 'saturated').length).toBeGreaterThan(20);
  });

  test('is short in most sets that begin empty and end long before a load of 0.98 has settled', () => {
    // Relaxation takes about 1 / (1 - √0.98)² = 9,900 services; the window sees the climb of the first 2,000.
    const found = verdicts(0.98, 40, 2_000, 0);
    expect(found.filter((one) => one === 'steady').length).toBeLessThan(20);
  });
});
