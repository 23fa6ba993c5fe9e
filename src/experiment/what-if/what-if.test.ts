/** What is not changed changes nothing, to the last bit; what is free is no longer paid. */
import { beforeAll, describe, expect, test } from 'vitest';
import { changed, SHORT, workspace } from '../../scenario/workspace.test-support.ts';
import { runPoint } from '../run-point.test-support.ts';
import type { PointResult, PointRunner } from '../run-point.ts';
import { runTask } from '../trial-task.ts';
import { deviceLevers } from './device-levers.ts';
import { CORES, costLever, type Lever } from './levers.ts';
import { loadedCosts } from './loaded-costs.ts';
import { compared, variantOf } from './what-if.ts';

const { load } = workspace();
// A warm-up that the pilot finds: variants must not look for one of their own.
const text = changed(
  SHORT,
  'measure: 2 ms, warmUp: 200 us, replications: 2',
  'measure: 12 ms, replications: 3',
);
let base: PointResult;
beforeAll(() => {
  base = runPoint(load(text).points[0], 'vhost-net');
});

const done = (runner: PointRunner): PointResult => {
  for (let task = runner.next(); task !== null; task = runner.next()) runner.take(runTask(task));
  return runner.result();
};
const ask = (lever: Lever, factor: number) =>
  compared(base, done(variantOf(base, lever, factor)), lever.name, factor);

describe('a scale of 100 %', () => {
  test('of every cost and device gives exactly zero', () => {
    const levers = [...loadedCosts(base, 0.02).map(costLever), ...deviceLevers(base.point), CORES];
    for (const lever of levers) {
      for (const { change } of ask(lever, 1).changes) {
        expect([lever.name, change?.mean, change?.low, change?.high]).toEqual([lever.name, 0, 0, 0]);
      }
    }
  });

  test('gives the very same trials', () => {
    expect(done(variantOf(base, costLever('exit.kick'), 1)).trials).toEqual(base.trials);
  });
});

describe('a scale of 0 %', () => {
  test('is no longer paid', () => {
    const free = done(variantOf(base, costLever('stack.tx'), 0));
    const paid = (result: PointResult): number =>
      result.trials
        .flatMap(({ spending }) => spending)
        .reduce((sum, { cost, busy }) => sum + (cost === 'stack.tx' ? busy : 0), 0);
    expect(paid(base)).toBeGreaterThan(0);
    expect(paid(free)).toBe(0);
  });

  test('of what a request pays before it is sent makes it faster by that price', () => {
    // bulk alone pays stack.tx once, in its own thread; nothing else of its way depends on it while it is alone.
    const rpcFree = text.replace(/ {2}rpc: .*\n/, '').replace('rate: 20 k/s', 'rate: 2 k/s');
    const alone = runPoint(load(rpcFree).points[0], 'native');
    const lever = costLever('stack.tx');
    const price = alone.point.profile.costs['stack.tx'].cycles as number;
    const ns = (price / alone.point.profile.clock) * 1e9;
    const free = done(variantOf(alone, lever, 0));
    const meanOf = ({ trials }: PointResult): number =>
      trials.reduce(
        (sum, { measured }) =>
          sum +
          (measured.find(({ metric, statistic }) => metric === 'latency' && statistic === 'mean')
            ?.value as number),
        0,
      ) / trials.length;
    expect(meanOf(alone) - meanOf(free)).toBeCloseTo(ns, -2);
  });
});

test('the dearest cost comes first, and polling is none', () => {
  const costs = loadedCosts(base, 0);
  expect(costs).not.toContain('halt.poll');
  expect(loadedCosts(base, 0.05).length).toBeLessThan(costs.length);
});
