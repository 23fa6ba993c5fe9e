/** The invented results are what the other tests of this room take them for. */
import { expect, test } from 'vitest';
import { rateSweep } from './invented.test-support.ts';

test('invented results hold each datapath at each point, one of them saturated', () => {
  const { summary } = rateSweep();
  const saturated = summary.filter((row) => row.verdict.startsWith('saturated') && row.workload !== '');
  expect(new Set(saturated.map((row) => `${row.datapath} ${row.swept['workloads.bulk.rate']}`))).toEqual(
    new Set(['e1000 400 k/s']),
  );
});
