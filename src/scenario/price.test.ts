/** A price becomes whole picoseconds once; outside its plausible range it is remarked upon. */
import { describe, expect, test } from 'vitest';
import { hertz, us } from '../units.ts';
import { outOfRange, type PriceEntry, priced, priceSchema } from './price.ts';
import { wording } from './text/wording.ts';

const entry = (written: Record<string, unknown>): PriceEntry => priceSchema.parse(written);

describe('a price', () => {
  test('in cycles scales with the clock', () => {
    expect(priced(entry({ cycles: 1200 }), hertz(3e9)).fixed).toBe(400_000);
    expect(priced(entry({ cycles: 1200 }), hertz(1e9)).fixed).toBe(1_200_000);
  });

  test('in ns does not', () => {
    expect(priced(entry({ ns: 1070 }), hertz(3e9)).fixed).toBe(1_070_000);
    expect(priced(entry({ ns: 1070 }), hertz(1e9)).fixed).toBe(1_070_000);
  });

  test('may have a part of each', () => {
    expect(priced(entry({ cycles: 300, ns: 50 }), hertz(3e9)).fixed).toBe(100_000 + 50_000);
  });

  // A third of a cycle at 3 GHz is 111.1 ps.
  test('is rounded to whole picoseconds', () => {
    expect(priced(entry({ cycles: 1 / 3 }), hertz(3e9)).fixed).toBe(111);
  });

  test('may be drawn from a distribution, or stall', () => {
    expect(priced(entry({ ns: 1 }), hertz(1e9))).toEqual({ fixed: 1000 });
    expect(priced(entry({ ns: 1, cv: 0.3 }), hertz(1e9))).toEqual({ fixed: 1000, variation: 0.3 });
    expect(priced(entry({ ns: 1, sigma: 0.5 }), hertz(1e9))).toEqual({ fixed: 1000, sigma: 0.5 });
    const stall = { probability: '1 %', time: '20 us' };
    expect(priced(entry({ ns: 1, stall }), hertz(1e9))).toEqual({
      fixed: 1000,
      stallProbability: 0.01,
      stall: us(20),
    });
  });

  test.each([
    [{ cycles: -1 }, /at least 0/],
    [{ cycles: '1200 cycles' }, /a number/],
    [{ cycles: Number.NaN }, /a number/],
    [{ cycles: 1, watts: 3 }, /watts/],
    [{ cycles: 1, kind: 'guessed' }, /measured/],
    [{ cycles: 1, stall: { probability: 0.01, time: '1 us' } }, /no unit/],
    [{ cycles: 1, cv: 0.3, sigma: 0.5 }, /cv.*sigma/],
    [{ kind: 'assumed' }, /cycles or ns/],
  ])('%o is refused', (written, message) => {
    const result = priceSchema.safeParse(written, { error: wording });
    expect(result.error?.issues.map((issue) => issue.message).join()).toMatch(message);
  });
});

describe('a range', () => {
  const remark = (written: Record<string, unknown>): string | null =>
    outOfRange('exit.light', entry(written));

  test('says nothing where there is none, or where the price lies in it', () => {
    expect(remark({ cycles: 10_000 })).toBeNull();
    expect(remark({ cycles: 1000, range: [1000, 3000] })).toBeNull();
    expect(remark({ cycles: 3000, range: [1000, 3000] })).toBeNull();
    expect(remark({ ns: 600, range: [500, 700] })).toBeNull();
  });

  test('is remarked upon with figure and unit where the price leaves it', () => {
    expect(remark({ cycles: 999, range: [1000, 3000] })).toBe(
      'costs.exit.light: 999 cycles lies outside the plausible range 1000–3000 cycles',
    );
    expect(remark({ ns: 701, range: [500, 700] })).toContain('701 ns lies outside');
  });

  test('notices a price that was set to nothing', () => {
    expect(remark({ cycles: 0, range: [1000, 3000] })).toContain('0 cycles');
  });
});
