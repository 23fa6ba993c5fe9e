/** What is scaled by 1 is the same machine; what is free stays a machine that runs. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { POLL_PERIODS } from '../../accounting/poll-periods.ts';
import type { PriceEntry } from '../../scenario/price.ts';
import { SHORT, workspace } from '../../scenario/workspace.test-support.ts';
import { us } from '../../units.ts';
import { runTrial } from '../run-trial.ts';
import { deviceLevers } from './device-levers.ts';
import { CORES, costLever, type Lever, withFigures, withPrices, withProfile } from './levers.ts';

const { load } = workspace();
const [point] = load(SHORT).points;
const levers: readonly Lever[] = [
  ...Object.keys(point.profile.costs).map(costLever),
  ...deviceLevers(point),
  CORES,
];

test('every lever at 100 % is the same machine', () => {
  for (const { scale } of levers) {
    expect(withProfile(point, scale(point.profile, 1)).machine).toEqual(point.machine);
  }
});

test('every lever changes nothing but what it is called', () => {
  for (const { name, scale } of levers) {
    const doubled = scale(point.profile, 2);
    const costs = Object.keys(point.profile.costs).filter(
      (cost) => doubled.costs[cost] !== point.profile.costs[cost],
    );
    if (name === CORES.name) continue;
    expect(costs).toEqual(Object.hasOwn(point.profile.costs, name) ? [name] : []);
  }
});

test('a free wire takes the least time there is, and a slow one twice as long', () => {
  const wire = levers.find(({ name }) => name === 'NIC: time on the wire') as Lever;
  const { rate } = point.profile.nic;
  expect(wire.scale(point.profile, 2).nic.rate).toBe(rate / 2);
  expect(wire.scale(point.profile, 0.5).nic.rate).toBe(rate * 2);
  expect(wire.scale(point.profile, 0).nic.rate).toBe(100e12);
});

describe('a poll period', () => {
  test('is never below one cycle', () => {
    for (const name of POLL_PERIODS) {
      expect(costLever(name).scale(point.profile, 0).costs[name]).toMatchObject({ cycles: 1 });
    }
    const gap = levers.find(({ name }) => name === 'KVM: gap of halt polling') as Lever;
    expect(gap.scale(point.profile, 0).haltPollGrid).toBe(Math.round(1e12 / point.profile.clock));
  });
});

test('whatever is free, a trial runs to its end and its books close', () => {
  fc.assert(
    fc.property(fc.subarray([...levers], { minLength: 1 }), fc.constantFrom(0, 0.5, 2), (some, factor) => {
      const profile = some.reduce((machine, { scale }) => scale(machine, factor), point.profile);
      const run = { datapath: 'vhost-net', seed: 1, replication: 1 };
      expect(runTrial(withProfile(point, profile), run, us(100)).events).toBeGreaterThan(0);
    }),
    { numRuns: 30 },
  );
});

test('factors that are 1 leave an entry as it is', () => {
  expect(withPrices(point.profile, new Map([['syscall', 1]])).costs['syscall']).toBe(
    point.profile.costs['syscall'],
  );
});

describe('a figure of a range', () => {
  const set = (entry: Partial<PriceEntry>, figure: number, name = 'x') => {
    const costs = { [name]: { kind: 'assumed' as const, ...entry } };
    return withFigures({ ...point.profile, costs }, new Map([[name, figure]])).costs[name];
  };

  test('is set in the unit of the range, and the other part stays', () => {
    expect(set({ cycles: 10, range: [5, 20] }, 7)).toMatchObject({ cycles: 7 });
    expect(set({ cycles: 10, ns: 3 }, 7)).toMatchObject({ cycles: 7, ns: 3 });
    expect(set({ ns: 10 }, 7)).toEqual({ kind: 'assumed', ns: 7 });
    expect(set({ cycles: 0, ns: 10 }, 7)).toMatchObject({ cycles: 0, ns: 7 });
    expect(set({ cycles: 0 }, 7)).toMatchObject({ cycles: 7 });
  });

  test('of a poll period is at least a cycle', () => {
    expect(set({ cycles: 60 }, 0, 'pmd.poll')).toMatchObject({ cycles: 1 });
  });

  test('leaves all others as they are', () => {
    const { costs } = withFigures(point.profile, new Map([['syscall', 123]]));
    const different = Object.keys(costs).filter((name) => costs[name] !== point.profile.costs[name]);
    expect(different).toEqual(['syscall']);
    expect(costs['syscall']).toEqual({ ...point.profile.costs['syscall'], cycles: 123 });
  });
});
